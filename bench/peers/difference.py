"""Prints how far two programs' weights are from each other, relative to how far the second's moved.

usage: difference.py OURS.safetensors THEIRS.safetensors START.safetensors
"""

import sys

import numpy as np
from safetensors.numpy import load_file

ours, theirs, start = map(load_file, sys.argv[1:])


def norm(tensors):
    return sum(float(np.square(t, dtype=np.float64).sum()) for t in tensors) ** 0.5


print(norm(ours[k] - w for k, w in theirs.items()) / norm(w - start[k] for k, w in theirs.items()))
