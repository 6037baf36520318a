"""One peer: training steps of a workload in PyTorch, eager or compiled.

usage: torch_steps.py WORKLOAD FOLDER SECONDS eager|compile    times steps over the data in FOLDER
       torch_steps.py WORKLOAD FOLDER SECONDS agree            writes the weights after 20 steps
FOLDER holds start.safetensors and an .npy file per input. Prints one line of JSON.
"""

import json
import os
import pathlib
import resource
import sys
import time

begin = time.perf_counter()
import numpy as np
import torch
from safetensors.numpy import load_file, save_file

import networks

INPUTS = {"w7": ("text", "next"), "w8": ("text", "next"), "w9": ("image",)}
ROWS = {"w2": 10, "w4": 256, "w5": 64, "w8": 8, "w10": 16}


def main():
    workload, folder, seconds, mode = sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(int(os.environ.get("BENCH_THREADS", "1")))
    rows = ROWS.get(workload, 32)
    arrays = [np.load(folder / f"{name}.npy") for name in INPUTS.get(workload, ("image", "digit"))]
    batches = [networks.batch_of([a[i:i + rows] for a in arrays])
               for i in range(0, len(arrays[0]), rows)]
    p = networks.prepare(load_file(folder / "start.safetensors"))
    rule = networks.optimizer(workload, list(p.values()))
    loss = networks.LOSSES[workload]

    def step(batch):
        rule.zero_grad(set_to_none=True)
        value = loss(p, batch)
        value.backward()
        rule.step()

    if mode == "agree":
        for batch in batches[:20]:
            step(batch)
        save_file({k: np.ascontiguousarray(v) for k, v in networks.declared_layout(p).items()},
                  folder / "torch.safetensors")
        return print("{}")
    run = torch.compile(step) if mode == "compile" else step
    run(batches[0])
    first = time.perf_counter() - begin
    for batch in batches[:5]:
        run(batch)
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        before = time.perf_counter()
        run(batches[len(times) % len(batches)])
        times.append(time.perf_counter() - before)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"step_us": 1e6 * float(np.median(times)), "first_step_ms": 1e3 * first,
                      "peak_rss_mib": memory}))


if __name__ == "__main__":
    main()
