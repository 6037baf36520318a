"""Writes data files that lie, one for each kind of lie, into a folder: make_bad_data.py FOLDER

`x.npy` (8 x 3) and `y.npy` (8 x 1) and `good.safetensors` are as `line.net` wants them.
"""
import gzip
import json
import pathlib
import struct
import sys

folder = pathlib.Path(sys.argv[1])


def safetensors(name, header, size):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (folder / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(size))


def tensor(shape, begin, end, kind="F32"):
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def npy(name, shape, size, kind="<f4"):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    (folder / f"{name}.npy").write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(size))


def idx(name, shape, body):
    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    (folder / f"{name}.gz").write_bytes(gzip.compress(header + body))


w, b = tensor([3, 1], 0, 12), tensor([1], 12, 16)
safetensors("good", {"dense1.w": w, "dense1.b": b}, 16)
safetensors("overlap", {"dense1.w": w, "dense1.b": tensor([1], 8, 12)}, 12)
safetensors("gap", {"dense1.w": w, "dense1.b": tensor([1], 16, 20)}, 20)
safetensors("beyond", {"dense1.w": w, "dense1.b": tensor([1], 12, 160)}, 16)
safetensors("overflow", {"dense1.w": tensor([2**40, 2**40], 0, 12), "dense1.b": b}, 16)
safetensors("backwards", {"dense1.w": tensor([3, 1], 12, 0), "dense1.b": b}, 16)
safetensors("truncated", {"dense1.w": w, "dense1.b": b}, 5)
safetensors("deep", b'{"a":' * 100000, 0)
(folder / "huge.safetensors").write_bytes(struct.pack("<Q", 2**63) + b"{}")
safetensors("shape", {"dense1.w": tensor([1, 3], 0, 12), "dense1.b": b}, 16)
safetensors("name", {"dense1.w": w, "dense2.b": b}, 16)

npy("x", (8, 3), 96)
npy("y", (8, 1), 32)
npy("truncated", (8, 3), 50)
npy("longer", (8, 3), 150)
npy("overflow", (2**62, 2**62), 50)
npy("negative", (-8, 3), 96)
npy("objects", (8, 3), 96, "|O")
npy("shape", (8, 4), 128)
npy("rows", (7, 3), 84)
npy("none", (0, 3), 0)
(folder / "header.npy").write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{")
(folder / "junk.npy").write_bytes(b"\x93NUMPY\x01\x00\x08\x00{{{{{{{\n")

idx("images", (20, 8, 8), bytes(20 * 64))
idx("labels", (20,), bytes(i % 10 for i in range(20)))
idx("range", (20,), bytes(12 if i == 17 else i % 10 for i in range(20)))
idx("fewer", (19,), bytes(19))
idx("bomb", (20, 8, 8), bytes(1 << 28))
idx("promise", (2**32 - 1,) * 3, bytes(100))
whole = (folder / "images.gz").read_bytes()
(folder / "cut.gz").write_bytes(whole[: len(whole) // 2])
(folder / "noise.gz").write_bytes(bytes(range(7, 200)))
(folder / "empty.gz").write_bytes(b"")
