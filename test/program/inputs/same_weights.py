"""Compares the tensors of two safetensors files: same_weights.py TOLERANCE A B

The measure is the largest difference over the largest magnitude of the tensor.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "gradients"))
from check import differences, read

failures, worst = differences(read(sys.argv[2]), read(sys.argv[3]), float(sys.argv[1]))
print(f"largest relative difference {worst:.1e}")
print("\n".join(failures))
sys.exit(bool(failures))
