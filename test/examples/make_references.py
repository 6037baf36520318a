"""Makes the reference values of the examples with JAX in double precision.

Each example is written here a second time, by hand, at the sizes of SIZES; without dropout, for its
draws are netc's own. netc is asked for the names and shapes of parameters alone. Run it once from
an environment with jax and safetensors; its results in `data/` are stored with the project.

usage: python make_references.py NETC
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "gradients"))

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from safetensors.numpy import load_file

from references import attention as causal_attention
from references import (batch_norm, classes, convolve, cross_entropy, gru_scan, layer_norm,
                        layer_weights, lstm_scan, mse, rnn_scan, write)

EXAMPLES = {}
softmax, sigmoid, relu = jax.nn.softmax, jax.nn.sigmoid, jax.nn.relu


def example(inputs, *definitions):
    def register(function):
        EXAMPLES[function.__name__] = (function, inputs, definitions)
        return function

    return register


def images(rng, rows=4):
    return {"image": classes(rng, (rows, 8, 8), 17), "digit": classes(rng, rows, 10)}


def letters(rng):
    return {"text": classes(rng, (2, 9), 98)}


def dense(p, name, x):
    return x @ p[f"{name}.w"] + p[f"{name}.b"]


def pixels(i):
    return i["image"].reshape(-1, 64) / 16


def plane(i):
    return i["image"][..., None] / 16


def same(p, name, x):
    size = p[f"{name}.w"].shape[0]
    return convolve(x, p[f"{name}.w"], 1, ((size // 2,) * 2,) * 2) + p[f"{name}.b"]


def pool(x, size=2, stride=2, padding="VALID"):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1),
                             padding)


def classified(logits, i):
    return cross_entropy(logits, i["digit"]), {"probability": softmax(logits)}


def read_on(logits, i):
    return cross_entropy(logits, i["text"][:, 1:]), {"probability": softmax(logits)}


@example(lambda r: {"bits": r.normal(size=(4, 2)), "truth": r.choice([-1.0, 1.0], (4, 3))})
def perceptron(p, i):
    x = dense(p, "dense1", i["bits"])
    return relu(-i["truth"] * x).mean(), {"fires": (x > 0).astype(float)}


@example(lambda r: {"x": r.normal(size=(5, 2)), "y": r.normal(size=(5, 1))})
def linear_regression(p, i):
    guess = dense(p, "dense1", i["x"])
    return mse(guess, i["y"]), {"guess": guess}


@example(lambda r: {"x": r.normal(size=(5, 2)), "kind": r.integers(0, 2, 5).astype(float)})
def logistic_regression(p, i):
    z = dense(p, "dense1", i["x"])[:, 0]
    return (jax.nn.softplus(z) - z * i["kind"]).mean(), {"probability": sigmoid(z)}


@example(lambda r: {"bits": r.normal(size=(4, 2)), "truth": r.choice([-1.0, 1.0], (4, 1))})
def xor(p, i):
    guess = jnp.tanh(dense(p, "dense2", jnp.tanh(dense(p, "dense1", i["bits"]))))
    return mse(guess, i["truth"]), {"guess": guess}


@example(lambda r: {"x": r.normal(size=(6, 1)), "y": r.normal(size=(6, 1))}, "WIDTH=7")
def universal(p, i):
    guess = dense(p, "dense2", jnp.tanh(dense(p, "dense1", 20 * i["x"])))
    return mse(guess, i["y"]), {"guess": guess}


@example(lambda r: {"x": r.normal(size=(6, 1)), "y": r.normal(size=(6, 1))}, "DEEP=4", "WIDE=9")
def deep_and_wide(p, i):
    y = i["x"]
    for k in range(1, 5):
        y = relu(dense(p, f"deep1.dense{k}", y))
    y = dense(p, "deep1.dense5", y)
    z = dense(p, "wide1.dense2", relu(dense(p, "wide1.dense1", i["x"])))
    return mse(y, i["y"]) + mse(z, i["y"]), {"from_deep": y, "from_wide": z}


@example(images)
def softmax_regression(p, i):
    return classified(dense(p, "dense1", pixels(i)), i)


@example(images, "HIDDEN=5")
def digits(p, i):
    return classified(dense(p, "dense2", sigmoid(dense(p, "dense1", pixels(i)))), i)


@example(lambda r: {"image": images(r)["image"]}, "HIDDEN=4", "CODE=3")
def autoencoder(p, i):
    code = dense(p, "code", relu(dense(p, "dense1", pixels(i))))
    again = sigmoid(dense(p, "dense3", relu(dense(p, "dense2", code))))
    return mse(again, pixels(i)), {"code": code, "again": again}


@example(images, "FIRST=5", "SECOND=4")
def deep_belief(p, i):
    y = pixels(i)
    for k in (1, 2):
        y = sigmoid(dense(p, f"deep_belief1.started{k}", y))
    return classified(dense(p, "deep_belief1.dense1", y), i)


@example(images, "WIDTH=2")
def lenet(p, i):
    y = pool(relu(same(p, "lenet1.conv2d1", plane(i))))
    y = pool(relu(same(p, "lenet1.conv2d2", y))).reshape(len(y), -1)
    return classified(dense(p, "lenet1.dense2", relu(dense(p, "lenet1.dense1", y))), i)


@example(images, "WIDTH=4", "DROPPED=0.0")
def alexnet(p, i):
    def respond(x):
        squares = jnp.pad(x ** 2, ((0, 0),) * 3 + ((2, 2),))
        around = sum(squares[..., d : d + x.shape[-1]] for d in range(5))
        return x / (2 + 1e-4 * around) ** 0.75

    y = pool(respond(relu(same(p, "alexnet1.conv2d1", plane(i)))), 3)
    y = respond(relu(same(p, "alexnet1.conv2d2", y)))
    y = pool(relu(same(p, "alexnet1.conv2d3", y)), 3).reshape(len(y), -1)
    return classified(dense(p, "alexnet1.dense2", relu(dense(p, "alexnet1.dense1", y))), i)


@example(images, "WIDTH=2", "DROPPED=0.0")
def vgg(p, i):
    y = plane(i)
    for stage in range(3):
        for k in (1, 2):
            y = relu(same(p, f"vgg1.conv2d{2 * stage + k}", y))
        y = pool(y)
    y = relu(dense(p, "vgg1.dense1", y.reshape(len(y), -1)))
    return classified(dense(p, "vgg1.dense2", y), i)


@example(images, "WIDTH=2")
def googlenet(p, i):
    def inception(number, x):
        def part(k, x):
            return relu(same(p, f"googlenet1.inception{number}.conv2d{k}", x))

        highest = pool(x, 3, 1, "SAME")
        return jnp.concatenate([part(1, x), part(3, part(2, x)), part(5, part(4, x)),
                                part(6, highest)], axis=3)

    y = relu(same(p, "googlenet1.conv2d1", plane(i)))
    y = pool(inception(2, inception(1, y)))
    y = inception(4, inception(3, y))
    return classified(dense(p, "googlenet1.dense1", y.mean((1, 2))), i)


@example(images, "DEPTH=14", "WIDTH=2")
def resnet(p, i):
    def convolution(name, x, stride=1):
        y = batch_norm(convolve(x, p[f"{name}.conv2d1.w"], stride, ((1, 1), (1, 1))))
        return y * p[f"{name}.batch_norm1.scale"] + p[f"{name}.batch_norm1.shift"]

    y = relu(convolution("resnet1.convolution1", plane(i)))
    for k in range(6):
        name, stride = f"resnet1.block{k + 1}", 2 if k in (2, 4) else 1
        more = y.shape[3] * (stride - 1)
        past = jnp.pad(y[:, ::stride, ::stride], ((0, 0),) * 3 + ((more // 2, more - more // 2),))
        z = relu(convolution(f"{name}.convolution1", y, stride))
        y = relu(convolution(f"{name}.convolution2", z) + past)
    return classified(dense(p, "resnet1.dense1", y.mean((1, 2))), i)


@example(images, "UNITS=4")
def gru(p, i):
    y = gru_scan(i["image"] / 16, *layer_weights(p, "gru1"))
    return classified(dense(p, "dense1", y[:, -1]), i)


@example(images, "UNITS=3", "LAYERS=2")
def deep_rnn(p, i):
    y = i["image"] / 16
    for k in range(2):
        name = f"deep_rnn1.both_ways.{k}.rnn"
        down = rnn_scan(y, *layer_weights(p, f"{name}1"))
        up = rnn_scan(y[:, ::-1], *layer_weights(p, f"{name}2"))[:, ::-1]
        y = jnp.concatenate([down, up], axis=2)
    return classified(dense(p, "deep_rnn1.dense1", y.mean(1)), i)


def normal(p, name, x):
    return layer_norm(x) * p[f"{name}.scale"] + p[f"{name}.shift"]


def full_attention(x, wq, wk, wv, wo, heads):
    n, t, width = x.shape
    q, k, v = (jnp.reshape(x @ w, (n, t, heads, width // heads)) for w in (wq, wk, wv))
    weight = softmax(jnp.einsum("nthd,nshd->nhts", q, k) / np.sqrt(width // heads))
    return jnp.einsum("nhts,nshd->nthd", weight, v).reshape(n, t, width) @ wo


def transformer(p, name, x, attend):
    weights = [p[f"{name}.self_attention1.w{k}"] for k in "qkvo"]
    x = x + attend(normal(p, f"{name}.layer_norm1", x), *weights)
    y = jax.nn.gelu(dense(p, f"{name}.dense1", normal(p, f"{name}.layer_norm2", x)),
                    approximate=False)
    return x + dense(p, f"{name}.dense2", y)


@example(images, "WIDTH=4", "BLOCKS=1")
def attention(p, i):
    x = dense(p, "dense1", i["image"] / 16) + p["positional_embedding1.w"]
    x = transformer(p, "encoder.0", x, lambda *a: full_attention(*a, 4))
    return classified(dense(p, "dense2", normal(p, "layer_norm1", x).reshape(len(x), -1)), i)


@example(letters, "WIDTH=4", "HEADS=2", "BLOCKS=2", "WINDOW=9", "DROPPED=0.0")
def gpt(p, i):
    x = p["embedding1.w"][i["text"][:, :-1]] + p["positional_embedding1.w"]
    for k in range(2):
        x = transformer(p, f"decoder.{k}", x, lambda *a: causal_attention(*a, 2))
    return read_on(dense(p, "dense1", normal(p, "layer_norm1", x)), i)


@example(letters, "UNITS=3", "LETTER=2", "WINDOW=9")
def language_model(p, i):
    x = p["embedding1.w"][i["text"][:, :-1]]
    return read_on(dense(p, "dense1", rnn_scan(x, *layer_weights(p, "rnn1"))), i)


@example(letters, "UNITS=3", "LETTER=2", "WINDOW=9", "DROPPED=0.0")
def lstm(p, i):
    x = p["embedding1.w"][i["text"][:, :-1]]
    for k in (1, 2):
        x = lstm_scan(x, *layer_weights(p, f"lstm{k}"))[0]
    return read_on(dense(p, "dense1", x), i)


@example(lambda r: {f"{side}{what}": value for side in ("left", "right")
                    for what, value in (("", classes(r, (5, 8, 8), 17)),
                                        ("_digit", classes(r, 5, 3)))}, "HIDDEN=4", "CODE=3")
def siamese(p, i):
    def look(image):
        y = relu(dense(p, "look.dense1", image.reshape(-1, 64) / 16))
        return y @ p["look.dense2.w"]

    u, v = look(i["left"]), look(i["right"])
    d = jnp.sqrt(1e-6 + ((u[:, None] - v[None]) ** 2).sum(-1))
    alike = i["left_digit"][:, None] == i["right_digit"][None]
    return jnp.where(alike, d ** 2, relu(1.0 - d) ** 2).mean(), {"code": u}


def flags(definitions):
    return [word for definition in definitions for word in ("-D", definition)]


def variables(netc, name, definitions):
    """The fresh parameters and states of an example: nothing is taken from them but shapes."""
    with tempfile.TemporaryDirectory() as folder:
        saved = f"{folder}/w"
        random = ["-D", "PRETRAINED=false"] if name == "deep_belief" else []
        subprocess.run([netc, "train", HERE.parents[1] / "examples" / f"{name}.net", "--quiet",
                        "--epochs", "0", "--save", saved, *flags(definitions), *random], check=True)
        fresh = load_file(saved)
    layer = {"deep1.dense1": "deep_belief1.started1", "deep1.dense2": "deep_belief1.started2",
             "deep1.dense3": "deep_belief1.dense1"} if random else {}
    for old, new in layer.items():
        fresh |= {f"{new}.{part}": fresh.pop(f"{old}.{part}") for part in "wb"}
    return fresh


def main():
    programs, states, commands = {}, {}, []
    for name, (function, draw, definitions) in EXAMPLES.items():
        fresh = variables(sys.argv[1], name, definitions)
        states[name] = {k: v for k, v in fresh.items() if ".running_" in k}
        shapes = {k: v.shape for k, v in fresh.items() if k not in states[name]}
        programs[name] = (function, draw, shapes)
        check = f"python3 %S/../gradients/check.py %netc %examples/{name}.net %t.{name}"
        commands.append(" ".join(["RUN:", check, "--references %S/data", *flags(definitions)]))
    write(HERE / "data", programs, states)
    (HERE / "gradients_agree_with_jax.test").write_text(
        "Losses, outputs and gradients of every example without draws are those of JAX.\n"
        + "\n".join(commands) + "\n")


if __name__ == "__main__":
    main()
