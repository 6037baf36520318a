"""Changes data files, weights and checkpoints at random and gives them to a trained program: whatever
they hold, it ends with an exit code of its own and words, in bounded time and memory, and never crashes.

mutated_data.py COUNT FOLDER [SEED]    COUNT changed files, in FOLDER those that went wrong
"""
import gzip
import io
import json
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import zipfile

import bounded

SECONDS = 20
MEMORY = 1 << 30
EXPECTED = (0, 1, 3, 4)  # done; unreadable; diverged, for any bits may be data; it does not fit
MODEL = """
model all_sources {
  input a: f32[N, 3]
  input b: f32[N, 2]
  input c: u8[N, 4]
  input d: f64[N, 2]
  input e: f32[N, 2]
  input f: u8[N, 5]
  input g: i32[N]
  x = concat([a, b, f32(c) / 255, f32(d), e, f32(f) / 4], axis: 1) |> dense(8) |> tanh
  logits = dense(x, 3)
  output probability = softmax(logits)
  loss cross_entropy(logits, g)
}

train all_sources {
  data {
    a = npy("a.npy")
    b = csv("b.csv", columns: [0, 1])
    c = idx("c.idx.gz")
    d = npz("d.npz", "d")
    e = safetensors("e.safetensors", "e")
    f = text("f.txt", window: 5, alphabet: "abcd")
    g = csv("b.csv", column: "kind", classes: ["x", "y", "z"])
  }
  batch 4
  epochs 1
  optimizer adam(rate: 0.01)
}
"""
ROWS = 8
TOKENS = [b"0", b"-1", b"1", b"9" * 20, b"1e999", b"nan", b"-", b",", b"\"", b"'", b"(", b")", b"[", b"]", b"{", b"}",
          b":", b"\n", b"\r\n", b"\x00", b"\xff", b"'shape'", b"'<f8'", b"'|O1'", b"'>i2'", b"True", b"\"F64\"",
          b"\"BOOL\"", b"\"data_offsets\"", b"\"__metadata__\"", b"\\u0000"]
NUMBERS = [0, 1, 2, 7, 8, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 62, (1 << 63) - 1,
           1 << 63, (1 << 64) - 1]


def npy(shape, kind, body):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def safetensors(tensors):
    header, body = {}, b""
    for name, kind, width, data in tensors:
        header[name] = {"dtype": kind, "shape": [ROWS, width], "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def write_data(folder):
    floats = [(3 * k % 7) / 4 - 1 for k in range(64)]
    (folder / "a.npy").write_bytes(npy((ROWS, 3), "<f4", struct.pack(f"<{ROWS * 3}f", *floats[:ROWS * 3])))
    lines = [f"{floats[k]},{floats[k + 9]},{'xyz'[k % 3]}" for k in range(ROWS)]
    (folder / "b.csv").write_text("\n".join(["first,second,kind", *lines]) + "\n")
    (folder / "c.idx.gz").write_bytes(
        gzip.compress(struct.pack(">HBB2I", 0, 8, 2, ROWS, 4) + bytes(range(ROWS * 4))))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("d.npy", npy((ROWS, 2), "<f8", struct.pack(f"<{ROWS * 2}d", *floats[:ROWS * 2])))
    (folder / "d.npz").write_bytes(packed.getvalue())
    (folder / "e.safetensors").write_bytes(
        safetensors([("e", "F32", 2, struct.pack(f"<{ROWS * 2}f", *floats[:ROWS * 2]))]))
    (folder / "inputs").write_bytes(safetensors(
        [(name, kind, width, bytes(ROWS * width * size)) for name, kind, width, size in
         [("a", "F32", 3, 4), ("b", "F32", 2, 4), ("c", "U8", 4, 1), ("d", "F64", 2, 8), ("e", "F32", 2, 4),
          ("f", "U8", 5, 1)]]))
    (folder / "f.txt").write_text("abcd" * ((ROWS + 4) // 4))


def mutate(data, chance):
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4])):
        # What a header says matters most, and it stands in front.
        at = chance.randrange(len(data) + 1) if chance.random() < 0.5 else chance.randrange(min(len(data), 120) + 1)
        kind = chance.randrange(7)
        if kind == 0:
            data[at:at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            width, order = chance.choice("BHIQ"), chance.choice("<>")
            number = struct.pack(order + width, chance.choice(NUMBERS) & (1 << 8 * struct.calcsize(order + width)) - 1)
            data[at:at + len(number)] = number
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            del data[at:at + chance.choice([1, 2, 8, 40])]
        elif kind == 4:
            data[at:at] = chance.choice(TOKENS)
        elif kind == 5:
            data[at:at + chance.choice([1, 1, 4])] = chance.choice(TOKENS)
        else:
            data[at:at] = data[at:at + chance.choice([1, 8, 60])] * chance.choice([1, 3, 1000])
    return bytes(data)


def changed(path, chance):
    data = path.read_bytes()
    if path.suffix == ".gz" and chance.random() < 0.7:
        return gzip.compress(mutate(gzip.decompress(data), chance))
    if path.suffix == ".npz" and chance.random() < 0.5:
        packed = io.BytesIO()
        method = chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(packed, "w", method) as new:
            new.writestr("d.npy", mutate(archive.read("d.npy"), chance))
        return packed.getvalue()
    return mutate(data, chance)


def main():
    count, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_data(folder)
    (folder / "all.net").write_text(MODEL)

    train = ["./all", "train", "--quiet", "--threads", "1"]
    for words in (["netc", "all.net", "--emit=exe=all"], [*train, "--save", "weights", "--checkpoint", "state"]):
        done = subprocess.run(words, cwd=folder, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
    commands = {name: train for name in ("a.npy", "b.csv", "c.idx.gz", "d.npz", "e.safetensors", "f.txt")}
    commands["weights"] = ["./all", "eval", "--load", "weights", "--threads", "1"]
    commands["state"] = [*train, "--resume", "state", "--epochs", "2"]
    commands["inputs"] = ["./all", "predict", "--load", "weights", "--input", "inputs", "-o", "/dev/null"]
    wrong, codes = 0, {}
    for number in range(count):
        path = folder / chance.choice(sorted(commands))
        good, bad = path.read_bytes(), changed(path, chance)
        path.write_bytes(bad)
        done = bounded.run(commands[path.name], folder, SECONDS, MEMORY)
        fault = bounded.fault(done, EXPECTED)
        codes[done.returncode] = codes.get(done.returncode, 0) + 1
        path.write_bytes(good)
        if fault:
            wrong += 1
            kept = folder / f"{number}-{path.name}"
            kept.write_bytes(bad)
            print(f"{' '.join(commands[path.name])} with {kept}: {fault}")
    ends = ", ".join(f"{times} with exit code {code}" for code, times in sorted(codes.items()))
    print(f"{count} files, {wrong} went wrong; {ends}")
    sys.exit(wrong > 0)


main()
