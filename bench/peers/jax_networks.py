"""The networks of the workloads as functions of weights by their names in netc, for JAX.

`LOGITS[workload](p, x, training)` gives what the softmax takes; `loss` the loss of a batch.
"""

import jax
import jax.numpy as jnp
from jax import lax


def dense(p, name, x):
    return x @ p[name + ".w"] + p[name + ".b"]


def perceptron(layers, activation):
    def logits(p, x, training):
        for i in range(1, layers):
            x = activation(dense(p, f"dense{i}", x))
        return dense(p, f"dense{layers}", x)
    return logits


def convolve(x, w, stride, padding):
    return lax.conv_general_dilated(x, w, (stride, stride), [(padding, padding)] * 2,
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def lenet(p, x, training):
    for name, padding in (("conv2d1", 2), ("conv2d2", 0)):
        x = jax.nn.relu(convolve(x, p[name + ".w"], 1, padding) + p[name + ".b"])
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = x.reshape(x.shape[0], -1)
    for i in (1, 2):
        x = jax.nn.relu(dense(p, f"dense{i}", x))
    return dense(p, "dense3", x)


def convolution(p, name, x, training, stride=1):
    x = convolve(x, p[name + ".conv2d1.w"], stride, 1)
    name += ".batch_norm1."
    mean, variance = ((x.mean((0, 1, 2)), x.var((0, 1, 2))) if training
                      else (p[name + "running_mean"], p[name + "running_variance"]))
    return (x - mean) * lax.rsqrt(variance + 1e-5) * p[name + "scale"] + p[name + "shift"]


def resnet(p, x, training):
    x = jax.nn.relu(convolution(p, "convolution1", x, training))
    for i in range(9):
        stride = 2 if i in (3, 6) else 1
        past = x
        if stride == 2:  # every second pixel, zeros for the new channels
            more = x.shape[3] // 2
            past = jnp.pad(x[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (more, more)))
        y = jax.nn.relu(convolution(p, f"block{i + 1}.convolution1", x, training, stride))
        x = jax.nn.relu(convolution(p, f"block{i + 1}.convolution2", y, training) + past)
    return dense(p, "dense1", x.mean((1, 2)))


def lstm(p, text, training):
    x = p["embedding1.w"][text]
    z = jnp.swapaxes(x @ p["lstm1.wx"] + p["lstm1.b"], 0, 1)
    wh = p["lstm1.wh"]

    def step(carried, z):
        h, c = carried
        i, f, g, o = jnp.split(z + h @ wh, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    start = jnp.zeros((text.shape[0], wh.shape[0]))
    h = lax.scan(step, (start, start), z)[1]
    return dense(p, "dense1", jnp.swapaxes(h, 0, 1))


def norm(p, name, x):
    d = x - x.mean(-1, keepdims=True)
    variance = (d * d).mean(-1, keepdims=True)
    return d * lax.rsqrt(variance + 1e-5) * p[name + ".scale"] + p[name + ".shift"]


def gpt(p, text, training):
    x = p["embedding1.w"][text] + p["positional_embedding1.w"]
    rows, steps, width = x.shape
    past = jnp.tril(jnp.ones((steps, steps), bool))
    for i in range(4):
        y = norm(p, f"layer_norm{2 * i + 1}", x)
        q, k, v = ((y @ p[f"self_attention{i + 1}.{name}"]).reshape(rows, steps, 4, -1)
                   for name in ("wq", "wk", "wv"))
        scores = jnp.einsum("nthd,nshd->nhts", q, k) / (width // 4) ** 0.5
        weights = jax.nn.softmax(jnp.where(past, scores, -jnp.inf))
        y = jnp.einsum("nhts,nshd->nthd", weights, v).reshape(rows, steps, width)
        x = x + y @ p[f"self_attention{i + 1}.wo"]
        y = dense(p, f"dense{2 * i + 1}", norm(p, f"layer_norm{2 * i + 2}", x))
        x = x + dense(p, f"dense{2 * i + 2}", jax.nn.gelu(y, approximate=False))
    return dense(p, "dense9", norm(p, "layer_norm9", x))


LOGITS = {"w1": perceptron(1, None), "w2": perceptron(2, jax.nn.sigmoid),
          "w3": perceptron(3, jax.nn.relu), "w4": perceptron(4, jax.nn.relu), "w5": lenet,
          "w6": resnet, "w7": lstm, "w8": gpt, "w10": perceptron(21, jax.nn.relu)}


def boltzmann_loss(p, v, key):
    w, visible, hidden = p["rbm1.w"], p["rbm1.visible"], p["rbm1.hidden"]
    first, second = jax.random.split(key)
    z = v @ w + hidden
    h = lax.stop_gradient(jax.random.bernoulli(first, jax.nn.sigmoid(z)).astype(jnp.float32))
    u = jax.random.bernoulli(second, jax.nn.sigmoid(h @ w.T + visible))
    u = lax.stop_gradient(u.astype(jnp.float32))
    s = u @ w + hidden
    free = (jax.nn.softplus(s) - jax.nn.softplus(z)).sum(1)
    return (((u - v) * visible).sum(1) + free).mean()


def loss(workload, p, batch, key):
    if workload == "w9":
        return boltzmann_loss(p, batch[0], key)
    x, target = batch
    logp = jax.nn.log_softmax(LOGITS[workload](p, x, True))
    return -jnp.take_along_axis(logp, target[..., None].astype(jnp.int32), -1).mean()


def predict(workload, p, x):
    return jax.nn.softmax(LOGITS[workload](p, x, False))
