"""Writes the data of a workload: an .npy file per input.

usage: make_data.py WORKLOAD FOLDER
"""

import pathlib
import sys

import numpy as np

from workloads import WORKLOADS, make_data

for name, array in make_data(WORKLOADS[sys.argv[1]], np.random.default_rng(1)).items():
    np.save(pathlib.Path(sys.argv[2]) / f"{name}.npy", array)
