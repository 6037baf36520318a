"""Makes the reference values of the gradient suite with JAX in double precision.

For every program of this folder: random weights and inputs (a fixed seed, away from kinks), and the
loss, the outputs and all gradients as JAX computes them from the same formulas, written a second
time by hand in `references_of_*.py`. Run it once from an environment with jax and safetensors; its
results in `data/` are stored with the project.

usage: python make_references.py
"""

import pathlib

import numpy as np

import references_of_layers
import references_of_notation
import references_of_sequences
from references import PROGRAMS, write

# What a file of weights holds besides parameters; training does not read it.
STATES = {
    "normalised": {f"batch_norm{k}.running_{what}": np.full(size, value, np.float32)
                   for k, size in ((1, 4), (2, 6)) for what, value in (("mean", 0), ("variance", 1))},
}

if __name__ == "__main__":
    write(pathlib.Path(__file__).parent / "data", PROGRAMS, STATES)
