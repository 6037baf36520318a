"""What the makers of reference values share: a register of programs, layers written with JAX in
double precision, and the storing of what they compute.
"""

import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
from jax import lax
from safetensors.numpy import save_file

PROGRAMS = {}


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
