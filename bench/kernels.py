"""Compares every sum of products of the workloads' training steps, and a product of two large square
matrices, each compiled alone, with OpenBLAS (through NumPy) and with MKL and oneDNN (through
PyTorch).

usage: kernels.py [--netc build/bin/netc] --peer PYTHON [--json FILE] [WORKLOAD...]

The definitions are read from the graphs after differentiation; each becomes a model of its own,
whose tensors are as in the step, and `netc bench --profile` times it. The peer is a Python with
NumPy and PyTorch. All run on one core. Prints a markdown table, the worst ratio to the best peer
first.
"""

import argparse
import json
import math
import pathlib
import re
import subprocess
import tempfile

from measure import pinned, processor

FOLDER = pathlib.Path(__file__).parent
TENSOR = r"[%@]([\w.]+)\[([^\]]*)\]"
OPERAND = rf"(\(?{TENSOR}(?: else 0\))?)"
DEFINITION = re.compile(
    rf"^( +)%([\w.]+)\[([^\]]*)\] = (?:.* \+ )?sum\[([^\]]*)\] {OPERAND} \* {OPERAND}$")
BUFFER = re.compile(r"^  [%@]([\w.]+): \w+\[([^\]]*)\] = ")


def shapes_of(netc, model, folder, passes):
    """The shape of every value by name, with the batch in place of N."""
    text = emit(netc, model, folder, passes + ",schedule", "loops")
    batch = int(re.search(r" train capacity (\d+)", text)[1])
    def size(dim):
        return math.prod(batch if factor == "N" else int(factor) for factor in dim.split(" * "))
    return {m[1]: [size(d) for d in m[2].split(", ") if d]
            for m in map(BUFFER.match, text.splitlines()) if m}


def emit(netc, model, folder, passes, kind):
    path = folder / f"model.{kind}"
    subprocess.run([netc, model, "--entry", "train", "--passes", passes, "--emit", f"{kind}={path}"],
                   check=True, cwd=folder)
    return path.read_text()


def contractions(netc, workload, folder):
    """Sums of products of two tensors, each of which has an index that the other has not."""
    model, passes = FOLDER / f"workloads/{workload}.net", "simplify,autodiff,simplify"
    shapes = shapes_of(netc, model, folder, passes)
    for line in emit(netc, model, folder, passes, "graph").splitlines():
        m = DEFINITION.match(line)
        if not m or m[6] == m[9] or not {m[2], m[6], m[9]} <= shapes.keys():
            continue
        yield contraction(m, [list(shapes[name]) for name in (m[2], m[6], m[9])], workload)


def contraction(m, shapes, workload):
    subscripts = [text.split(", ") for text in (m[3], m[7], m[10])]
    targets = [s.split(":")[0] for s in subscripts[0]]
    if len(m[1]) > 2:  # inside of a recurrence: one of its steps
        step = targets[0]
        for subs, shape in zip(subscripts, shapes):
            if subs[0] == step:
                del subs[0], shape[0]
        targets = targets[1:]
    extents = dict(zip(targets, shapes[0]))
    for subs, shape in zip(subscripts[1:], shapes[1:]):
        extents |= {s: d for s, d in zip(subs, shape) if re.fullmatch(r"[a-z]\w*", s)}
    reduced = m[4].split(", ")
    extents |= {r.split(":")[0]: int(r.split(":")[1]) for r in reduced if ":" in r}
    def shown(name, position, whole):
        read = f"{name}[{', '.join(subscripts[position])}]"
        return f"({read} else 0)" if " else 0" in whole else read
    target = ", ".join(f"{t}: {d}" for t, d in zip(targets, shapes[0]))
    text = (f"y[{target}] = sum[{', '.join(reduced)}] "
            f"{shown('a', 1, m[5])} * {shown('b', 2, m[8])}")
    names = [r.split(":")[0] for r in reduced]
    return {"workload": workload, "name": m[2], "text": text, "shapes": shapes,
            "subscripts": [targets, *subscripts[1:]], "reduced": names, "extents": extents,
            "flops": 2 * math.prod(extents[i] for i in [*targets, *names])}


def square_product(size):
    subscripts, shape = [["n", "o"], ["n", "i"], ["i", "o"]], [size, size]
    return {"workload": "-", "name": "square", "count": 1,
            "text": f"y[n: {size}, o: {size}] = sum[i] a[n, i] * b[i, o]",
            "shapes": [shape] * 3, "subscripts": subscripts, "reduced": ["i"],
            "extents": dict.fromkeys("noi", size), "flops": 2 * size**3}


def is_product(kernel):
    """A product of matrices or a convolution: work that a library offers."""
    target, a, b = (set(re.findall(r"[a-z]\w*", " ".join(s))) for s in kernel["subscripts"])
    return bool((target & a) - b) and bool((target & b) - a)


def netc_time(netc, kernel, folder):
    """Microseconds of the definition as the only kernel of a model; its tensors are parameters."""
    dims = [", ".join(map(str, shape)) for shape in kernel["shapes"]]
    path = folder / "kernel.net"
    path.write_text(f"model kernel {{\n  input unused: f32[N]\n"
                    f"  param a: [{dims[1]}] init uniform(-1, 1)\n"
                    f"  param b: [{dims[2]}] init uniform(-1, 1)\n"
                    f"  {kernel['text']}\n  output y = y\n}}\n")
    report = json.loads(pinned([netc, "bench", path, "--profile", "--format", "json"], 1))
    return sum(phase["us"] for phase in report["predict"]), report["peak_flops"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--netc", default=str(FOLDER.parent / "build/bin/netc"))
    parser.add_argument("--peer", required=True, help="a Python with numpy and torch")
    parser.add_argument("--json", help="write all figures here")
    parser.add_argument("workloads", nargs="*", default=[f"w{i}" for i in range(1, 11)])
    options = parser.parse_args()
    netc = pathlib.Path(options.netc).resolve()
    kernels = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for workload in options.workloads:
            for kernel in filter(is_product, contractions(netc, workload, folder)):
                known = kernels.setdefault((kernel["text"], str(kernel["shapes"])), kernel)
                known["count"] = known.get("count", 0) + 1
        kernels, peak = [square_product(1024), *kernels.values()], 0.0
        for kernel in kernels:
            kernel["netc"], measured = netc_time(netc, kernel, folder)
            peak = max(peak, measured)
        (folder / "kernels.json").write_text(json.dumps(kernels))
        peers = json.loads(pinned([options.peer, FOLDER / "peers/kernels.py",
                                   folder / "kernels.json"], 1))
    for kernel, times in zip(kernels, peers):
        kernel["peers"] = times
        kernel["ratio"] = min(times.values(), default=math.nan) / kernel["netc"]
    kernels.sort(key=lambda kernel: kernel["ratio"])
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"peak_flops": peak, "kernels": kernels}))
    print(f"processor: {processor()}, one core, peak {peak / 1e9:.0f} GFLOP/s\n")
    print("| workload | definition | times | MFLOP | netc us | GFLOP/s | of peak | OpenBLAS | MKL "
          "| oneDNN | best peer / netc |\n|---|---|---|---|---|---|---|---|---|---|---|")
    for kernel in kernels:
        rate = kernel["flops"] / kernel["netc"] * 1e-3
        cells = [kernel["workload"], f"`{kernel['name']}: {kernel['text']}`", str(kernel["count"]),
                 f"{kernel['flops'] / 1e6:.2f}", f"{kernel['netc']:.1f}", f"{rate:.0f}",
                 f"{rate * 1e9 / peak:.0%}"]
        for peer in ("OpenBLAS", "MKL", "oneDNN"):
            time = kernel["peers"].get(peer)
            cells.append(f"{kernel['flops'] / time * 1e-3:.0f}" if time else "-")
        print("| " + " | ".join([*cells, f"{kernel['ratio']:.2f}"]) + " |")


if __name__ == "__main__":
    main()
