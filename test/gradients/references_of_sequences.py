"""Programs of recurrences, and of what runs over them."""

import jax
import jax.numpy as jnp

from references import batch_norm, classes, cross_entropy, gru_scan, layer_weights, lstm_scan, program, rnn_scan


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


@program(lambda r: {"x": r.normal(size=(3, 4, 3)), "z": r.normal(size=(3, 4, 2, 3))},
         w=(3, 3), v=(3,))
def steps(p, i):
    w, u, h = p["w"], p["v"], jnp.zeros((3, 3))
    y, g, slopes = [], [], []
    for t in range(4):
        a, row = i["x"][:, t], i["z"][:, t]

        def slope(h):
            return jax.grad(lambda b: jnp.mean(jnp.sin(b) ** 2 * jnp.exp(h)))(a * u + 0.1 * h)

        def inner(c):
            for s in range(2):
                c = jnp.tanh(c @ w + row[:, s])
            return jnp.sum(c ** 2)

        g.append(slope(h))
        h = (jnp.tanh(h @ w + a * u + 0.1 * h) + jax.grad(lambda h: jnp.sum(slope(h) ** 2))(h)
             - 0.3 * jax.grad(inner)(h))
        u = u - 0.05 * jax.grad(lambda u: jnp.sum((a @ w * u) ** 3))(u)
        y.append(h)
        slopes.append(3 * (2 * a) ** 2)
    y, g, s = (jnp.stack(each, axis=1) for each in (y, g, slopes))
    return jnp.mean(y ** 2) + jnp.mean(g ** 2) + jnp.mean(u) + jnp.mean(s ** 2), {"y": y, "g": g}
