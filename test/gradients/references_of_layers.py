"""Programs of layers: products, convolutions, attention, losses."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from references import attention, classes, convolve, cross_entropy, layer_norm, logsumexp, mse, program


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
