r"""Arcsines of correlations for SIMD vectors: what most dual activations are made of.

With t the correlation of two pixels and :math:`y = \sqrt{1 - t^2}`, arcsin(t)/t is an analytic
function of y on [0, 1], singular only at −1: a polynomial of degree 7 has it to 2e-7 in float32,
one of degree 19 to 4e-16 in float64, both exactly where y = 0. No sign needs to be told apart.
"""

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.simd import Vector, by_precision, horner, larger, root


def _fit(degree: int) -> tuple[float, ...]:
    """Polynomial P of arcsin(t) = πt P(y), constant term ½ first, near minimax for tP."""
    y = (1 + np.cos(np.pi * (np.arange(2000) + 0.5) / 2000)) / 2
    t = np.sqrt((1 - y) * (1 + y))
    slope = (np.arctan2(t, y) / (np.pi * t) - 0.5) / y
    series = Chebyshev.fit(y, slope, degree - 1, domain=[0, 1], w=y * t)
    monomials = series.convert(kind=Polynomial, domain=[-1, 1], window=[-1, 1])
    return 0.5, *(float(c) for c in monomials.coef)


SINGLE, DOUBLE = _fit(7), _fit(19)
EVEN_SINGLE, EVEN_DOUBLE = SINGLE[::2], DOUBLE[::2]
ODD_SINGLE, ODD_DOUBLE = SINGLE[1::2], DOUBLE[1::2]


@compiled(_nrt=False)
def squared_sine(t: Vector) -> Vector:
    """1 − t², a tiny number where |t| is 1 or more by rounding."""
    return larger(1.0 - t * t, 1e-37)


@compiled(_nrt=False)
def sine_of_angle(t: Vector) -> Vector:
    """√(1 − t²), a tiny number where |t| is 1 or more by rounding."""
    return root(squared_sine(t))


@compiled(_nrt=False)
def half_turns(t: Vector, y: Vector) -> Vector:
    """arcsin(t)/π, between −½ and ½, where `y` is √(1 − t²)."""
    return t * horner(y, by_precision(y, SINGLE, DOUBLE))


def inverse(std: Array, dtype: np.dtype) -> Array:
    """1/σ, 0 where σ is, larger by two roundings of `dtype`.

    The correlation of coincident pixels is then 1 or more, where it would often be 1 − ε, which is
    an angle of √(2ε); all other correlations are no worse than rounding leaves them.
    """
    above = 1 + float(np.finfo(dtype).eps)
    return np.divide(above, std, out=np.zeros_like(std), where=std > 0)
