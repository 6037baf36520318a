"""Writes the small tables of the examples: the same bytes on every machine."""
import math
import pathlib
import random

HERE = pathlib.Path(__file__).parent


def write(name, header, rows):
    lines = [header] + [",".join(f"{value:.6g}" for value in row) for row in rows]
    (HERE / name).write_text("\n".join(lines) + "\n")


def logic():
    """All inputs of two bits, with AND, OR and XOR as -1 and 1."""
    sign = lambda truth: 1 if truth else -1
    return [(a, b, sign(a and b), sign(a or b), sign(a != b)) for a in (0, 1) for b in (0, 1)]


def line(draw):
    """y = 3 a - 2 b + 1 with noise of deviation 0.1."""
    for _ in range(256):
        a, b = draw.uniform(-1, 1), draw.uniform(-1, 1)
        yield a, b, 3 * a - 2 * b + 1 + draw.gauss(0, 0.1)


def clouds(draw):
    """Two normal clouds of deviation 1, around (-1, -1) and (1, 1)."""
    for row in range(400):
        kind = row % 2
        center = 2 * kind - 1
        yield draw.gauss(center, 1), draw.gauss(center, 1), kind


def curve():
    """A smooth function with several bends, at 256 places from -1 to 1."""
    for place in range(256):
        x = -1 + 2 * place / 255
        yield x, math.sin(6 * x) * math.exp(-x) / 2 + 0.3 * math.cos(12 * x)


write("logic.csv", "a,b,and,or,xor", logic())
write("line.csv", "a,b,y", line(random.Random(1)))
write("clouds.csv", "a,b,kind", clouds(random.Random(2)))
write("curve.csv", "x,y", curve())
