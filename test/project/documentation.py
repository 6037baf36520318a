"""Parses every block of .net code in the documentation.

Usage: documentation.py NETC ROOT. A block that begins with a declaration is a file; any other is
what stands in a model.
"""
import pathlib
import re
import subprocess
import sys

netc, root = sys.argv[1], pathlib.Path(sys.argv[2])
BLOCK = re.compile(r"^```net\n(.*?)^```", re.DOTALL | re.MULTILINE)
DECLARATION = re.compile(r"^(use|const|fn|layer|optimizer|model|train)\b", re.MULTILINE)

failed = seen = 0
for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
    text = path.read_text()
    for block in BLOCK.finditer(text):
        seen += 1
        code = block[1] if DECLARATION.search(block[1]) else f"model m {{\n{block[1]}}}\n"
        done = subprocess.run([netc, "-", "--emit=ast"], input=code, capture_output=True, text=True)
        if done.returncode:
            failed += 1
            line = text.count("\n", 0, block.start()) + 1
            print(f"{path.relative_to(root)}:{line}: {done.stderr}")
print(f"{seen} blocks, {failed} failed")
sys.exit(failed > 0 or seen == 0)
