"""Rows of 512 numbers as NumPy files: `write OUT COUNT` writes the first COUNT of 64; `compare FEW
MANY` demands that FEW holds the first rows of MANY, bit for bit."""
import random
import struct
import sys

columns, header_bytes = 512, 128


def write(path, rows):
    numbers = random.Random(1)
    values = [numbers.gauss(0, 1) for _ in range(64 * columns)][: rows * columns]
    shape = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", header_bytes - 10)
    header += shape.encode().ljust(header_bytes - 11) + b"\n"
    open(path, "wb").write(header + struct.pack(f"<{len(values)}f", *values))


def compare(few_path, many_path):
    few, many = (open(path, "rb").read()[header_bytes:] for path in (few_path, many_path))
    if not few or few != many[: len(few)]:
        sys.exit("the rows differ")


if sys.argv[1] == "write":
    write(sys.argv[2], int(sys.argv[3]))
else:
    compare(sys.argv[2], sys.argv[3])
