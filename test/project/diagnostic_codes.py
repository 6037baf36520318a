"""Looks for every code of diagnostics.def in the expectations of the tests.

Usage: diagnostic_codes.py ROOT. A lit test expects `[code]`, a unit test `Code::code`.
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
codes = re.findall(r"^NETC_DIAGNOSTIC\((\w+)\)",
                   (root / "ir/support/diagnostics.def").read_text(), re.MULTILINE)
texts = [path.read_text() for path in sorted((root / "test").rglob("*"))
         if path.suffix in (".net", ".graph", ".loops", ".test", ".cpp", ".h")]
expected = "\n".join(texts)
missing = [code for code in codes
           if f"[{code.replace('_', '-')}]" not in expected
           and not re.search(rf"Code::{code}\b", expected)]
for code in missing:
    print(f"no test produces [{code.replace('_', '-')}]")
sys.exit(bool(missing))
