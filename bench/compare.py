"""Compares training steps of netc with its peers on the same machine, in turn, so that noise falls
on all: PyTorch eager, torch.compile, and jax.jit for the fully connected workloads.

usage: compare.py [--netc build/bin/netc] [--torch PYTHON] [--jax PYTHON] [--rounds 3] [WORKLOAD...]

A peer is a program under peers/ that a Python runs; one that is not given is left out. Before
timing, netc and PyTorch train 20 steps from the same weights on the same data, and the largest
difference of a weight, relative to the largest of its tensor, is printed. w9 draws samples, which
differ, so it is timed only. Prints a markdown table: medians of the rounds.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

FOLDER = pathlib.Path(__file__).parent
ALL = [f"w{i}" for i in range(1, 11)]
JAX = ("w1", "w2", "w3", "w4", "w10")
DRAWING = ("w9",)

# Writes an .npy file per input of 20 batches; numpy is the peers', not ours.
MAKE_DATA = """
import sys, pathlib, numpy as np
workload, folder, rng = sys.argv[1], pathlib.Path(sys.argv[2]), np.random.default_rng(1)
rows = 20 * {"w2": 10, "w4": 256, "w5": 64, "w8": 8, "w10": 16}.get(workload, 32)
shape = {"w5": (28, 28, 1), "w6": (32, 32, 3), "w10": (64,)}.get(workload, (784,))
if workload in ("w7", "w8"):
    steps = 64 if workload == "w7" else 128
    data = {name: rng.integers(0, 64, (rows, steps), np.uint8) for name in ("text", "next")}
else:
    data = {"image": rng.random((rows, *shape), np.float32),
            "digit": rng.integers(0, 10, rows, np.uint8)}
for name, array in data.items():
    np.save(folder / f"{name}.npy", array)
"""

DIFFERENCE = """
import sys, numpy as np
from safetensors.numpy import load_file
ours, peers = load_file(sys.argv[1]), load_file(sys.argv[2])
print(max(float(np.abs(ours[k] - v).max() / max(np.abs(v).max(), 1e-3)) for k, v in peers.items()))
"""


def pinned(command, threads):
    cores = ",".join(str(c) for c in sorted(os.sched_getaffinity(0))[-threads:])
    environment = {**os.environ, "BENCH_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    result = subprocess.run(["taskset", "-c", cores, *map(str, command)], env=environment,
                            capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{command}:\n{result.stderr[-2000:]}")
    return result.stdout


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else "unknown"


def prepare(options, workload, folder):
    """Data and first weights; the difference of the weights after 20 steps, where it says something."""
    if not options.torch:
        return None
    model = FOLDER / f"workloads/{workload}.net"
    pinned([options.torch, "-c", MAKE_DATA, workload, folder], 1)
    train = [options.netc, "train", model, "--quiet", "--data", folder]
    pinned([*train, "--steps", 0, "--save", folder / "start.safetensors"], 1)
    if workload in DRAWING:
        return None
    pinned([*train, "--load", folder / "start.safetensors", "--steps", 20,
            "--save", folder / "netc.safetensors"], 1)
    pinned([options.torch, FOLDER / "peers/torch_steps.py", workload, folder, 0, "agree"], 1)
    return float(pinned([options.torch, "-c", DIFFERENCE, folder / "netc.safetensors",
                         folder / "torch.safetensors"], 1))


def peers_of(options, workload, folder):
    """Commands by name, each of which prints a step's time."""
    peers = {}
    if options.torch:
        for mode in ("eager", "compile") if options.compile else ("eager",):
            peers[f"torch {mode}"] = [options.torch, FOLDER / "peers/torch_steps.py", workload,
                                      folder, options.seconds, mode]
    if options.jax and workload in JAX:
        peers["jax.jit"] = [options.jax, FOLDER / "peers/jax_steps.py", workload, options.seconds]
    return peers


def step_time(output):
    value = json.loads(output)
    return value["step_us"] if isinstance(value, dict) else value


def compare(options, workload):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        difference = prepare(options, workload, folder)
        peers = peers_of(options, workload, folder)
        reports, times = [], {peer: [] for peer in peers}
        for _ in range(options.rounds):
            reports.append(json.loads(pinned(
                [options.netc, "bench", FOLDER / f"workloads/{workload}.net", "--threads",
                 options.threads, "--format", "json"], options.threads)))
            for peer, command in peers.items():
                times[peer].append(step_time(pinned(command, options.threads)))
    ours = {key: statistics.median(report[key] for report in reports) for key in reports[0]}
    medians = {peer: statistics.median(values) for peer, values in times.items()}
    best = min(medians, key=medians.get) if medians else None
    cells = [workload, f"{ours['train_step_us']:.1f}",
             f"{medians[best]:.1f} ({best})" if best else "-",
             f"{medians[best] / ours['train_step_us']:.2f}" if best else "-",
             f"{ours['peak_share']:.0%}", f"{ours['first_step_ms']:.0f}",
             f"{ours['peak_rss_mib']:.0f}", "-" if difference is None else f"{difference:.1e}"]
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--netc", default=str(FOLDER.parent / "build/bin/netc"))
    parser.add_argument("--torch", help="a Python with torch and safetensors")
    parser.add_argument("--compile", action="store_true", help="torch.compile as well")
    parser.add_argument("--jax", help="a Python with jax")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("workloads", nargs="*", default=ALL)
    options = parser.parse_args()
    print(f"processor: {processor()}, {options.threads} thread(s), median of {options.rounds} rounds\n")
    print("| workload | netc us | best peer us | peer / netc | share of FMA peak | first step ms "
          "| memory MiB | difference after 20 steps |")
    print("|---|---|---|---|---|---|---|---|")
    for workload in options.workloads:
        compare(options, workload)


if __name__ == "__main__":
    main()
