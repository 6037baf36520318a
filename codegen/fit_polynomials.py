#!/usr/bin/env python3
"""Fits the polynomials of codegen/vector_math_*.cpp by Remez exchange, in high precision.

Each fit minimises the largest weighted error of sum(c[i] * x^i) against a function on an interval;
the coefficients are printed with the highest power first, as LaneBuilder::polynomial takes them.
Needs mpmath.
"""
import sys

from mpmath import (chebyt, cos, diff, erf, erfc, exp, expm1, findroot, log, log1p, lu_solve, matrix,
                    mp, mpf, pi, sin, sqrt, tanh)

mp.dps = 60


def remez(f, weight, low, high, degree, rounds=12, samples=1200):
    """Coefficients, lowest power first, and the largest weighted error."""
    low, high = mpf(low), mpf(high)
    count = degree + 2
    nodes = [(low + high) / 2 - (high - low) / 2 * cos(pi * i / (count - 1)) for i in range(count)]
    grid = [(low + high) / 2 - (high - low) / 2 * cos(pi * (i + mpf(1) / 2) / samples)
            for i in range(samples)]
    values = [f(x) for x in grid]
    weights = [weight(x) for x in grid]
    for _ in range(rounds):
        a = matrix(count, count)
        b = matrix(count, 1)
        for row, x in enumerate(nodes):
            for i in range(degree + 1):
                a[row, i] = x**i
            a[row, degree + 1] = (-1) ** row / weight(x)
            b[row] = f(x)
        solution = lu_solve(a, b)
        c = [solution[i] for i in range(degree + 1)]

        def error(i):
            p = mpf(0)
            for k in reversed(c):
                p = p * grid[i] + k
            return (p - values[i]) * weights[i]

        errors = [error(i) for i in range(samples)]
        # One extremum for each run of equal sign.
        extrema = []
        for i, e in enumerate(errors):
            if extrema and (errors[extrema[-1]] > 0) == (e > 0):
                if abs(e) > abs(errors[extrema[-1]]):
                    extrema[-1] = i
            else:
                extrema.append(i)
        while len(extrema) > count:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        if len(extrema) < count:
            break
        nodes = [grid[i] for i in extrema]
    return c, max(abs(e) for e in errors)


def show(name, digits, c, error):
    print(name, "error 2^%.1f" % float(log(error) / log(2)))
    print("   ", ", ".join(mp.nstr(x, digits, min_fixed=0, max_fixed=0) for x in reversed(c)))


def show_table(name, digits, rows):
    """Coefficient by coefficient, the lowest power first: that of each row."""
    print(name)
    for column in zip(*rows):
        print("    {" + ", ".join(mp.nstr(x, digits, min_fixed=-5, max_fixed=5) for x in column) + "},")


half_ln2 = log(2) / 2 * mpf("1.002")


def exp_tail(r):  # (e^r - 1 - r) / r^2
    return (expm1(r) - r) / r**2 if abs(r) > mpf(10) ** -20 else mpf(1) / 2 + r / 6


def log_tail(f):  # (log(1 + f) - f + f^2 / 2) / f^3
    return (log1p(f) - f + f * f / 2) / f**3 if abs(f) > mpf(10) ** -12 else mpf(1) / 3 - f / 4


def atanh_tail(z):  # (log((1 + s) / (1 - s)) / s - 2) / z with z = s^2
    s = sqrt(abs(z))
    return (log((1 + s) / (1 - s)) / s - 2) / z if z > mpf(10) ** -20 else mpf(2) / 3 + 2 * z / 5


def pow_tail(z):  # (log((1 + s) / (1 - s)) / s - 2 - 2/3 z) / z^2 with z = s^2
    return (atanh_tail(z) - mpf(2) / 3) / z if z > mpf(10) ** -12 else mpf(2) / 5 + 2 * z / 7


def tanh_tail(z):  # (tanh(x) / x - 1) / z with z = x^2
    x = sqrt(z)
    return (tanh(x) / x - 1) / z if z > mpf(10) ** -20 else -mpf(1) / 3 + 2 * z / 15


def erf_tail(z):  # erf(x) / x - 1
    x = sqrt(z)
    return erf(x) / x - 1 if z > mpf(10) ** -30 else 2 / sqrt(pi) - 1


def erf_around(center):
    """erf(center + t) for |t| up to 1/16, by powers of t; for the center 0, erf(t) - t."""
    slope = lambda t: 2 / sqrt(pi) * exp(-center**2) * (1 - center * t)
    f = lambda t: (erf(center + t) - erf(center)) / t if abs(t) > mpf(10)**-20 else slope(t)
    weight = lambda t: max(abs(t) / erf(center + t), mpf(10)**-4) if center else 1 / f(t)
    c, _ = remez(f, weight, -mpf(1) / 16 if center else 0, mpf(1) / 16, 4, samples=300)
    return [erf(center), c[0] if center else c[0] - 1, *c[1:]]


def sin_tail(z):
    x = sqrt(z)
    return (sin(x) / x - 1) / z if z > mpf(10) ** -20 else -mpf(1) / 6 + z / 120


def cos_tail(z):
    x = sqrt(z)
    return (cos(x) - 1 + z / 2) / z**2 if z > mpf(10) ** -16 else mpf(1) / 24 - z / 720


def main():
    one = lambda x: mpf(1)
    log_low, log_high = sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1
    near = lambda z: 1 / (1 + erf_tail(z))
    far = lambda t: erfc(t) / erf(t)
    show("exp f32", 10, *remez(exp_tail, one, -half_ln2, half_ln2, 4))
    show("expm1 f32", 10, *remez(exp_tail, one, -half_ln2, half_ln2, 5))
    show("exp f64", 20, *remez(exp_tail, one, -half_ln2, half_ln2, 10))
    show("log f32", 10, *remez(log_tail, one, log_low, log_high, 8))
    show("log f64", 20, *remez(atanh_tail, one, 0, mpf("0.02945"), 6))
    show("tanh f32", 10, *remez(tanh_tail, one, 0, mpf("0.625")**2, 5))
    show("tanh f64", 20, *remez(tanh_tail, one, 0, mpf("0.625")**2, 11))
    show("erf f32 near", 10, *remez(erf_tail, near, 0, 1, 6))
    show("erf f32 far", 10, *remez(lambda t: log(erfc(t)), far, mpf("0.99"), mpf("4.01"), 7))
    show_table("erf f32 in steps of 1/8", 10, [erf_around(mpf(i) / 8) for i in range(32)])
    show("erf f64 near", 20, *remez(erf_tail, near, 0, 1, 11))
    show("erf f64 far", 20, *remez(lambda t: log(erfc(t)), far, mpf("0.999"), mpf("6.001"), 17))
    show("pow f32", 10, *remez(pow_tail, one, 0, mpf("0.02945"), 3))
    show("pow f64", 20, *remez(pow_tail, one, 0, mpf("0.02945"), 7))
    quarter = (pi / 4 * mpf("1.001"))**2
    show("sin f32", 10, *remez(sin_tail, one, 0, quarter, 3))
    show("cos f32", 10, *remez(cos_tail, one, 0, quarter, 2))
    show("sin f64", 20, *remez(sin_tail, one, 0, quarter, 5))
    show("cos f64", 20, *remez(cos_tail, one, 0, quarter, 5))
    for name, value in [("log2e", 1 / log(2)), ("ln2", log(2)), ("2/pi", 2 / pi), ("pi/2", pi / 2)]:
        print(name, mp.nstr(value, 40))


if __name__ == "__main__":
    main()
