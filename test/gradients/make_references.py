"""Makes the reference values of the gradient suite with JAX in double precision.

For every program of this folder: random weights and inputs (a fixed seed, away from kinks), and the
loss, the outputs and all gradients as JAX computes them from the same formulas, written here a
second time by hand. Run it once from an environment with jax and safetensors; its results in
`data/` are stored with the project.

usage: python make_references.py
"""

import pathlib

import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
from jax import lax
from safetensors.numpy import save_file

PROGRAMS = {}

# What a file of weights holds besides parameters; training does not read it.
STATES = {
    "normalised": {f"batch_norm{k}.running_{what}": np.full(size, value, np.float32)
                   for k, size in ((1, 4), (2, 6)) for what, value in (("mean", 0), ("variance", 1))},
}


def program(inputs, **shapes):
    """Registers a function of (weights, inputs) that returns (loss, outputs).

    `shapes` are the parameters by name, `__` standing for a dot; `inputs` draws the inputs.
    """

    def register(function):
        weights = {name.replace("__", "."): shape for name, shape in shapes.items()}
        PROGRAMS[function.__name__] = (function, inputs, weights)
        return function

    return register


def logsumexp(x):
    return jax.scipy.special.logsumexp(x, axis=-1)


def cross_entropy(logits, y):
    logp = jax.nn.log_softmax(logits, axis=-1)
    return -jnp.mean(jnp.take_along_axis(logp, y[..., None].astype(int), axis=-1))


def mse(a, b):
    return jnp.mean((a - b) ** 2)


def convolve(x, w, stride=1, padding=((0, 0), (0, 0)), dilation=1, groups=1):
    strides = (stride, stride) if isinstance(stride, int) else stride
    return lax.conv_general_dilated(x, w, strides, padding, rhs_dilation=(dilation, dilation),
                                    feature_group_count=groups,
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def layer_norm(x):
    d = x - x.mean(-1, keepdims=True)
    return d / jnp.sqrt((d ** 2).mean(-1, keepdims=True) + 1e-5)


def attention(x, wq, wk, wv, wo, heads):
    n, t, width = x.shape
    q, k, v = (jnp.reshape(x @ w, (n, t, heads, width // heads)) for w in (wq, wk, wv))
    score = jnp.einsum("nthd,nshd->nhts", q, k) / np.sqrt(width // heads)
    weight = jax.nn.softmax(jnp.where(np.tri(t, dtype=bool), score, -jnp.inf), axis=-1)
    return jnp.einsum("nhts,nshd->nthd", weight, v).reshape(n, t, width) @ wo


def classes(rng, shape, count, dtype=np.uint8):
    return rng.integers(0, count, shape).astype(dtype)


@program(lambda r: {"x": r.normal(size=(8, 9)), "y": classes(r, 8, 5)},
         dense1__w=(9, 7), dense1__b=(7,), dense2__w=(7, 6), dense2__b=(6,),
         dense3__w=(6, 5), dense3__b=(5,))
def mlp(p, i):
    h = jax.nn.sigmoid(i["x"] @ p["dense1.w"] + p["dense1.b"])
    h = jnp.tanh(h @ p["dense2.w"] + p["dense2.b"])
    logits = h @ p["dense3.w"] + p["dense3.b"]
    return cross_entropy(logits, i["y"]), {"probability": jax.nn.softmax(logits)}


@program(lambda r: {"x": r.normal(size=(4, 7, 8, 3)), "y": classes(r, 4, 5)},
         w1=(3, 3, 3, 4), b1=(4,), w2=(2, 3, 4, 5))
def convolution(p, i):
    h = jnp.tanh(convolve(i["x"], p["w1"], 1, ((1, 1), (1, 1))) + p["b1"])
    z = convolve(h, p["w2"], (2, 3), ((1, 0), (0, 1)))
    return cross_entropy(jnp.tanh(z).mean((1, 2)), i["y"]), {"features": z}


@program(lambda r: {"x": r.normal(size=(3, 9, 9, 4)), "y": classes(r, 3, 6)},
         conv2d1__w=(3, 3, 4, 6), conv2d1__b=(6,), conv2d2__w=(3, 3, 3, 4), conv2d2__b=(4,),
         depthwise_conv2d1__w=(3, 3, 1, 4), depthwise_conv2d1__b=(4,),
         conv_transpose2d1__w=(3, 3, 4, 3), conv_transpose2d1__b=(3,), conv2d3__w=(2, 2, 3, 5),
         dense1__w=(3 * 3 * 5 + 4 * 4 * 3, 6), dense1__b=(6,))
def layers2d(p, i):
    a = jnp.tanh(convolve(i["x"], p["conv2d1.w"], 2, ((1, 1), (1, 1))) + p["conv2d1.b"])
    b = convolve(a, p["conv2d2.w"], 1, ((1, 1), (1, 1)), groups=2) + p["conv2d2.b"]
    b = convolve(jax.nn.sigmoid(b), p["depthwise_conv2d1.w"], 1, ((1, 1), (1, 1)), groups=4)
    b = b + p["depthwise_conv2d1.b"]
    n, h, w, _ = b.shape
    size = (h - 1) * 2 - 2 + 3
    full = jnp.zeros((n, size + 2, size + 2, 3))
    for y in range(3):
        for x in range(3):
            term = jnp.einsum("nhwc,cf->nhwf", b, p["conv_transpose2d1.w"][y, x])
            full = full.at[:, y : y + 2 * h - 1 : 2, x : x + 2 * w - 1 : 2].add(term)
    c = jnp.tanh(full[:, 1:-1, 1:-1] + p["conv_transpose2d1.b"])
    d = convolve(c, p["conv2d3.w"], dilation=2)
    top = lax.reduce_window(d, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "VALID")
    flat = lax.reduce_window(c, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
    both = jnp.concatenate([top.reshape(n, -1), flat.reshape(n, -1)], axis=1)
    logits = both @ p["dense1.w"] + p["dense1.b"]
    return cross_entropy(logits, i["y"]), {"pooled": d.mean((1, 2))}


@program(lambda r: {"x": r.normal(size=(5, 6)), "t": r.normal(size=(5, 3))}, dense1__w=(6, 3))
def pairwise(p, i):
    e = i["x"] @ p["dense1.w"]
    near = jnp.exp(-((e[:, None] - e[None]) ** 2).sum(-1))
    mix = near @ i["t"] / near.sum(1, keepdims=True)
    return mse(mix, i["t"]), {"mixed": mix}


@program(lambda r: {"a": r.normal(size=(6, 5)), "b": r.normal(size=(6, 5)), "same": r.random(6)},
         tower__w=(5, 4), tower__b=(4,))
def shared(p, i):
    u = jnp.tanh(i["a"] @ p["tower.w"] + p["tower.b"])
    v = jnp.tanh(i["b"] @ p["tower.w"] + p["tower.b"])
    d = ((u - v) ** 2).sum(1)
    return mse(d, i["same"]) + 0.1 * mse(u @ p["tower.w"].T, i["a"]), {"distance": d}


@program(lambda r: {"tokens": classes(r, (3, 6), 11), "next": classes(r, (3, 6), 11)},
         table__w=(11, 8), wq=(8, 2, 4), wk=(8, 2, 4), wv=(8, 2, 4))
def causal(p, i):
    x = p["table.w"][i["tokens"]]
    q, k, v = (jnp.einsum("ntc,chd->nthd", x, p[w]) for w in ("wq", "wk", "wv"))
    score = 0.5 * jnp.einsum("nthd,nshd->nhts", q, k)
    weight = jax.nn.softmax(jnp.where(np.tri(6, dtype=bool), score, -jnp.inf), axis=-1)
    y = jnp.einsum("nhts,nshd->nthd", weight, v)
    logits = (x + y.reshape(x.shape)) @ p["table.w"].T
    return cross_entropy(logits, i["next"]), {"attention": weight}


@program(lambda r: {"tokens": classes(r, (4, 5), 9, np.int32), "y": classes(r, 4, 4, np.int64)},
         embedding1__w=(9, 8), positional_embedding1__w=(5, 8), layer_norm1__scale=(8,),
         layer_norm1__shift=(8,), self_attention1__wq=(8, 8), self_attention1__wk=(8, 8),
         self_attention1__wv=(8, 8), self_attention1__wo=(8, 8), rms_norm1__scale=(8,),
         dense1__w=(8, 16), dense1__b=(16,), dense2__w=(16, 8), dense2__b=(8,),
         dense3__w=(8, 4), dense3__b=(4,))
def transformer(p, i):
    x = p["embedding1.w"][i["tokens"]] + p["positional_embedding1.w"]
    normal = layer_norm(x) * p["layer_norm1.scale"] + p["layer_norm1.shift"]
    a = x + attention(normal, *(p[f"self_attention1.w{k}"] for k in "qkvo"), 2)
    r = a / jnp.sqrt((a ** 2).mean(-1, keepdims=True) + 1e-5) * p["rms_norm1.scale"]
    h = jax.nn.gelu(r @ p["dense1.w"] + p["dense1.b"], approximate=False)
    b = a + h @ p["dense2.w"] + p["dense2.b"]
    logits = b.mean(1) @ p["dense3.w"] + p["dense3.b"]
    return cross_entropy(logits, i["y"]), {"logits": logits}


@program(lambda r: {"x": r.normal(size=(7, 10)) + 0.01}, a=(10,))
def activations(p, i):
    z = i["x"] * p["a"]
    s = (jax.nn.relu(z) + jax.nn.leaky_relu(z, 0.1) + jax.nn.elu(z) + jax.nn.selu(z)
         + jax.nn.gelu(z, approximate=False) + jax.nn.silu(z) + jax.nn.softplus(z))
    t = (jnp.exp(z) + jnp.log(jnp.abs(z) + 1) + jnp.log1p(z ** 2) + jnp.expm1(z)
         + jnp.sqrt(z ** 2 + 1) + 1 / jnp.sqrt(z ** 2 + 2))
    u = (jnp.sin(z) + jnp.cos(z) + jnp.tanh(z) + jax.nn.sigmoid(z) + lax.erf(z)
         + jnp.minimum(z, 0.3) + jnp.maximum(z, -0.2) + jnp.clip(z, -1, 1))
    v = ((jnp.abs(z) + 0.5) ** 1.7 + z ** 3 + (jnp.abs(z) + 1) ** z + jnp.mean(logsumexp(z)))
    y = s + t + u + v
    return jnp.mean(y * jax.nn.softmax(z)), {"y": y}


@program(lambda r: {"x": r.normal(size=(6, 6)), "t": r.normal(size=(6, 4)), "y": classes(r, 6, 4)},
         dense1__w=(6, 4), dense1__b=(4,))
def losses(p, i):
    logits, t = i["x"] @ p["dense1.w"] + p["dense1.b"], i["t"]
    q, s, d = jax.nn.softmax(t), jax.nn.sigmoid(t), logits - t
    logp = jax.nn.log_softmax(logits)
    loss = cross_entropy(logits, i["y"]) - jnp.mean((q * logp).sum(-1))
    loss += jnp.mean(-s * jax.nn.log_sigmoid(logits) - (1 - s) * jax.nn.log_sigmoid(-logits))
    loss += jnp.mean(d ** 2) + jnp.mean(jnp.abs(d))
    small = jnp.abs(d) <= 0.7
    loss += jnp.mean(jnp.where(small, 0.5 * d ** 2, 0.7 * (jnp.abs(d) - 0.35)))
    loss += jnp.mean(jax.nn.relu(1 - t * logits)) + jnp.mean(jax.nn.relu(-t * logits))
    return loss + jnp.mean((q * (jnp.log(q) - logp)).sum(-1)), {"logits": logits}


@program(lambda r: {"x": r.normal(size=(4, 4, 6))}, w=(6, 4), table=(5, 4))
def shapes(p, i):
    a = i["x"] @ p["w"]
    b = a.transpose(0, 2, 1)[:, ::-1]
    c = jnp.concatenate([a[:, 0, :], b[:, -1, :], a[:, 2, 0:2]], axis=1)
    d, e = jnp.split(c, 2, axis=1)
    f = jnp.pad(d, [[0, 0], [1, 2]], constant_values=0.5)
    g = jnp.stack([d, e], axis=1).transpose(0, 2, 1).reshape(4, 10)
    best = jnp.argmax(a, axis=-1)
    s = p["table"][best].sum(1, keepdims=True)
    m = a.max(2) * a.min(2) + a.prod(2)
    loss = (jnp.mean(f ** 2) + jnp.mean(jnp.sin(g)) + jnp.mean(s * a) + jnp.mean(m)
            + jnp.sum(jax.nn.one_hot(best, 4) * a) / 7)
    return loss, {"g": g}


@program(lambda r: {"x": r.normal(size=(3, 3, 4, 5))}, u=(5, 6), v=(3, 6, 4))
def products(p, i):
    z = i["x"] @ p["u"] @ p["v"]
    gram = jnp.einsum("nhik,nhjk->nhij", z, z)
    return jnp.mean(gram ** 2) + 0.01 * jnp.mean(gram.sum((0, 1, 3))), {"z": z}


@program(lambda r: {"x": r.normal(size=(4, 12))}, w=(5,), k=(3, 2))
def overlap(p, i):
    x, n = i["x"], 4
    wide = jnp.pad(x, [[0, 0], [2, 2]])
    y = sum(wide[:, a : a + 12] * p["w"][a] for a in range(5))
    z = sum(jnp.tanh(y[:, a : a + 10 : 3])[..., None] * p["k"][a] for a in range(3))
    e = y[:, 1:10:2] * y[:, 11:2:-2]
    edge = jnp.concatenate([jnp.ones((n, 1)), x, -jnp.ones((n, 1))], axis=1)
    c = edge[:, :-2] - 2 * x + edge[:, 2:]
    top = jnp.stack([y[:, 2 * q : 2 * q + 4].max(1) for q in range(5)], axis=1)
    return jnp.mean(z ** 2) + jnp.mean(e) + jnp.mean(c * y) + jnp.mean(top), {"z": z}


def gated_shapes():
    shapes = {"head__w": (4, 2), "head__b": (2,)}
    for k in range(3):
        shapes |= {f"block__{k}__up__w": (4, 8), f"block__{k}__up__b": (8,),
                   f"block__{k}__down__w": (8, 4), f"block__{k}__down__b": (4,)}
        if k % 2 == 0:
            shapes |= {f"block__{k}__dense1__w": (4, 4), f"block__{k}__dense1__b": (4,)}
    return shapes


@program(lambda r: {"x": r.normal(size=(8, 4)), "y": r.normal(size=(8, 2))}, **gated_shapes())
def gated(p, i):
    def dense(x, name):
        return x @ p[name + ".w"] + p[name + ".b"]

    h = i["x"]
    for k in range(3):
        y = dense(jax.nn.silu(dense(h, f"block.{k}.up")), f"block.{k}.down")
        if k % 2 == 0:
            y = y * jax.nn.sigmoid(dense(h, f"block.{k}.dense1"))
        h = h + y
    out = dense(h, "head")
    return mse(out, i["y"]), {"p": out}


@program(lambda r: {"x": r.normal(size=(5, 4)), "y": r.normal(size=(5, 1))},
         dense1__w=(4, 5), dense1__b=(5,), dense2__w=(5, 1), dense2__b=(1,))
def second(p, i):
    def first(x):
        h = jnp.tanh(x @ p["dense1.w"] + p["dense1.b"])
        return mse(h @ p["dense2.w"] + p["dense2.b"], i["y"])

    value, slope = jax.value_and_grad(first)(i["x"])
    return value + 0.5 * jnp.sum(slope ** 2), {"slope": slope}


def dilated_shapes():
    shapes = {"stem__w": (3, 2, 4), "stem__b": (4,), "dense1__w": (4, 1), "dense1__b": (1,)}
    for k in range(3):
        for part in ("filter", "gate"):
            shapes |= {f"{part}__{k}__w": (3, 4, 4), f"{part}__{k}__b": (4,)}
    return shapes


@program(lambda r: {"x": r.normal(size=(3, 11, 2)), "next": r.normal(size=(3, 11))},
         **dilated_shapes())
def dilated(p, i):
    def causal(x, name, dilation=1):
        wide = jnp.pad(x, [[0, 0], [2 * dilation, 0], [0, 0]])
        first = [(2 - k) * dilation for k in range(3)]
        return p[name + ".b"] + sum(wide[:, f : f + 11] @ p[name + ".w"][k]
                                    for k, f in enumerate(first))

    h, skip = causal(i["x"], "stem"), 0
    for k, dilation in enumerate((1, 2, 4)):
        z = jnp.tanh(causal(h, f"filter.{k}", dilation))
        z = z * jax.nn.sigmoid(causal(h, f"gate.{k}", dilation))
        h, skip = h + z, skip + z
    y = (skip @ p["dense1.w"] + p["dense1.b"])[..., 0]
    return mse(y, i["next"]), {"y": y}


@program(lambda r: {"left": r.normal(size=(8, 7)), "right": r.normal(size=(8, 7)),
                    "same": r.random(8) < 0.5},
         hidden__w=(7, 6), hidden__b=(6,), embed__w=(6, 3))
def siamese(p, i):
    def tower(x):
        return jnp.tanh(x @ p["hidden.w"] + p["hidden.b"]) @ p["embed.w"]

    d = jnp.sqrt(((tower(i["left"]) - tower(i["right"])) ** 2).sum(-1) + 1e-6)
    each = jnp.where(i["same"], d ** 2, jnp.maximum(1.5 - d, 0) ** 2)
    return each.mean() / 2 + 0.01 * (p["hidden.w"] ** 2).sum(), {"distance": d}


@program(lambda r: {"x": r.normal(size=(6, 5, 3)), "y": r.normal(size=(6, 2))},
         scale=(3,), shift=(3,), s=(), dense1__w=(15, 2))
def statistics(p, i):
    x = i["x"]
    v = x.var((0, 1))
    z = p["scale"] * (x - x.mean((0, 1))) / jnp.sqrt(v + 1e-3) + p["shift"]
    h = jnp.tanh(z * (p["s"] + 1)).reshape(6, 15) @ p["dense1.w"]
    q = (h - h.mean(0)) / jnp.sqrt(h.var(0) + 0.1)
    return mse(q, i["y"]) + p["s"] * v.mean(), {"q": q}


@program(lambda r: {"words": classes(r, (4, 9), 13, np.int32), "class": classes(r, 4, 3, np.int32)},
         table=(13, 4), w2=(2, 4, 3), w3=(3, 4, 3), dense1__w=(6, 3), dense1__b=(3,))
def over_time(p, i):
    x = p["table"][i["words"]]
    a = jnp.tanh(sum(x[:, k : k + 8] @ p["w2"][k] for k in range(2)))
    b = jnp.tanh(sum(x[:, k : k + 7] @ p["w3"][k] for k in range(3)))
    both = jnp.concatenate([a.max(1), b.min(1)], axis=1)
    logits = both @ p["dense1.w"] + p["dense1.b"]
    place = jnp.argmax(a, axis=1).astype(float).mean(1)
    return cross_entropy(logits, i["class"]), {"logits": logits, "place": place}


@program(lambda r: {"tokens": classes(r, (3, 6), 10), "next": classes(r, (3, 6), 10)},
         table__w=(10, 8), positional_embedding1__w=(6, 8), rms_norm1__scale=(8,),
         **{f"twice__layer_norm{k}__{v}": (8,) for k in (1, 2) for v in ("scale", "shift")},
         **{f"twice__self_attention1__w{k}": (8, 8) for k in "qkvo"},
         twice__dense1__w=(8, 16), twice__dense1__b=(16,), twice__dense2__w=(16, 8),
         twice__dense2__b=(8,))
def tied_blocks(p, i):
    def twice(x):
        def norm(v, k):
            return (layer_norm(v) * p[f"twice.layer_norm{k}.scale"]
                    + p[f"twice.layer_norm{k}.shift"])

        a = x + attention(norm(x, 1), *(p[f"twice.self_attention1.w{k}"] for k in "qkvo"), 2)
        h = norm(a, 2) @ p["twice.dense1.w"] + p["twice.dense1.b"]
        h = jax.nn.gelu(h, approximate=False)
        return a + h @ p["twice.dense2.w"] + p["twice.dense2.b"]

    h = twice(twice(p["table.w"][i["tokens"]] + p["positional_embedding1.w"]))
    h = h / jnp.sqrt((h ** 2).mean(-1, keepdims=True) + 1e-5) * p["rms_norm1.scale"]
    logits = h @ p["table.w"].T
    return cross_entropy(logits, i["next"]), {"logits": logits}


def mixture_shapes():
    shapes = {"dense1__w": (4, 3), "dense1__b": (3,)}
    for k, width in enumerate((3, 5, 4)):
        shapes |= {f"up__{k}__w": (4, width), f"up__{k}__b": (width,),
                   f"down__{k}__w": (width, 2), f"down__{k}__b": (2,)}
    return shapes


@program(lambda r: {"x": r.normal(size=(7, 4)), "y": r.normal(size=(7, 2))}, **mixture_shapes())
def mixture(p, i):
    def dense(x, name):
        return x @ p[name + ".w"] + p[name + ".b"]

    gate = jax.nn.softmax(dense(i["x"], "dense1"))
    total = sum(gate[:, k : k + 1] * dense(jax.nn.silu(dense(i["x"], f"up.{k}")), f"down.{k}")
                for k in range(3))
    extra = jnp.mean(gate.sum(-1) * jnp.log(gate.prod(-1) + 1))
    return mse(total, i["y"]) + 0.1 * extra, {"total": total}


@program(lambda r: {"cell": r.integers(-9, 30, (6, 5)).astype(np.int32),
                    "offset": r.integers(-4, 7, 6), "y": r.normal(size=(6, 5))},
         row=(3, 2), column=(4, 2), bias=(7,))
def integers(p, i):
    cell = i["cell"]
    z = (p["row"][cell // 4 % 3] * p["column"][cell % 4]).sum(-1)
    t = np.arange(5)
    twice = p["bias"][cell % 4 + 2] - p["bias"][(cell + t) % 7]
    at = i["offset"][:, None] + t
    read = jnp.take_along_axis(z, np.clip(at, 0, 4), axis=1)
    last = jnp.where((at >= 0) & (at < 5), read, 0.25)
    out = np.where(cell % 2 == 0, 1.0, -1.0) * z + twice * last
    return mse(out, i["y"]), {"p": out}


@program(lambda r: {"x": 1.5 * r.normal(size=(8, 6))}, a=(6,))
def chains(p, i):
    def positive(z, where):
        return jnp.where(where, z, 1.0)  # keeps NaN out of the side that is not selected

    z = i["x"] * (p["a"] + 1)
    middle = (z > 0.5) & ~(z > 2)
    y = jnp.where(z < -1, -1 - 0.1 * z, jnp.where(z < 0, z ** 3, jnp.where(
        middle, jnp.sqrt(positive(z, middle)), jnp.log1p(jnp.abs(z)))))
    safe = jnp.where(z > 0.2, jnp.log(positive(z, z > 0.2)), 0)
    q = jnp.where((np.arange(6) % 2 == 0) | (z > 1), jnp.clip(z, -1.5, 1.5), z * z[:, ::-1])
    root = jnp.where(z >= 0, jnp.sqrt(positive(z, z >= 0)), -jnp.sqrt(positive(-z, z < 0)))
    return y.mean() + (safe ** 2).mean() + (q * q).mean() + root.mean(), {"y": y, "root": root}


@program(lambda r: {"x": r.normal(size=(4, 1, 4)), "y": r.normal(size=(4, 3, 1))},
         s=(), t=(1, 3, 1), r=(1,), dense1__w=(4, 2), dense1__b=(2,))
def broadcasts(p, i):
    z = p["s"] * i["x"] * p["t"] + i["y"] ** 2 - p["r"]
    h = jnp.tanh(z @ p["dense1.w"] + p["dense1.b"])
    near = jnp.einsum("nij,mij->nm", h, h)
    spread = jnp.where(np.eye(4, dtype=bool), 0, jnp.exp(-near ** 2)).mean(1)
    loss = spread.mean() + (z ** 2).mean() * p["s"] + h.sum() / 10 + p["r"][0] * p["s"]
    return loss, {"h": h, "spread": spread}


@program(lambda r: {"x": r.normal(size=(5, 3))}, w=(3, 3))
def doubles(p, i):
    h = i["x"] @ p["w"] + 0.1
    a = ((0.7 * h + 1e-3) * h - 1 / 3) * h + 0.1
    a = a + jnp.exp(-(h / (2 / 3)) ** 2) * jnp.exp(-(h / 1.1) ** 2)
    k = jnp.abs(h) ** 1.3 + 2 ** h + (1 + h ** 2) ** -0.5
    return jnp.mean(a * k) * np.sqrt(2), {"p": a}


@program(lambda r: {"image": r.normal(size=(4, 8, 8)), "y": classes(r, 4, 3)},
         w=(3, 3, 4), dense1__w=(16, 3), dense1__b=(3,))
def windows(p, i):
    wide = jnp.pad(i["image"], [[0, 0], [1, 1], [1, 1]])
    z = sum(wide[:, a : a + 7 : 2, b : b + 7 : 2, None] * p["w"][a, b]
            for a in range(3) for b in range(3))
    soft = jnp.log(sum(jnp.exp(z[:, a::2, b::2]) for a in range(2) for b in range(2)))
    square = jnp.pad(soft ** 2, [[0, 0], [0, 0], [0, 0], [1, 1]])
    u = soft / (1 + 0.5 * sum(square[..., d : d + 4] for d in range(3))) ** 0.75
    logits = u.reshape(4, 16) @ p["dense1.w"] + p["dense1.b"]
    return cross_entropy(logits, i["y"]), {"u": u}


@program(lambda r: {"x": r.normal(size=(4, 4)), "y": r.normal(size=(4, 5))}, w=(4, 5, 3), a=(4, 4))
def products_of_three(p, i):
    x, y, a = i["x"], i["y"], p["a"]
    z = jnp.einsum("ni,ijk,nj->nk", x, p["w"], y)
    cosine = z.sum(1) / jnp.sqrt(1e-2 + (z ** 2).sum(1))
    lower = x @ jnp.tril(a).T
    loss = (z ** 2).mean() + jnp.trace(a) * jnp.einsum("ni,nj->nij", x, y).mean()
    loss += (jnp.cumsum(y, axis=1) * y).mean() + (jnp.diag(a) ** 2).sum() + lower.mean()
    return loss + cosine.mean(), {"z": z, "cosine": cosine}


def lstm_scan(x, wx, wh, b):
    """All hidden states [N, T, U] and the last cell state."""
    units = wh.shape[0]

    def step(carry, xt):
        h, c = carry
        i, f, g, o = jnp.split(xt @ wx + h @ wh + b, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zero = jnp.zeros((x.shape[0], units))
    (_, c), y = lax.scan(step, (zero, zero), x.swapaxes(0, 1))
    return y.swapaxes(0, 1), c


def gru_scan(x, wx, wh, b):
    def step(h, xt):
        xz, xr, xn = jnp.split(xt @ wx + b, 3, axis=-1)
        hz, hr, hn = jnp.split(h @ wh, 3, axis=-1)
        z, r = jax.nn.sigmoid(xz + hz), jax.nn.sigmoid(xr + hr)
        h = (1 - z) * jnp.tanh(xn + r * hn) + z * h
        return h, h

    zero = jnp.zeros((x.shape[0], wh.shape[0]))
    return lax.scan(step, zero, x.swapaxes(0, 1))[1].swapaxes(0, 1)


def rnn_scan(x, wx, wh, b):
    def step(h, xt):
        h = jnp.tanh(xt @ wx + h @ wh + b)
        return h, h

    zero = jnp.zeros((x.shape[0], wh.shape[0]))
    return lax.scan(step, zero, x.swapaxes(0, 1))[1].swapaxes(0, 1)


def batch_norm(x):
    axes = tuple(range(x.ndim - 1))
    d = x - x.mean(axes)
    return d / jnp.sqrt((d ** 2).mean(axes) + 1e-5)


def layer_weights(p, name):
    return (p[f"{name}.{part}"] for part in ("wx", "wh", "b"))


@program(lambda r: {"tokens": classes(r, (3, 7), 6), "next": classes(r, (3, 7), 6)},
         embedding1__w=(6, 5), memory1__wx=(5, 16), memory1__wh=(4, 16), memory1__b=(16,),
         dense1__w=(4, 6), dense1__b=(6,))
def lstm(p, i):
    e = p["embedding1.w"][i["tokens"]]
    y, c = lstm_scan(e, *layer_weights(p, "memory1"))
    logits = y @ p["dense1.w"] + p["dense1.b"]
    decay = 0.5 * c
    for t in range(7):
        decay = 0.9 * decay + y[:, 6 - t] * e[:, t].mean(1, keepdims=True)
    return cross_entropy(logits, i["next"]) + jnp.mean(decay ** 2), {"logits": logits,
                                                                    "decay": decay}


@program(lambda r: {"x": r.normal(size=(3, 6, 3)), "y": classes(r, 3, 4)},
         rnn1__wx=(3, 4), rnn1__wh=(4, 4), rnn1__b=(4,),
         gru1__wx=(3, 12), gru1__wh=(4, 12), gru1__b=(12,),
         gru2__wx=(3, 12), gru2__wh=(4, 12), gru2__b=(12,),
         lstm1__wx=(8, 12), lstm1__wh=(3, 12), lstm1__b=(12,), dense1__w=(15, 4), dense1__b=(4,))
def recurrent(p, i):
    x = i["x"]
    a = rnn_scan(x, *layer_weights(p, "rnn1"))
    there = gru_scan(x, *layer_weights(p, "gru1"))
    back = gru_scan(x[:, ::-1], *layer_weights(p, "gru2"))[:, ::-1]
    both = jnp.concatenate([there, back], axis=2)
    final = jnp.concatenate([there[:, -1], back[:, 0]], axis=1)
    c = lstm_scan(both, *layer_weights(p, "lstm1"))[0]
    logits = jnp.concatenate([a.max(1), final, c[:, -1]], axis=1) @ p["dense1.w"] + p["dense1.b"]
    return cross_entropy(logits, i["y"]), {"both": both}


@program(lambda r: {"x": r.normal(size=(6, 5, 4)), "y": classes(r, 6, 3)},
         batch_norm1__scale=(4,), batch_norm1__shift=(4,), dense1__w=(20, 6),
         batch_norm2__scale=(6,), batch_norm2__shift=(6,), dense2__w=(6, 3), dense2__b=(3,))
def normalised(p, i):
    h = batch_norm(i["x"]) * p["batch_norm1.scale"] + p["batch_norm1.shift"]
    h = batch_norm(jnp.tanh(h).reshape(6, -1) @ p["dense1.w"])
    h = h * p["batch_norm2.scale"] + p["batch_norm2.shift"]
    return cross_entropy(h @ p["dense2.w"] + p["dense2.b"], i["y"]), {"h": h}


@program(lambda r: {"x": r.normal(size=(3, 4, 3, 2))}, w=(2, 2))
def nested(p, i):
    h, steps = jnp.zeros((3, 2)), []
    for t in range(4):
        k = h @ p["w"]
        for s in range(3):
            k = jnp.tanh(k @ p["w"] + i["x"][:, t, s])
        h = 0.5 * h + k
        steps.append(k)
    y = jnp.stack(steps, axis=1)
    return jnp.mean(y ** 2) + jnp.mean(h), {"y": y}


def write(folder, programs, states):
    """Stores inputs, weights and what is expected of them, for each program."""
    folder.mkdir(exist_ok=True)
    for name, (function, draw, shapes) in programs.items():
        rng = np.random.default_rng(sum(name.encode()))
        inputs = draw(rng)
        weights = {key: np.asarray(rng.normal(size=shape) * 0.5) for key, shape in shapes.items()}
        # What f32 can hold, so that both precisions see the same numbers.
        rounded = {k: np.asarray(v, np.float32) for k, v in weights.items()}
        given = {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in inputs.items()}
        weights = {k: v.astype(np.float64) for k, v in rounded.items()}
        wide = {k: v.astype(np.float64) if v.dtype == np.float32 else v for k, v in given.items()}
        floats = {k: v for k, v in wide.items() if v.dtype == np.float64}
        others = {k: v for k, v in wide.items() if v.dtype != np.float64}

        def loss(w, f):
            return function(w, {**others, **f})

        (value, outputs), (by_weight, by_input) = jax.value_and_grad(
            loss, argnums=(0, 1), has_aux=True)(weights, floats)
        expected = {"loss": np.asarray(value)}
        expected |= {f"output.{k}": np.asarray(v) for k, v in outputs.items()}
        expected |= {f"grad.{k}": np.asarray(v) for k, v in {**by_weight, **by_input}.items()}
        save_file({**rounded, **states.get(name, {})}, folder / f"{name}.weights.safetensors")
        save_file(given, folder / f"{name}.input.safetensors")
        save_file({k: np.copy(v, order="C") for k, v in expected.items()},
                  folder / f"{name}.expected.safetensors")
        print(name, float(value))


if __name__ == "__main__":
    write(pathlib.Path(__file__).parent / "data", PROGRAMS, STATES)
