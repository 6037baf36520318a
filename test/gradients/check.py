"""Runs `netc grad` on a program in both precisions and compares with the stored references.

The measure is the largest difference over the largest magnitude of the expected tensor. Needs only
Python's standard library, so that the tests stay light.

usage: check.py NETC PROGRAM.net SCRATCH [--references FOLDER] [FLAG...]
Without a folder they stand in `data/` beside the program.
"""

import json
import pathlib
import struct
import subprocess
import sys

FORMATS = {"F64": "d", "F32": "f", "I64": "q", "I32": "i", "U8": "B", "BOOL": "?"}
TOLERANCES = {"f32": 2e-5, "f64": 1e-11}


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        code = FORMATS[entry["dtype"]]
        body = data[8 + length + begin : 8 + length + end]
        count = len(body) // struct.calcsize(code)
        tensors[name] = (entry["shape"], struct.unpack(f"<{count}{code}", body))
    return tensors


def differences(actual, expected, tolerance):
    """What differs, in words, and the largest relative error."""
    failures = [f"missing: {name}" for name in expected if name not in actual]
    failures += [f"unexpected: {name}" for name in actual if name not in expected]
    worst = 0.0
    for name in sorted(set(actual) & set(expected)):
        (shape, values), (wanted_shape, wanted) = actual[name], expected[name]
        if list(shape) != list(wanted_shape):
            failures.append(f"{name}: shape {shape}, expected {wanted_shape}")
            continue
        scale = max((abs(w) for w in wanted), default=0.0) or 1.0
        error = max((abs(v - w) if v == v else float("inf") for v, w in zip(values, wanted)),
                    default=0.0) / scale
        worst = max(worst, error)
        if not error <= tolerance:
            failures.append(f"{name}: relative error {error:.3e} above {tolerance:.0e}")
    return failures, worst


def main():
    netc, program, scratch = sys.argv[1:4]
    folder, flags = pathlib.Path(program).parent / "data", sys.argv[4:]
    if flags[:1] == ["--references"]:
        folder, flags = pathlib.Path(flags[1]), flags[2:]
    stem = folder / pathlib.Path(program).stem
    expected = read(f"{stem}.expected.safetensors")
    failed = False
    for precision, tolerance in TOLERANCES.items():
        output = f"{scratch}.{precision}.safetensors"
        subprocess.run([netc, "grad", program, "--float", precision,
                        "--load", f"{stem}.weights.safetensors",
                        "--input", f"{stem}.input.safetensors", "-o", output, *flags],
                       check=True)
        failures, worst = differences(read(output), expected, tolerance)
        failed = failed or bool(failures)
        print(f"{precision}: {len(expected)} tensors, largest relative error {worst:.1e}")
        print("".join(f"  {line}\n" for line in failures), end="")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
