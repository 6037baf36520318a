"""One peer: the prediction of one row in ONNX Runtime, of a model exported from PyTorch.

usage: onnx_predict.py export WORKLOAD FOLDER      writes FOLDER/model.onnx
       onnx_predict.py WORKLOAD FOLDER SECONDS     times it; prints one line of JSON
"""

import os
import pathlib
import sys
import time

import numpy as np

from timing import report, sample
from workloads import WORKLOADS


def export(name, folder):
    import torch
    from safetensors.numpy import load_file

    import torch_networks

    class Network(torch.nn.Module):
        def __init__(self, p):
            super().__init__()
            self.p = p

        def forward(self, x):
            return torch_networks.predict(name, self.p, x)

    p = torch_networks.prepare(load_file(folder / "start.safetensors"), False)
    rows = np.load(folder / f"{next(iter(WORKLOADS[name].inputs))}.npy")[:1]
    torch.onnx.export(Network(p), (torch_networks.batch_of([rows])[0],), folder / "model.onnx",
                      input_names=["x"], output_names=["y"], dynamo=False)


def main():
    if sys.argv[1] == "export":
        return export(sys.argv[2], pathlib.Path(sys.argv[3]))
    name, folder, seconds = sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3])
    begin = time.perf_counter()
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = int(os.environ.get("BENCH_THREADS", "1"))
    settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "model.onnx", settings,
                                           providers=["CPUExecutionProvider"])
    data = np.load(folder / f"{next(iter(WORKLOADS[name].inputs))}.npy")[:64]
    if data.ndim == 4:
        data = np.ascontiguousarray(data.transpose(0, 3, 1, 2))
    if data.dtype == np.uint8:
        data = data.astype(np.int64)
    rows = [{"x": data[i:i + 1]} for i in range(len(data))]
    report(sample(lambda i: session.run(["y"], rows[i % len(rows)]), seconds, begin))


if __name__ == "__main__":
    main()
