"""More programs of the gradient suite, beside those of make_references.py.

usage: python more_references.py
"""

import jax.numpy as jnp

from make_references import PROGRAMS, main, mse, program

PROGRAMS.clear()


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


if __name__ == "__main__":
    main()
