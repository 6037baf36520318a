"""How the benchmarks start the programs that they time."""

import os
import subprocess

SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # would slow NumPy down


def pinned(command, threads, cores=None):
    """Runs a command on so many cores and gives what it prints."""
    if cores is None:
        cores = sorted(os.sched_getaffinity(0))[-threads:]
    environment = {k: v for k, v in os.environ.items() if k not in SLOWING}
    for name in ("BENCH_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        environment[name] = str(threads)
    command = ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{result.stderr[-2000:]}")
    return result.stdout


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else "unknown"
