"""Runs commands that must not take much. The time is that of the processor, so a busy machine does not
matter; the address sanitizer takes more time, and addresses without end."""
import os
import resource
import subprocess

SANITIZED = "ASAN_OPTIONS" in os.environ


def run(words, folder, seconds, memory):
    """The finished process; one that takes more ends by a signal, as a crash does."""
    seconds *= 10 if SANITIZED else 1

    def limit():
        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return subprocess.run(words, capture_output=True, cwd=folder, preexec_fn=limit)


def fault(done, expected):
    """What is wrong with how it ended, or nothing: a failure needs words."""
    if done.returncode in expected and (done.returncode == 0 or done.stderr):
        return ""
    return f"exit code {done.returncode}\n{done.stderr.decode(errors='replace')[-1500:]}"
