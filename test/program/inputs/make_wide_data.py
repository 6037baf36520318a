"""Writes x.npy (640 rows of 784 f32) and y.npy (u8) into a folder; standard library alone.

usage: make_wide_data.py FOLDER
"""
import pathlib
import random
import struct
import sys


def npy(path, kind, shape, body):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body)


folder, rows = pathlib.Path(sys.argv[1]), 640
draw = random.Random(7)
labels = [draw.randrange(10) for _ in range(rows)]
values = [draw.random() + (k % 10 == label) for label in labels for k in range(784)]
npy(folder / "x.npy", "<f4", (rows, 784), struct.pack(f"<{len(values)}f", *values))
npy(folder / "y.npy", "|u1", (rows,), bytes(labels))
