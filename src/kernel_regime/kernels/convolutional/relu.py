r"""Dual activations of ReLU for sixteen pixel pairs at once.

With d = 1 − |ρ|, both dual activations at the *negative* cosine −|ρ| are √d times a function that
is smooth on [0, 1]:

.. math::
    κ_0(-|ρ|) = \sqrt d · P(d),  κ_1(-|ρ|) = d \sqrt d · R(d);

at the positive cosine κ₀(|ρ|) = 1 − κ₀(−|ρ|) and κ₁(|ρ|) = |ρ| + κ₁(−|ρ|). One square root and two
short polynomials, fitted when this module is imported, give both: to 3e-8 and 8e-8 in float32
(where 1 is rounded to 6e-8), to 2e-15 in float64.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import overload
from numpy.polynomial import Chebyshev, Polynomial

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.activations import kappa0, kappa1
from kernel_regime.linalg.simd import (
    Vector,
    absolute,
    larger,
    polynomial,
    root,
    where_not_negative,
    with_sign_of,
)


def _slope(d: Array) -> Array:
    """κ₀(d − 1)."""
    return kappa0(np.arccos(d - 1))


def _value(d: Array) -> Array:
    """κ₁(d − 1)."""
    return kappa1(np.arccos(d - 1))


def _excess(d: Array) -> Array:
    """κ₁(−|ρ|) − |ρ|κ₀(−|ρ|): by how much κ₁ + ρκ₀ exceeds 2ρ at the cosine |ρ| = 1 − d."""
    return _value(d) - (1 - d) * _slope(d)


def _fit(function: Callable[[Array], Array], power: float, degree: int) -> tuple[float, ...]:
    """Polynomial q with d^power q(d) ≈ function(d) on [0, 1], constant term first, near minimax."""
    nodes = (1 + np.cos(np.pi * (np.arange(2000) + 0.5) / 2000)) / 2
    weights = nodes**power
    smooth = Chebyshev.fit(nodes, function(nodes) / weights, degree, domain=[0, 1], w=weights)
    monomials = smooth.convert(kind=Polynomial, domain=[-1, 1], window=[-1, 1])
    return tuple(float(c) for c in monomials.coef)


_DEGREES = {"float32": (6, 4, 6), "float64": (15, 14, 15)}
SMOOTH = {
    dtype: (_fit(_slope, 0.5, p), _fit(_value, 1.5, r), _fit(_excess, 0.5, q))
    for dtype, (p, r, q) in _DEGREES.items()
}


def smooth(d: Vector, which: int) -> Vector:
    """The polynomial of κ₀ (0), κ₁ (1) or their `_excess` (2) in the precision of `d`."""
    return polynomial(d, SMOOTH[d.dtype.name][which])


@overload(smooth, prefer_literal=True)
def _smooth(d: Any, which: Any) -> Any:
    coefficients = SMOOTH[d.dtype.name][which.literal_value]

    def implementation(d: Any, which: Any) -> Any:
        return polynomial(d, coefficients)

    return implementation


@compiled()
def relu_step_of_input(
    nngp: Vector, sigma1: Vector, inverse1: Vector, sigma2: Vector, inverse2: Vector
) -> tuple[Vector, Vector]:
    """`relu_step` behind the first convolution, where U = Σ: no sign needs to be told apart."""
    d = larger(1.0 - absolute(nngp) * inverse2 * inverse1, 0.0)
    positive, tail = larger(nngp, 0.0), sigma1 * sigma2 * root(d)
    return positive + tail * (d * smooth(d, 1)), positive + positive + tail * smooth(d, 2)


@compiled()
def relu_step(
    nngp: Vector, total: Vector, sigma1: Vector, inverse1: Vector, sigma2: Vector, inverse2: Vector
) -> tuple[Vector, Vector]:
    """NNGP Σ and U = Σ + Θ behind a ReLU, without its factor ½.

    `sigma1` and `sigma2` are the standard deviations of the two pixels, `inverse1` and `inverse2`
    their reciprocals, 0 for a pixel that is always 0.
    """
    d = larger(1.0 - absolute(nngp) * inverse2 * inverse1, 0.0)
    root_d = root(d)
    nngp_out = larger(nngp, 0.0) + sigma1 * sigma2 * root_d * (d * smooth(d, 1))
    kept = nngp_out + where_not_negative(nngp, total)
    return nngp_out, kept - smooth(d, 0) * with_sign_of(root_d * total, nngp)
