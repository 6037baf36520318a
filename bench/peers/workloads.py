"""What the peers must know of a workload besides its network: rows of a batch, inputs, optimizer."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Workload:
    rows: int
    inputs: dict  # shape of a row by name; the last is the target, if there is more than one
    optimizer: str = "sgd"
    rate: float = 0.1
    momentum: float = 0.0
    decay: float = 0.0
    draws: bool = False  # samples, so that weights of different programs part ways


IMAGES = {"image": (784,), "digit": ()}


def text(steps):
    return {"text": (steps,), "next": (steps,)}


WORKLOADS = {
    "w1": Workload(32, IMAGES),
    "w2": Workload(10, IMAGES),
    "w3": Workload(32, IMAGES, momentum=0.9),
    "w4": Workload(256, IMAGES, "adam", 0.001),
    "w5": Workload(64, {"image": (28, 28, 1), "digit": ()}, rate=0.05, momentum=0.9),
    "w6": Workload(32, {"image": (32, 32, 3), "digit": ()}, momentum=0.9),
    "w7": Workload(32, text(64), "adam", 0.001),
    "w8": Workload(8, text(128), "adam", 0.001, decay=0.01),
    "w9": Workload(32, {"image": (784,)}, draws=True),
    "w10": Workload(16, {"image": (64,), "digit": ()}, rate=0.01),
}

MOST_BATCHES, MOST_BYTES = 64, 64 << 20  # as `netc bench` does


def make_data(workload, generator):
    """Arrays by the name of the input, of the number of batches that `netc bench` walks. There is
    something to learn in them, so that rounding does not decide where training goes."""
    first, shape = next(iter(workload.inputs.items()))
    row_bytes = math.prod(shape) * (4 if first == "image" else 2) + 1
    batches = max(20, min(MOST_BATCHES, MOST_BYTES // (row_bytes * workload.rows)))
    rows = batches * workload.rows
    if first == "text":
        text = generator.integers(0, 64, (rows, *shape), "uint8")
        return {"text": text, "next": (5 * text + 3) % 64}
    digit = generator.integers(0, 10, rows, "uint8")
    prototypes = generator.random((10, *shape), "float32")
    noise = generator.random((rows, *shape), "float32")
    data = {"image": 0.5 * (prototypes[digit] + noise), "digit": digit}
    return {name: data[name] for name in workload.inputs}
