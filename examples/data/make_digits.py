"""Writes the four digits files beside it from the copy of the data set in scikit-learn.

Every sixth image (5, 11, ...) is held back as the test set: 299 of 1797. Needs scikit-learn; the
same files come out every time.
"""
import gzip
import pathlib
import struct

import numpy
from sklearn.datasets import load_digits


def write_idx(path, array):
    """The format of MNIST's files: 0, 0, type 8 (u8), rank, the sizes as big-endian u32, the data."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.astype(numpy.uint8).tobytes(), 9, mtime=0))


digits = load_digits()
held_back = numpy.arange(len(digits.target)) % 6 == 5
folder = pathlib.Path(__file__).parent
for name, rows in (("train", ~held_back), ("test", held_back)):
    write_idx(folder / f"digits-{name}-images.idx.gz", digits.images[rows])
    write_idx(folder / f"digits-{name}-labels.idx.gz", digits.target[rows])
