"""Checks that the lines of debug information in LLVM IR are those of the text of the loops IR: every
kernel at its first line, every store at a line that begins with `store`.

kernel_lines.py PROGRAM.loops PROGRAM.ll
"""
import re
import sys

loops = open(sys.argv[1]).read().split("\n")
code = open(sys.argv[2]).read()

kernels = re.findall(r'!DISubprogram\(name: "(k\d+)".*?line: (\d+)', code)
assert kernels, "no kernel is described"
for name, line in kernels:
    assert loops[int(line) - 1].startswith(f"kernel @{name}("), (name, line)

places = dict(re.findall(r"^(!\d+) = !DILocation\(line: (\d+)", code, re.M))
stores = re.findall(r"^  (?:store|call void @llvm\.masked\.store).*!dbg (!\d+)", code, re.M)
assert stores, "no store has a line"
for place in stores:
    text = loops[int(places[place]) - 1].strip()
    assert text.startswith("store "), text
