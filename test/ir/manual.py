"""Runs net-opt on every ```graph block of the manual: each must be printed as it stands there.

Usage: manual.py NET_OPT MANUAL.
"""
import re
import subprocess
import sys

net_opt, manual = sys.argv[1:]
blocks = re.findall(r"^```graph\n(.*?)^```", open(manual).read(), re.DOTALL | re.MULTILINE)
failed = 0
for block in blocks:
    printed = subprocess.run([net_opt, "-"], input=block, capture_output=True, text=True)
    if printed.returncode or printed.stdout != block:
        failed += 1
        print(f"{block}{printed.stderr or printed.stdout}")
sys.exit(failed > 0 or not blocks)
