"""Times training steps of the fully connected workloads in JAX: one jitted step with donated
parameters, walking over batches of a data set that is already on the device.

usage: jax_steps.py WORKLOAD SECONDS      prints the median microseconds of a step
"""

import os
import sys
import time

threads = os.environ.get("BENCH_THREADS", "1")
os.environ["XLA_FLAGS"] = (
    "--xla_cpu_multi_thread_eigen=" + ("false" if threads == "1" else "true")
    + f" intra_op_parallelism_threads={threads}")

import jax
import jax.numpy as jnp
import numpy as np

# Layer sizes, activation, batch, momentum or "adam".
WORKLOADS = {
    "w1": ([784, 10], None, 32, 0.0),
    "w2": ([784, 30, 10], jax.nn.sigmoid, 10, 0.0),
    "w3": ([784, 128, 64, 10], jax.nn.relu, 32, 0.9),
    "w4": ([784, 1024, 1024, 1024, 10], jax.nn.relu, 256, "adam"),
    "w10": ([64] * 21 + [10], jax.nn.relu, 16, 0.0),
}


def main():
    sizes, activation, batch, rule = WORKLOADS[sys.argv[1]]
    seconds = float(sys.argv[2])
    rng = np.random.default_rng(1)
    params = [(jnp.asarray(rng.normal(size=(a, b)) / np.sqrt(a), jnp.float32), jnp.zeros(b))
              for a, b in zip(sizes, sizes[1:])]
    images = [jnp.asarray(rng.random((batch, sizes[0])), jnp.float32) for _ in range(64)]
    digits = [jnp.asarray(rng.integers(0, 10, batch), jnp.uint8) for _ in range(64)]

    def loss(params, x, y):
        for w, b in params[:-1]:
            x = activation(x @ w + b)
        logp = jax.nn.log_softmax(x @ params[-1][0] + params[-1][1])
        return -jnp.mean(jnp.take_along_axis(logp, y[:, None].astype(int), axis=1))

    def step(params, state, x, y):
        value, grads = jax.value_and_grad(loss)(params, x, y)
        if rule == "adam":
            count, m, v = state
            count = count + 1
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
            params = jax.tree.map(
                lambda p, m, v: p - 0.001 * (m / (1 - 0.9 ** count))
                / (jnp.sqrt(v / (1 - 0.999 ** count)) + 1e-8), params, m, v)
            return params, (count, m, v), value
        if rule:
            state = jax.tree.map(lambda s, g: rule * s + g, state, grads)
            grads = state
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads), state, value

    zeros = jax.tree.map(jnp.zeros_like, params)
    state = (jnp.float32(0), zeros, jax.tree.map(jnp.zeros_like, params)) if rule == "adam" else zeros
    if rule == 0.0:
        state = ()
    compiled = jax.jit(step, donate_argnums=(0, 1))
    times, i, end = [], 0, None
    while end is None or time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(16):
            params, state, value = compiled(params, state, images[i % 64], digits[i % 64])
            i += 1
        jax.block_until_ready(params)
        if end is None:  # the first round compiles
            end = time.perf_counter() + seconds
            continue
        times.append((time.perf_counter() - begin) / 16)
    print(f"{1e6 * float(np.median(times)):.2f}")


if __name__ == "__main__":
    main()
