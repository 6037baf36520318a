"""sums_to_one.py PATH: the rows of a NumPy array f32[3, 10] sum to 1."""
import struct
import sys

data = open(sys.argv[1], "rb").read()
(length,) = struct.unpack_from("<H", data, 8)
values = struct.unpack("<30f", data[10 + length:])
for row in range(3):
    total = sum(values[10 * row:10 * row + 10])
    if abs(total - 1) > 1e-5:
        sys.exit(f"row {row} sums to {total}")
