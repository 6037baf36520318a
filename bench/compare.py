"""Compares training steps of netc and JAX on the same machine, in turn, so that noise falls on both.

usage: compare.py [--netc build/bin/netc] [--python PYTHON_WITH_JAX] [--rounds 5] [WORKLOAD...]

JAX is wanted in the given Python only; `python3 -m venv /tmp/peers && /tmp/peers/bin/pip install jax`
makes one. Prints a table: median microseconds of a step of each, and the ratio.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess

FOLDER = pathlib.Path(__file__).parent


def pinned(command, threads):
    cores = ",".join(str(c) for c in sorted(os.sched_getaffinity(0))[:threads])
    environment = {**os.environ, "BENCH_THREADS": str(threads)}
    return subprocess.run(["taskset", "-c", cores, *command], env=environment, check=True,
                          capture_output=True, text=True).stdout


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else "unknown"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--netc", default=str(FOLDER.parent / "build/bin/netc"))
    parser.add_argument("--python", default="python3")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("workloads", nargs="*", default=["w2", "w3"])
    options = parser.parse_args()

    print(f"processor: {processor()}, {options.threads} thread(s), median of {options.rounds} rounds")
    print("| workload | netc us | JAX us | JAX / netc | share of FMA peak |")
    print("|---|---|---|---|---|")
    for workload in options.workloads:
        ours, peers, shares = [], [], []
        for _ in range(options.rounds):
            line = pinned([options.netc, "bench", str(FOLDER / f"workloads/{workload}.net"),
                           "--threads", str(options.threads), "--format", "json"], options.threads)
            report = json.loads(line)
            ours.append(report["train_step_us"])
            shares.append(report["peak_share"])
            peers.append(float(pinned([options.python, str(FOLDER / "peers/jax_steps.py"), workload,
                                       str(options.seconds)], options.threads)))
        ratios = [b / a for a, b in zip(ours, peers)]
        print(f"| {workload} | {statistics.median(ours):.1f} | {statistics.median(peers):.1f} "
              f"| {statistics.median(ratios):.2f} | {statistics.median(shares):.0%} |", flush=True)


if __name__ == "__main__":
    main()
