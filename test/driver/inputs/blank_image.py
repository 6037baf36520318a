"""blank_image.py PATH: writes a NumPy array u8[3, 8, 8] of zeros."""
import struct
import sys

header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (3, 8, 8), }".ljust(117) + b"\n"
open(sys.argv[1], "wb").write(
    b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(3 * 64))
