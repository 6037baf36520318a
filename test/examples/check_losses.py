"""Trains an example for some steps through its C functions, in both precisions, and compares the
loss of each step with the stored ones. Each step takes the same rows, those of the stored input.
Needs only Python's standard library.

usage: check_losses.py NETC EXAMPLE.net SCRATCH REFERENCES [FLAG...]
"""

import ctypes
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "gradients"))

from check import TOLERANCES, read

C_TYPES = {"double": ctypes.c_double, "float": ctypes.c_float, "uint8_t": ctypes.c_uint8,
           "int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64}


class Options(ctypes.Structure):
    """struct netc_options"""

    _fields_ = [("size", ctypes.c_size_t), ("seed", ctypes.c_uint64), ("threads", ctypes.c_int),
                ("memory", ctypes.c_void_p), ("bytes", ctypes.c_size_t), ("pool", ctypes.c_void_p),
                ("weights", ctypes.c_char_p)]


def losses(library, header, weights, inputs, steps):
    """What the training steps of the only model in a library return."""
    model, parameters = re.search(r"int (\w+)_train_step\(\w+ \*model, size_t n, ([^)]*)",
                                  pathlib.Path(header).read_text()).groups()
    code = ctypes.CDLL(library)
    handle = ctypes.c_void_p()
    function = {what: getattr(code, f"{model}_{what}")
                for what in ("create", "train_step", "error")}
    function["error"].restype = ctypes.c_char_p

    def call(what, *arguments):
        if function[what](*arguments):
            sys.exit(f"{what}: {function['error'](handle).decode()}")

    options = Options(size=ctypes.sizeof(Options), threads=1, weights=str(weights).encode())
    call("create", ctypes.byref(handle), ctypes.byref(options))
    arguments, rows = [], 1
    for kind, name in re.findall(r"const (\w+) \*(\w+)", parameters):
        shape, values = inputs[name]
        rows = shape[0]
        arguments.append((C_TYPES[kind] * len(values))(*values))
    loss = C_TYPES[re.search(r"(\w+) \*loss", parameters)[1]]()
    for _ in range(steps):
        call("train_step", handle, ctypes.c_size_t(rows), *arguments, ctypes.byref(loss))
        yield loss.value


def main():
    netc, program, scratch, folder = sys.argv[1:5]
    stem = pathlib.Path(folder) / pathlib.Path(program).stem
    inputs = read(f"{stem}.input.safetensors")
    _, expected = read(f"{stem}.losses.safetensors")["loss"]
    rows = max(shape[0] for shape, _ in inputs.values())
    failed = False
    for precision, tolerance in TOLERANCES.items():
        library, header = f"{scratch}.{precision}.so", f"{scratch}.{precision}.h"
        subprocess.run([netc, program, "--entry=train", "--float", precision, "--batch", str(rows),
                        f"--emit=so={library},header={header}", *sys.argv[5:]], check=True)
        actual = list(losses(library, header, f"{stem}.weights.safetensors", inputs, len(expected)))
        error = max(abs(a - e) / abs(e) for a, e in zip(actual, expected))
        print(f"{precision}: {len(expected)} losses, largest relative error {error:.1e}")
        failed = failed or not error <= tolerance
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
