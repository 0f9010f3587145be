r"""What a ReLU does to the kernels of sixteen pixel pairs at once.

With θ = arccos ρ and d = 1 − |ρ|, both dual activations at the *negative* cosine −|ρ| are a square
root times a function that is smooth on [0, 1]:

.. math::
    κ_0(-|ρ|) = \sqrt d · P(d),  κ_1(-|ρ|) = d \sqrt d · R(d);

at the positive cosine κ₀(|ρ|) = 1 − κ₀(−|ρ|) and κ₁(|ρ|) = |ρ| + κ₁(−|ρ|). One square root and two
short polynomials give both. P and R are fitted when this module is imported: to 3e-8 and 8e-8 with
degrees 6 and 4 in float32 (rounding there is 6e-8), to 2e-15 in float64.
"""

import numpy as np
from numba import njit, types
from numba.extending import overload
from numpy.polynomial import Chebyshev, Polynomial

from kernel_regime.kernels.myrtle_lanes import absolute, copy_sign, larger, polynomial, root


def fit_dual(tail, power, degree):
    """Polynomial q with d^power q(d) ≈ tail(d) on (0, 1), constant term first, near minimax."""
    nodes = (1 + np.cos(np.pi * (np.arange(2000) + 0.5) / 2000)) / 2
    weights = nodes**power
    fit = Chebyshev.fit(nodes, tail(nodes) / weights, degree, domain=[0, 1], w=weights)
    monomials = fit.convert(kind=Polynomial, domain=[-1, 1], window=[-1, 1])
    return tuple(float(c) for c in monomials.coef)


def kappa_0_tail(d):
    """κ₀(d − 1) = θ/π, θ the acute angle of cosine 1 − d."""
    return 2 * np.arcsin(np.sqrt(d / 2)) / np.pi


def kappa_1_tail(d):
    """κ₁(d − 1) = (sin θ − θ cos θ)/π."""
    return np.sqrt(d * (2 - d)) / np.pi - (1 - d) * kappa_0_tail(d)


_DEGREES = {types.float32: (6, 5), types.float64: (15, 14)}
_SMOOTH = {
    dtype: (fit_dual(kappa_0_tail, 0.5, p), fit_dual(kappa_1_tail, 1.5, r))
    for dtype, (p, r) in _DEGREES.items()
}


def smooth_0(d):
    """P(d), in the precision of the lanes `d`."""
    raise NotImplementedError("compiled code only")


def smooth_1(d):
    """R(d), in the precision of the lanes `d`."""
    raise NotImplementedError("compiled code only")


@overload(smooth_0)
def _(d):
    coefficients = _SMOOTH[d.dtype][0]
    return lambda d: polynomial(d, coefficients)


@overload(smooth_1)
def _(d):
    coefficients = _SMOOTH[d.dtype][1]
    return lambda d: polynomial(d, coefficients)


@njit(cache=True)
def relu(nngp, total, sigma1, inverse1, sigma2, inverse2):
    """NNGP Σ and U = Σ + Θ behind a ReLU, without its factor ½.

    `sigma1`, `sigma2` are the standard deviations of the two pixels, `inverse1`, `inverse2` their
    reciprocals, both 0 for a pixel that is always 0.
    """
    d = larger(1.0 - absolute(nngp) * inverse2 * inverse1, 0.0)
    root_d = root(d)
    nngp_out = larger(nngp, 0.0) + sigma1 * sigma2 * root_d * (d * smooth_1(d))
    kappa_0 = 0.5 + copy_sign(0.5 - root_d * smooth_0(d), nngp)
    return nngp_out, total * kappa_0 + nngp_out
