"""Fails unless a log ends as early as it should, and evaluation gives the loss of its best epoch:
stopped_early.py LOG SCORES PATIENCE"""
import json
import sys

with open(sys.argv[1]) as log:
    losses = [json.loads(line)["validation"]["loss"] for line in log]
with open(sys.argv[2]) as scores:
    kept = json.load(scores)["validation"]["loss"]
patience = int(sys.argv[3])
best = losses.index(min(losses))
waits = [epoch - min(range(epoch + 1), key=losses.__getitem__) for epoch in range(len(losses))]
assert len(losses) == best + 1 + patience, losses
assert waits[-1] == patience and max(waits[:-1]) < patience, losses
assert abs(kept - losses[best]) <= 1e-6 * kept, (kept, losses)
