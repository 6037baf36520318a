"""Compares training steps and predictions of netc with those of its peers on the same machine, in
turn, netc before and after each, so that noise falls on all: PyTorch (eager; torch.compile), JAX (a
jitted step; a jitted scan over an epoch), and for the prediction of one row ONNX Runtime as well.

usage: compare.py --python PYTHON [--peers torch,compile,jax,scan,onnx] [--rounds 3] [--seconds 1]
                  [--threads 1] [--busy] [--json FILE] [--picture FILE.svg] [WORKLOAD...]

PYTHON has torch, jax, onnxruntime, onnx and safetensors. All programs start from the same weights
and walk the same kind of data. Before timing, each trains 20 steps; the distance of its weights
from PyTorch's, relative to how far PyTorch's moved, is printed. w9 draws samples, which differ, so
it is timed only. Times are medians; with --cpu those of training are the processors' time of a step
on average, which other programs on a shared machine disturb less. A second ratio is that of the
times that a tenth of the steps were as fast as: steps that the machine's other users left alone.
--busy keeps the last of the cores busy meanwhile.
"""

import argparse
import contextlib
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from measure import pinned, processor
from picture import picture

FOLDER = pathlib.Path(__file__).parent
ALL = [f"w{i}" for i in range(1, 11)]
DRAWING = ("w9",)
NAMES = {"torch": "PyTorch", "compile": "torch.compile", "jax": "jax.jit", "scan": "jax scan",
         "onnx": "ONNX Runtime"}
VERSIONS = "import torch, jax, onnxruntime; print(torch.__version__, jax.__version__, " \
           "onnxruntime.__version__)"


def peer(options, script, *arguments, threads=None):
    command = [options.python, FOLDER / "peers" / script, *arguments]
    return pinned(command, threads or options.threads)


def prepare(options, workload, folder):
    """Data and first weights; the distances of weights after 20 steps, where they say something."""
    peer(options, "make_data.py", workload, folder, threads=1)
    train = [options.netc, "train", FOLDER / f"workloads/{workload}.net", "--quiet", "--data", folder]
    pinned([*train, "--steps", 0, "--save", folder / "start.safetensors"], 1)
    if workload in DRAWING:
        return {}
    pinned([*train, "--load", folder / "start.safetensors", "--steps", 20,
            "--save", folder / "netc.safetensors"], 1)
    programs = ["netc"]
    peer(options, "torch_steps.py", workload, folder, 0, "agree", threads=1)
    if {"jax", "scan"} & set(options.peers):
        peer(options, "jax_steps.py", workload, folder, 0, "agree", threads=1)
        programs.append("jax")
    return {program: float(peer(options, "difference.py", folder / f"{program}.safetensors",
                                folder / "torch.safetensors", folder / "start.safetensors"))
            for program in programs}


def training_peers(options, workload, folder):
    modes = {"torch": ("torch_steps.py", "eager"), "compile": ("torch_steps.py", "compile"),
             "jax": ("jax_steps.py", "step"), "scan": ("jax_steps.py", "epoch")}
    return {name: (script, workload, folder, options.seconds, mode)
            for name, (script, mode) in modes.items() if name in options.peers}


def predicting_peers(options, workload, folder):
    if workload in DRAWING:
        return {}
    modes = {"torch": ("torch_steps.py", "predict"), "compile": ("torch_steps.py", "predict-compile"),
             "jax": ("jax_steps.py", "predict")}
    peers = {name: (script, workload, folder, options.seconds, mode)
             for name, (script, mode) in modes.items() if name in options.peers}
    if "onnx" in options.peers:
        peer(options, "onnx_predict.py", "export", workload, folder)
        peers["onnx"] = ("onnx_predict.py", workload, folder, options.seconds)
    return peers


def middle(reports):
    return {key: statistics.median(report[key] for report in reports) for key in reports[0]}


def compare(options, workload):
    """All figures of a workload."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        distances = prepare(options, workload, folder)
        groups = {"train": training_peers(options, workload, folder),
                  "predict": predicting_peers(options, workload, folder)}
        bench = [options.netc, "bench", FOLDER / f"workloads/{workload}.net", "--threads",
                 options.threads, "--format", "json"]
        ours, theirs = [], {group: {p: [] for p in peers} for group, peers in groups.items()}
        for _ in range(options.rounds):
            ours.append(json.loads(pinned(bench, options.threads)))
            for group, peers in groups.items():
                for program, command in peers.items():
                    theirs[group][program].append(json.loads(peer(options, *command)))
                    ours.append(json.loads(pinned(bench, options.threads)))
    return {"workload": workload, "distances": distances, "netc": middle(ours),
            **{group: {p: middle(reports) for p, reports in peers.items()}
               for group, peers in theirs.items()}, "rounds": {"netc": ours, **theirs}}


def times(options, result, group):
    """Microseconds by program, netc first."""
    key = "cpu_us" if options.cpu and group == "train" else "step_us"
    ours = {"train": "train_cpu_us" if options.cpu else "train_step_us", "predict": "predict_us"}
    return {"netc": result["netc"][ours[group]],
            **{p: report[key] for p, report in result[group].items()}}


def row(options, result, group, columns):
    by_program = times(options, result, group)
    cells = [result["workload"]]
    cells += [f"{by_program[p]:.1f}" if p in by_program else "-" for p in ["netc", *columns]]
    others = [t for p, t in by_program.items() if p != "netc"]
    cells.append(f"{min(others) / by_program['netc']:.2f}" if others else "-")
    if group == "train":
        ours = result["netc"]
        rest = list(result["train"].values())
        fast = min((r["step_us_p10"] for r in rest), default=math.nan) / ours["train_step_us_p10"]
        cells += ["-" if math.isnan(fast) else f"{fast:.2f}", f"{ours['peak_share']:.0%}",
                  f"{ours['first_step_ms']:.0f} / "
                  f"{min((r['first_step_ms'] for r in rest), default=0):.0f}",
                  f"{ours['peak_rss_mib']:.0f} / {min((r['peak_rss_mib'] for r in rest), default=0):.0f}",
                  ", ".join(f"{d:.0e}" for d in result["distances"].values()) or "-"]
    return "| " + " | ".join(cells) + " |"


def table(options, results, group):
    columns = [p for p in NAMES if any(p in result[group] for result in results)]
    head = ["workload", "netc", *(NAMES[p] for p in columns), "best peer / netc"]
    if group == "train":
        head += ["of the fast tenths", "share of FMA peak (wall)", "first step ms (netc / least)",
                 "MiB (netc / least)", "distance from PyTorch (netc, JAX)"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + [row(options, result, group, columns) for result in results])


@contextlib.contextmanager
def busy_core(wanted):
    """Another process that keeps the last core busy."""
    if not wanted:
        yield
        return
    core = str(sorted(os.sched_getaffinity(0))[-1])
    other = subprocess.Popen(["taskset", "-c", core, sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--netc", default=str(FOLDER.parent / "build/bin/netc"))
    parser.add_argument("--python", required=True, help="a Python with the peers")
    parser.add_argument("--peers", default="torch,compile,jax,scan,onnx")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu", action="store_true", help="compare the processors' time of training")
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--json", help="write all figures here")
    parser.add_argument("--picture", help="write the ratios here as SVG")
    parser.add_argument("workloads", nargs="*", default=ALL)
    options = parser.parse_args()
    options.peers = options.peers.split(",")
    if unknown := set(options.peers) - set(NAMES):
        parser.error(f"no peer {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return options


def main():
    options = arguments()
    torch, jax, onnx = pinned([options.python, "-c", VERSIONS], 1).split()
    about = (f"{processor()}, {options.threads} thread(s), PyTorch {torch}, JAX {jax}, ONNX Runtime "
             f"{onnx}, {options.rounds} round(s)")
    results = []
    with busy_core(options.busy):
        for workload in options.workloads:
            results.append(compare(options, workload))
            print(f"{workload} done", file=sys.stderr, flush=True)
    print(f"{about}; microseconds of a step{' (processor time)' if options.cpu else ''}\n\n{table(options, results, 'train')}\n\n"
          f"Microseconds of a prediction of one row\n\n{table(options, results, 'predict')}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"about": about, "results": results}))
    if options.picture:
        ratios = {r["workload"]: times(options, r, "train") for r in results}
        pathlib.Path(options.picture).write_text(picture(ratios, NAMES, about))


if __name__ == "__main__":
    main()
