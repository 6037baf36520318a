"""Trains examples/digits.net from five seeds, and shows test digits with what the network says.

Usage: try_digits.py NETC EXAMPLES. Needs Python's standard library only.
"""
import gzip
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

SEEDS = range(1, 6)
SHADES = " ░▒▓█"
SHOWN = 8
ACROSS = 4


def read_idx(path):
    """The sizes and the bytes of an IDX file of u8."""
    data = gzip.open(path).read()
    rank = data[3]
    return struct.unpack(f">{rank}I", data[4:4 + 4 * rank]), data[4 + 4 * rank:]


def write_npy(path, sizes, data):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {tuple(sizes)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)


def read_npy_f32(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<H", data, 8)
    return struct.unpack(f"<{(len(data) - 10 - length) // 4}f", data[10 + length:])


def train(netc, model, seed, scratch):
    """Accuracy on the held-back digits and seconds, training on one thread."""
    weights, log = scratch / f"seed{seed}.safetensors", scratch / f"seed{seed}.jsonl"
    start = time.monotonic()
    subprocess.run([netc, "train", model, "--quiet", "--threads=1", f"--seed={seed}",
                    f"--save={weights}", f"--log={log}"], check=True)
    seconds = time.monotonic() - start
    last = json.loads(log.read_text().splitlines()[-1])
    return last["validation"]["accuracy"], seconds, last["epoch"], weights


def draw(image):
    """An image of 8x8 bytes from 0 to 16 as lines of text, two columns a pixel."""
    def shade(value):
        return SHADES[min(value * len(SHADES) // 17, len(SHADES) - 1)] * 2
    return ["".join(shade(value) for value in image[8 * row:8 * row + 8]) for row in range(8)]


def captions(probabilities, label):
    best, second = sorted(range(10), key=lambda digit: -probabilities[digit])[:2]
    verdict = "" if best == label else f" (it is {label})"
    return [f"{best}: {probabilities[best]:.1%}{verdict}", f"{second}: {probabilities[second]:.1%}"]


def show(images, labels, probabilities):
    """Some digits side by side: the first ones, and mistakes at the end."""
    count = len(labels)
    of = [probabilities[10 * i:10 * i + 10] for i in range(count)]
    wrong = [i for i in range(count) if max(range(10), key=of[i].__getitem__) != labels[i]]
    chosen = [i for i in range(count) if i not in wrong][:SHOWN - min(len(wrong), 2)] + wrong[:2]
    for begin in range(0, len(chosen), ACROSS):
        blocks = [draw(images[64 * i:64 * i + 64]) + captions(of[i], labels[i])
                  for i in chosen[begin:begin + ACROSS]]
        for line in zip(*blocks):
            print("   ".join(f"{part:<18}" for part in line).rstrip())
        print()


def main():
    netc, examples = sys.argv[1], pathlib.Path(sys.argv[2])
    model, data = examples / "digits.net", examples / "data"
    sizes, images = read_idx(data / "digits-test-images.idx.gz")
    _, labels = read_idx(data / "digits-test-labels.idx.gz")
    (rows, *_), _ = read_idx(data / "digits-train-labels.idx.gz")
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        print(f"training {model.name} on {rows} images of handwritten digits, on one core")
        runs = []
        for seed in SEEDS:
            runs.append(train(netc, model, seed, scratch))
            accuracy, seconds, epochs, _ = runs[-1]
            print(f"  seed {seed}: {accuracy:.1%} of the {len(labels)} test digits right, "
                  f"{seconds:.2f} s, {rows * epochs / seconds:,.0f} images a second", flush=True)
        print(f"lowest test accuracy of {len(runs)} seeds: {min(run[0] for run in runs):.1%}; "
              f"longest training: {max(run[1] for run in runs):.2f} s\n")
        write_npy(scratch / "images.npy", sizes, images)
        subprocess.run([netc, "predict", model, f"--load={runs[0][3]}",
                        f"--input={scratch / 'images.npy'}", "-o", scratch / "probability.npy"],
                       check=True)
        show(images, labels, read_npy_f32(scratch / "probability.npy"))


main()
