"""Programs of index notation: what is read where, shapes, broadcasts."""

import jax
import jax.numpy as jnp
import numpy as np

from references import classes, cross_entropy, mse, program


@program(lambda r: {"x": r.normal(size=(5, 6)), "t": r.normal(size=(5, 3))}, dense1__w=(6, 3))
def pairwise(p, i):
    e = i["x"] @ p["dense1.w"]
    near = jnp.exp(-((e[:, None] - e[None]) ** 2).sum(-1))
    mix = near @ i["t"] / near.sum(1, keepdims=True)
    return mse(mix, i["t"]), {"mixed": mix}


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


@program(lambda r: {"x": r.normal(size=(5, 4)), "y": r.normal(size=(5, 1))},
         dense1__w=(4, 5), dense1__b=(5,), dense2__w=(5, 1), dense2__b=(1,))
def second(p, i):
    def first(x):
        h = jnp.tanh(x @ p["dense1.w"] + p["dense1.b"])
        return mse(h @ p["dense2.w"] + p["dense2.b"], i["y"])

    value, slope = jax.value_and_grad(first)(i["x"])
    return value + 0.5 * jnp.sum(slope ** 2), {"slope": slope}


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


@program(lambda r: {"x": r.normal(size=(3, 1, 3)), "t": r.normal(size=(3, 2))},
         w=(3, 3), k=(1, 3, 2), one=(1, 1))
def edges(p, i):
    x = i["x"][:, 0]
    h = jnp.tanh(x + jnp.ones((3, 3)) @ p["w"])
    y = (h * x)[:, None]
    middle = x @ p["k"][0]
    shifted = jnp.stack([0 * middle, middle, 0 * middle], axis=1)
    beside = jnp.stack([x, x], axis=1) * p["one"][0, 0] - 1
    loss = mse(shifted.max(1), i["t"]) + jnp.mean(y ** 2) + jnp.mean(h)
    return loss + jnp.mean(0.5 * p["w"][0]) + jnp.mean(beside ** 3), {"y": y, "beside": beside}
