"""Checks a profile of examples/digits.net: 64 pixels, 30 and 10 neurons, batches of 10."""

import json
import sys

with open(sys.argv[1]) as file:
    profile = json.load(file)
assert profile["peak_flops"] > 1e8, profile["peak_flops"]
train, predict = profile["train"], profile["predict"]
for kernel in train + predict:
    assert kernel["us"] > 0 and kernel["calls"] == 1 and kernel["bytes"] > 0, kernel
    assert kernel["makes"], kernel
# Two products forward; to the weights both again, to the hidden layer one.
forward = 2 * (64 * 30 + 30 * 10)
assert sum(kernel["flops"] for kernel in predict) == forward, predict
assert sum(kernel["flops"] for kernel in train) == 10 * (2 * forward + 2 * 30 * 10), train
made = {name for kernel in train for name in kernel["makes"].split(", ")}
assert {"dense1.w.next", "dense1.b.next", "dense2.w.next", "dense2.b.next", "loss"} <= made, made
