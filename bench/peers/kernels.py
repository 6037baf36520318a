"""Times sums of products in NumPy (OpenBLAS) and PyTorch (MKL for matrices, oneDNN for
convolutions).

usage: kernels.py KERNELS.json      prints for each kernel the microseconds by library, as JSON
"""

import json
import math
import os
import re
import sys
import time

import numpy as np
import torch

SECONDS = 0.15


def measure(run):
    """A tenth of the calls were as fast, in microseconds; short calls are timed several at once."""
    run()
    begin = time.perf_counter()
    run()
    together = max(1, int(2e-5 / (time.perf_counter() - begin)))
    times, end = [], time.perf_counter() + SECONDS
    while len(times) < 5 or time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(together):
            run()
        times.append((time.perf_counter() - begin) / together)
    times.sort()
    return 1e6 * times[len(times) // 10]


def matrix(array, subscripts, groups):
    """The array with its axes in three groups (batch, rows, columns), a view if there is one."""
    order = [subscripts.index(i) for group in groups for i in group]
    sizes = [math.prod(array.shape[subscripts.index(i)] for i in group) for group in groups]
    return array.transpose(order).reshape(sizes)


def product(kernel, a, b):
    target, left, right = kernel["subscripts"]
    reduced = kernel["reduced"]
    batch = [i for i in target if i in left and i in right]
    rows = [i for i in target if i in left and i not in batch]
    columns = [i for i in target if i in right and i not in batch]
    a = matrix(a, left, (batch, rows, reduced))
    b = matrix(b, right, (batch, reduced, columns))
    if a.shape[0] == 1:
        a, b = a[0], b[0]
        y = np.empty((a.shape[0], b.shape[1]), np.float32)
        times = {"OpenBLAS": measure(lambda: np.dot(a, b, out=y))}
        multiply = torch.mm
    else:
        y = np.empty((a.shape[0], a.shape[1], b.shape[2]), np.float32)
        times = {"OpenBLAS": measure(lambda: np.matmul(a, b, out=y))}
        multiply = torch.bmm
    a, b, y = map(torch.from_numpy, (a, b, y))
    return times | {"MKL": measure(lambda: multiply(a, b, out=y))}


def first_channels(array):
    """Of an image, channels last, the same memory as PyTorch counts axes."""
    return torch.from_numpy(array).permute(0, 3, 1, 2)


def filters(array):
    tensor = torch.from_numpy(array).permute(3, 2, 0, 1)
    return tensor.contiguous(memory_format=torch.channels_last)


def convolution(kernel, a, b):
    """A convolution, or its gradient: told apart by where the window's indices are."""
    shapes = kernel["shapes"]
    target = kernel["subscripts"][0]
    windows = [s for subs in kernel["subscripts"][1:] for s in subs if re.search(r"[+-]", s)]
    stride = max(int(m[1]) if (m := re.match(r"(\d+) \*", s)) else 1 for s in windows)
    sizes = [s for s in shapes if len(s) == 4]
    if len(sizes) < 3:
        return {}
    kind = ("weights" if len(kernel["reduced"]) == 3 and "n" in kernel["reduced"]
            else "input" if any(re.search(r"- [ij]\b", s) for s in windows) else "forward")
    if kind == "forward":
        x, w = first_channels(a), filters(b)
        padding = ((shapes[0][1] - 1) * stride + w.shape[2] - shapes[1][1] + 1) // 2
        with torch.inference_mode():
            return {"oneDNN": measure(lambda: torch.conv2d(x, w, stride=stride, padding=padding))}
    if kind == "input":
        dy, w, x = first_channels(a), filters(b), first_channels(np.zeros(shapes[0], np.float32))
    else:
        x, dy, w = first_channels(a), first_channels(b), filters(np.zeros(shapes[0], np.float32))
        stride = max(1, round(x.shape[2] / dy.shape[2])) if x.shape[2] != dy.shape[2] else 1
    if kind == "input" and x.shape[2] > 1.5 * dy.shape[2]:
        stride = 2
    padding = max(0, ((dy.shape[2] - 1) * stride + w.shape[2] - x.shape[2] + 1) // 2)
    wanted = [kind == "input", kind == "weights", False]
    return {"oneDNN": measure(lambda: torch.ops.aten.convolution_backward(
        dy, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, wanted))}


def times_of(kernel):
    generator = np.random.default_rng(1)
    a, b = (generator.random(shape, np.float32) for shape in kernel["shapes"][1:])
    plain = all(re.fullmatch(r"[a-z]\w*", s) for subs in kernel["subscripts"] for s in subs)
    return product(kernel, a, b) if plain else convolution(kernel, a, b)


torch.set_num_threads(int(os.environ.get("BENCH_THREADS", "1")))
with open(sys.argv[1]) as file:
    print(json.dumps([times_of(kernel) for kernel in json.load(file)]))
