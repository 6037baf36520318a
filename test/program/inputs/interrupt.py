"""Sends SIGINT to a command that trains: interrupt.py once|twice COMMAND...

once    after the first line on standard error, which is passed on with the exit code
twice   to a command that waits for something that never comes: it outlives the first signal, not the second
"""
import pathlib
import signal
import subprocess
import sys
import time


def catches(process):
    """Whether the process has a handler for SIGINT by now."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (signal.SIGINT - 1) & 1


def once(words):
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    said = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said += process.stderr.read()
    print(f"{said}exit code {process.wait()}")


def twice(words):
    process = subprocess.Popen(words)
    while not catches(process):
        assert process.poll() is None, process.returncode
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None, f"ended with {process.returncode} at the first signal"
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    assert process.wait(timeout=60) == 130, process.returncode
    print(f"ended {time.monotonic() - begin:.3f} s after the second signal")


{"once": once, "twice": twice}[sys.argv[1]](sys.argv[2:])
