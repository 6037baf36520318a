"""Prints every .graph and .loops file in folders of ROOT with net-opt, and what came out once more.

Usage: round_trip.py NET_OPT ROOT FOLDER... Files whose commands expect an error (`not net-opt`) are left
out, and so are those that split-file takes apart.
"""
import pathlib
import re
import subprocess
import sys

net_opt, root = sys.argv[1], pathlib.Path(sys.argv[2])
failed = seen = 0
for folder in sys.argv[3:]:
    for path in sorted((root / folder).rglob("*")):
        if path.suffix not in (".graph", ".loops"):
            continue
        text = path.read_text()
        if re.search("not %?net-opt", text) or "split-file" in text:
            continue
        seen += 1
        once = subprocess.run([net_opt, path], capture_output=True, text=True)
        twice = subprocess.run([net_opt, "-"], input=once.stdout, capture_output=True, text=True)
        if once.returncode or twice.returncode or once.stdout != twice.stdout:
            failed += 1
            print(f"{path.relative_to(root)}: {once.stderr or twice.stderr or 'prints differently'}")
print(f"{seen} files, {failed} failed")
sys.exit(failed > 0 or seen == 0)
