"""Sums up a results file of lit as `N passed, N failed`; fails when a test failed or none ran."""
import json
import sys

PASSED = ("PASS", "XFAIL", "FLAKYPASS")
SKIPPED = ("UNSUPPORTED", "SKIPPED", "EXCLUDED")

try:
    with open(sys.argv[1]) as file:
        codes = [test["code"] for test in json.load(file)["tests"]]
except (OSError, ValueError, KeyError) as error:
    print(f"no results: {error}", file=sys.stderr)
    codes = ["FAIL"]

passed = sum(code in PASSED for code in codes)
failed = sum(code not in PASSED + SKIPPED for code in codes)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)
