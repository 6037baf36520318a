"""One peer: a workload in JAX, compiled by XLA.

usage: jax_steps.py WORKLOAD FOLDER SECONDS MODE
  step     times one jitted step with donated weights
  epoch    times steps of a jitted scan over all batches
  predict  times the jitted prediction of one row
  agree    writes the weights after 20 steps to jax.safetensors
FOLDER holds start.safetensors and an .npy file per input. Prints one line of JSON.
"""

import os
import pathlib
import sys
import time

begin = time.perf_counter()
threads = os.environ.get("BENCH_THREADS", "1")
os.environ["XLA_FLAGS"] = (
    "--xla_cpu_multi_thread_eigen=" + ("false" if threads == "1" else "true")
    + f" intra_op_parallelism_threads={threads}")

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file, save_file

import jax_networks
from timing import report, sample
from workloads import WORKLOADS


def rule_of(workload):
    """The optimizer's first state for weights, and its step."""
    rate, momentum = workload.rate, workload.momentum
    if workload.optimizer == "adam":
        def start(p):
            return jnp.float32(0), jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p)

        def apply(p, state, grads):
            count, m, v = state
            count = count + 1
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
            first, second = 1 - 0.9 ** count, 1 - 0.999 ** count
            p = jax.tree.map(
                lambda p, m, v: p * (1 - rate * workload.decay)
                - rate * (m / first) / (jnp.sqrt(v / second) + 1e-8), p, m, v)
            return p, (count, m, v)
    elif momentum:
        def start(p):
            return jax.tree.map(jnp.zeros_like, p)

        def apply(p, state, grads):
            state = jax.tree.map(lambda s, g: momentum * s + g, state, grads)
            return jax.tree.map(lambda p, s: p - rate * s, p, state), state
    else:
        def start(p):
            return ()

        def apply(p, state, grads):
            return jax.tree.map(lambda p, g: p - rate * g, p, grads), state
    return start, apply


def main():
    name, folder, seconds, mode = sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    workload = WORKLOADS[name]
    arrays = [np.load(folder / f"{n}.npy") for n in workload.inputs]
    weights = load_file(folder / "start.safetensors")
    if mode == "predict":
        p = {k: jnp.asarray(v) for k, v in weights.items()}
        run = jax.jit(lambda x: jax_networks.predict(name, p, x))
        rows = [jnp.asarray(arrays[0][i:i + 1]) for i in range(min(64, len(arrays[0])))]
        return report(sample(lambda i: run(rows[i % len(rows)]).block_until_ready(), seconds, begin))

    p = {k: jnp.asarray(v) for k, v in weights.items() if "running_" not in k}
    start, apply = rule_of(workload)

    def step(p, state, batch, key):
        value, grads = jax.value_and_grad(lambda p: jax_networks.loss(name, p, batch, key))(p)
        return *apply(p, state, grads), value

    state, key, rows = start(p), jax.random.key(1), workload.rows
    count = len(arrays[0]) // rows
    if mode == "epoch":
        if arrays[0].ndim == 4:  # XLA convolves ten times slower inside of a loop: time enough
            count = 4
        data = tuple(jnp.asarray(a[:count * rows].reshape(count, rows, *a.shape[1:]))
                     for a in arrays)
        keys = jax.random.split(key, count)

        def body(carried, batch):
            p, state, value = step(*carried, batch[0], batch[1])
            return (p, state), value

        run = jax.jit(lambda p, state, data, keys: jax.lax.scan(body, (p, state), (data, keys)),
                      donate_argnums=(0, 1))

        def epoch(i):
            nonlocal p, state
            (p, state), values = run(p, state, data, keys)
            jax.block_until_ready(p)
        return report(sample(epoch, seconds, begin, warm_up=0), steps=count)

    batches = [tuple(jnp.asarray(a[i * rows:(i + 1) * rows]) for a in arrays) for i in range(count)]
    keys = list(jax.random.split(key, count))
    run = jax.jit(step, donate_argnums=(0, 1))
    together = 1 if mode == "agree" else 4  # dispatched before the result is waited for

    def steps(i):
        nonlocal p, state
        for j in range(i * together, (i + 1) * together):
            p, state, value = run(p, state, batches[j % count], keys[j % count])
        jax.block_until_ready(p)

    if mode == "agree":
        for i in range(20):
            steps(i)
        return save_file({k: np.asarray(v) for k, v in p.items()}, folder / "jax.safetensors")
    report(sample(steps, seconds, begin), steps=together)


if __name__ == "__main__":
    main()
