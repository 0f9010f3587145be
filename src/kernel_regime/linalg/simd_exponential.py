r"""Exponential functions of SIMD vectors.

With n the integer nearest to x/ln 2 and r = x − n ln 2, |r| ≤ ln(2)/2, :math:`e^x = 2^n e^r` and
:math:`e^x - 1 = 2^n (e^r - 1) + (2^n - 1)`: near 0, where n = 0, nothing cancels.
"""

from math import factorial, log

from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.simd import (
    Vector,
    by_precision,
    horner,
    larger,
    nearest_integer,
    power_of_two,
    smaller,
)

TURNS = 1 / log(2)
# ln 2 in two parts; the first has so few digits that n times it is exact.
HIGH_SINGLE, LOW_SINGLE = 2839 / 4096, log(2) - 2839 / 4096
HIGH_DOUBLE = int(log(2) * 2**32) / 2**32
LOW_DOUBLE = log(2) - HIGH_DOUBLE + 2.3190468138462996e-17
# (e^r − 1)/r by Taylor's series.
SINGLE = tuple(1 / factorial(k + 1) for k in range(7))
DOUBLE = tuple(1 / factorial(k + 1) for k in range(13))


@compiled()
def split(x: Vector) -> tuple[Vector, Vector]:
    """2^n, and e^r − 1; what is below the normal numbers becomes the smallest of them."""
    x = larger(x, by_precision(x, -87.0, -708.0))
    n = smaller(nearest_integer(x * TURNS), by_precision(x, 128.0, 1024.0))
    r = x - n * by_precision(x, HIGH_SINGLE, HIGH_DOUBLE)
    r = r - n * by_precision(x, LOW_SINGLE, LOW_DOUBLE)
    return power_of_two(n), r * horner(r, by_precision(x, SINGLE, DOUBLE))


@compiled()
def exponential(x: Vector) -> Vector:
    """e^x, to two units in the last place; infinite from 88.4 (float64: 709.4) on."""
    power, excess = split(x)
    return power * (1.0 + excess)


@compiled()
def exponential_minus_one(x: Vector) -> Vector:
    """e^x − 1 for x ≤ 0, to two units in the last place however small x is."""
    power, excess = split(x)
    return power * excess + (power - 1.0)
