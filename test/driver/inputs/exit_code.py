"""Runs a command and compares its exit code: exit_code.py EXPECTED COMMAND..."""
import subprocess
import sys

done = subprocess.run(sys.argv[2:], capture_output=True, text=True)
if done.returncode != int(sys.argv[1]):
    print(f"{sys.argv[2:]} ended with {done.returncode}, not {sys.argv[1]}\n{done.stderr}")
    sys.exit(1)
