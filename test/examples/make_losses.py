"""Trains each example without draws for a few steps with JAX, and stores the loss of each step.

It begins with the weights and inputs that make_references.py has stored, takes the same rows at
each step, and has the optimizers here a second time, by hand, in double precision. Run it after
make_references.py, from the same environment.

usage: python make_losses.py
"""

import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file, save_file

from make_references import EXAMPLES, flags

HERE = pathlib.Path(__file__).parent
STEPS = 4


def constant(rate):
    return lambda step: rate


def cosine(rate, steps, warmup=0):
    def at(step):
        if step <= warmup:
            return rate * step / warmup
        progress = min(max((step - 1 - warmup) / (steps - warmup), 0), 1)
        return rate * 0.5 * (1 + np.cos(np.pi * progress))

    return at


def sgd(rate, momentum=0.0, decay=0.0):
    def update(step, w, g, velocity):
        velocity = momentum * velocity + g + decay * w
        return w - rate(step) * velocity, velocity

    return update, lambda w: jnp.zeros_like(w)


def adam(rate, decay=0.0):
    def update(step, w, g, moments):
        m, v = 0.9 * moments[0] + 0.1 * g, 0.999 * moments[1] + 0.001 * g ** 2
        direction = (m / (1 - 0.9 ** step)) / (jnp.sqrt(v / (1 - 0.999 ** step)) + 1e-8)
        return w * (1 - rate(step) * decay) - rate(step) * direction, (m, v)

    return update, lambda w: (jnp.zeros_like(w), jnp.zeros_like(w))


OPTIMIZERS = {
    "perceptron": sgd(constant(0.1)),
    "linear_regression": sgd(constant(0.1)),
    "logistic_regression": sgd(constant(0.5)),
    "softmax_regression": sgd(constant(0.1), 0.9),
    "xor": adam(constant(0.03)),
    "universal": adam(cosine(0.01, 8000)),
    "deep_and_wide": adam(cosine(0.01, 12000)),
    "digits": sgd(constant(0.1), 0.9),
    "autoencoder": adam(constant(0.003)),
    "deep_belief": sgd(constant(0.1), 0.9),
    "lenet": adam(cosine(0.003, 700)),
    "alexnet": adam(cosine(0.003, 940)),
    "vgg": adam(cosine(0.002, 705)),
    "googlenet": adam(cosine(0.005, 705)),
    "resnet": sgd(cosine(0.1, 564), 0.9, 0.0001),
    "gru": adam(constant(0.005)),
    "deep_rnn": adam(cosine(0.005, 940)),
    "attention": adam(cosine(0.003, 700), 0.01),
    "gpt": adam(cosine(0.003, 3000, 50), 0.01),
    "language_model": adam(cosine(0.003, 3000)),
    "lstm": adam(cosine(0.01, 1500)),
    "siamese": adam(cosine(0.01, 600)),
}


def losses(name):
    function = EXAMPLES[name][0]
    update, fresh = OPTIMIZERS[name]
    stored = load_file(HERE / f"data/{name}.weights.safetensors")
    inputs = load_file(HERE / f"data/{name}.input.safetensors")
    weights = {k: v.astype(np.float64) for k, v in stored.items() if ".running_" not in k}
    inputs = {k: v.astype(np.float64) if v.dtype == np.float32 else v for k, v in inputs.items()}
    states = {key: fresh(value) for key, value in weights.items()}
    step_of = jax.jit(jax.value_and_grad(lambda w: function(w, inputs)[0]))
    for step in range(1, STEPS + 1):
        loss, gradients = step_of(weights)
        yield float(loss)
        for key in weights:
            weights[key], states[key] = update(step, weights[key], gradients[key], states[key])


def main():
    commands = []
    for name, (_, _, definitions) in EXAMPLES.items():
        values = list(losses(name))
        save_file({"loss": np.array(values)}, HERE / f"data/{name}.losses.safetensors")
        print(name, *values)
        check = f"python3 %S/check_losses.py %netc %examples/{name}.net %t.{name} %S/data"
        commands.append(" ".join(["RUN:", check, *flags(definitions)]))
    (HERE / "losses_agree_with_jax.test").write_text(
        "The losses of the first training steps of every example without draws are those of JAX.\n"
        + "\n".join(commands) + "\n")


if __name__ == "__main__":
    sys.exit(main())
