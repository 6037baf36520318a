"""One peer: a workload in PyTorch.

usage: torch_steps.py WORKLOAD FOLDER SECONDS MODE
  eager            times steps
  compile          times steps that torch.compile has taken whole: gradients and updates in one graph
  predict          times the prediction of one row in inference mode
  predict-compile  the same, compiled
  agree            writes the weights after 20 steps to torch.safetensors
FOLDER holds start.safetensors and an .npy file per input. Prints one line of JSON.
"""

import os
import pathlib
import sys
import time

begin = time.perf_counter()
import numpy as np
import torch
from safetensors.numpy import load_file, save_file

import torch_networks
from timing import report, sample
from workloads import WORKLOADS


def compiled_step(name, p):
    """A step without autograd's tape and the optimizers' loops, which the compiler sees through."""
    workload = WORKLOADS[name]
    rate, momentum = workload.rate, workload.momentum
    p = {k: w.detach() for k, w in p.items()}
    first = {k: torch.zeros_like(w) for k, w in p.items()}
    second = {k: torch.zeros_like(w) for k, w in p.items()}
    count = torch.zeros(())

    @torch.no_grad()
    def step(batch):
        grads = torch.func.grad(lambda p: torch_networks.loss(name, p, batch))(p)
        if workload.optimizer == "adam":
            count.add_(1)
            shrink, root = 1 - 0.9 ** count, torch.sqrt(1 - 0.999 ** count)
            for k, g in grads.items():
                first[k].lerp_(g, 0.1)
                second[k].mul_(0.999).addcmul_(g, g, value=0.001)
                p[k].mul_(1 - rate * workload.decay)
                p[k].sub_(rate * (first[k] / shrink) / (second[k].sqrt() / root + 1e-8))
        elif momentum:
            for k, g in grads.items():
                p[k].sub_(first[k].mul_(momentum).add_(g), alpha=rate)
        else:
            for k, g in grads.items():
                p[k].sub_(g, alpha=rate)
    return torch.compile(step, fullgraph=True)


def main():
    name, folder, seconds, mode = sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(int(os.environ.get("BENCH_THREADS", "1")))
    torch.set_flush_denormal(True)
    workload = WORKLOADS[name]
    arrays = [np.load(folder / f"{n}.npy") for n in workload.inputs]
    training = not mode.startswith("predict")
    p = torch_networks.prepare(load_file(folder / "start.safetensors"), training)
    if not training:
        with torch.inference_mode():
            rows = [torch_networks.batch_of([arrays[0][i:i + 1]])[0] for i in range(64)]
            predict = lambda x: torch_networks.predict(name, p, x)
            if mode == "predict-compile":
                predict = torch.compile(predict)
            return report(sample(lambda i: predict(rows[i % 64]), seconds, begin))

    rows = workload.rows
    batches = [torch_networks.batch_of([a[i:i + rows] for a in arrays])
               for i in range(0, len(arrays[0]), rows)]
    # PyTorch's fused optimizers compute in another order: the weights are compared without.
    rule = torch_networks.optimizer(workload, list(p.values()), fused=mode != "agree")

    def step(batch):
        rule.zero_grad(set_to_none=True)
        torch_networks.loss(name, p, batch).backward()
        rule.step()

    if mode == "agree":
        for batch in batches[:20]:
            step(batch)
        return save_file(torch_networks.declared_layout(p), folder / "torch.safetensors")
    run = compiled_step(name, p) if mode == "compile" else step
    report(sample(lambda i: run(batches[i % len(batches)]), seconds, begin))


if __name__ == "__main__":
    main()
