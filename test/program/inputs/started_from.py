"""Checks that an instance started with another's tensors: started_from.py FILE NAME BEFORE AFTER NAME

Before training both its tensors are the other's; after it `w`, frozen, still is and `b` is not.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "gradients"))
from check import read

origin, before, after = (read(sys.argv[place]) for place in (1, 3, 4))
for tensor in ("w", "b"):
    first, own = origin[f"{sys.argv[2]}.{tensor}"], f"{sys.argv[5]}.{tensor}"
    assert before[own] == first, f"{own} did not start from the file"
    assert (after[own] == first) == (tensor == "w"), f"{own} was frozen, or moved, against its setting"
