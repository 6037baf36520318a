"""Checks that the table of examples and the examples agree: examples.py ROOT

Every program has a row, every link leads somewhere, and every number of a row's result stands in the
comment that opens the program.
"""
import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1]) / "examples"
text = (folder / "README.md").read_text()
faults = [f"{link} leads nowhere" for link in re.findall(r"\]\(([^)]*)\)", text)
          if not (folder / link).exists()]
rows = dict(re.findall(r"^\| \[[^]]*\]\((\S+\.net)\) \|.*?([^|]*)\|$", text, re.MULTILINE))
for program in sorted(folder.rglob("*.net")):
    name, source = str(program.relative_to(folder)), program.read_text()
    if not re.search(r"^train ", source, re.MULTILINE):
        continue
    if name not in rows:
        faults.append(f"{name} has no row")
        continue
    opening = re.match(r"(//[^\n]*\n)+", source)[0]
    for number in re.findall(r"\d+\.\d+|\d+(?= %)", rows[name]):
        if not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", opening):
            faults.append(f"{name} does not say {number}")
print("\n".join(faults) or f"{len(rows)} rows agree")
sys.exit(bool(faults) or not rows)
