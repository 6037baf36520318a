"""same_accuracy.py LOG EVAL: the last line of the log and the evaluation name one accuracy."""
import json
import sys

logged = json.loads(open(sys.argv[1]).read().splitlines()[-1])["validation"]
evaluated = json.load(open(sys.argv[2]))
evaluated = evaluated.get("validation", evaluated)
if abs(logged["accuracy"] - evaluated["accuracy"]) > 1e-6:
    sys.exit(f"{logged} and {evaluated}")
