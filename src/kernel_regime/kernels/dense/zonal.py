r"""Functions of the angle between two inputs: fast polynomials, power series, sphere spectra.

A dot-product kernel on the sphere is one function κ(cos θ). For networks of ReLUs it is analytic
in θ on [0, π], though not in cos θ, so a short polynomial in θ gives any depth at the cost of
one; and its expectation against Gegenbauer polynomials gives its exact spectrum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Polynomial, chebyshev
from scipy.fft import dct
from scipy.special import comb, gammaln

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.kernels import activations


class SphereSpectrum(NamedTuple):
    """Eigenvalue and multiplicity of every degree l = 0, 1, …

    Examples
    --------
    >>> SphereSpectrum(np.array([0.5, 0.1]), np.array([1.0, 3.0])).ranked().tolist()
    [0.5, 0.1, 0.1, 0.1]
    """

    eigenvalues: Array
    multiplicities: Array

    def ranked(self) -> Array:
        """Every eigenvalue as often as it occurs, largest first."""
        repeated = np.repeat(self.eigenvalues, self.multiplicities.astype(np.int64))
        return np.sort(repeated)[::-1]


@dataclass(frozen=True)
class Zonal:
    """A kernel of unit vectors, as a function of their angle.

    Parameters
    ----------
    of_angle : callable
        κ at angles in [0, π]; must also take complex angles, elementwise.

    Examples
    --------
    >>> linear = Zonal(np.cos)
    >>> spectrum = linear.sphere_spectrum(dimension=4, degrees=3)
    >>> spectrum.eigenvalues[1].round(12).item()  # E[t²]
    0.25
    """

    of_angle: Callable[[Array], Array]

    def __call__(self, cosine: Array) -> Array:
        """κ at cosines; exact to a few units in the last place of the angle."""
        return self.of_angle(np.arccos(np.clip(cosine, -1, 1)))

    def chebyshev(self, tolerance: float) -> Array:
        """Chebyshev coefficients in 2θ/π − 1, up to the last one above `tolerance`·κ(0).

        Twice as many samples are taken until the last quarter of the coefficients is nothing but
        round-off: κ of a hundred layers has a peak at θ = 0 that 128 do not resolve.
        """
        at_zero, samples = self.of_angle(np.zeros(1))[0], 128
        round_off = max(tolerance, 64 * np.finfo(np.float64).eps) * at_zero
        while True:
            coefficients = _chebyshev(lambda t: self.of_angle(np.pi / 2 * (t + 1)), samples)
            if np.abs(coefficients[-samples // 4 :]).max() <= round_off or samples >= 2**14:
                above = np.flatnonzero(np.abs(coefficients) > tolerance * at_zero)
                # A kernel that is zero everywhere keeps the first.
                return coefficients[: above.max(initial=0) + 1]
            samples *= 2

    def power_series(self, terms: int, about: float = 0.0) -> Array:
        r"""Taylor coefficients :math:`a_k` of κ in the cosine, k < `terms`, about a cosine.

        Cauchy's integral over a circle just inside the disc that reaches to the cosine 1, by FFT.
        With r the radius, aliasing adds at most 1e-8·a_{16 terms} r^{16 terms} and round-off
        1e-16·κ(1) to each a_k r^k.

        Examples
        --------
        >>> Zonal(lambda angle: np.cos(angle) ** 2).power_series(3, about=0.5).round(12).tolist()
        [0.25, 1.0, 1.0]
        """
        samples = 16 * terms
        radius = (1 - about) * 1e-8 ** (1 / samples)
        circle = radius * np.exp(2j * np.pi * np.arange(samples) / samples)
        values = self.of_angle(np.arccos(about + circle))
        return np.fft.fft(values)[:terms].real / samples / radius ** np.arange(terms)

    def sphere_spectrum(self, dimension: int, degrees: int) -> SphereSpectrum:
        r"""Spectrum of the integral operator on S^{d-1} under its uniform law.

        .. math:: λ_l = E[κ(t) P_l(t)], \qquad κ(t) = \sum_l λ_l N(d, l) P_l(t)

        with t a coordinate of a uniform unit vector of R^d, P_l the Gegenbauer polynomial with
        P_l(1) = 1, and N(d, l) the multiplicity; Σ λ_l N(d, l) = κ(1).

        Parameters
        ----------
        dimension : int
            d ≥ 2, the dimension of the inputs (not of the sphere).
        degrees : int
            Number of degrees, from l = 0 on.

        Notes
        -----
        In high dimension λ_l is a sum of positive terms of the power series, exact relative to
        itself however small. In low dimension that series converges slowly and quadrature in θ
        is used instead, exact to 1e-16·κ(1).
        """
        if dimension < 2 or degrees < 1:
            raise InputError(
                f"dimension {dimension}, degrees {degrees}: the sphere needs dimension ≥ 2 and "
                "at least one degree; count dimensions of the inputs, not of the sphere"
            )
        terms = max(4096, 2 * degrees)
        series = self.power_series(terms)
        total = float(self.of_angle(np.zeros(1))[0])
        missing = abs(total - series.sum()) * _moments(dimension, np.array([terms]), 0)[0]
        if missing < np.finfo(float).eps * total:
            powers = np.arange(terms)
            moments = [_moments(dimension, powers, degree) for degree in range(degrees)]
            eigenvalues = np.array(moments) @ series
        else:
            eigenvalues = _project(self.of_angle, dimension, degrees)
        multiplicities = [multiplicity(dimension, degree) for degree in range(degrees)]
        return SphereSpectrum(np.array(eigenvalues), np.array(multiplicities))


def multiplicity(dimension: int, degree: int) -> float:
    """Number N(d, l) of independent spherical harmonics of a degree on S^{d-1}."""
    lower = comb(dimension + degree - 3, degree - 2, exact=True) if degree >= 2 else 0
    return float(comb(dimension + degree - 1, degree, exact=True) - lower)


def _moments(dimension: int, powers: Array, degree: int) -> Array:
    """E[t^k P_l(t)] for powers k: zero unless k ≥ l has the parity of l, else positive."""
    valid = (powers >= degree) & ((powers - degree) % 2 == 0)
    kept = powers[valid]
    log = (
        gammaln(kept + 1)
        + gammaln(dimension / 2)
        - kept * np.log(2)
        - gammaln((kept - degree) / 2 + 1)
        - gammaln((kept + degree + dimension) / 2)
    )
    moments = np.zeros(len(powers))
    moments[valid] = np.exp(log)
    return moments


def _project(of_angle: Callable[[Array], Array], dimension: int, degrees: int) -> Array:
    """E[κ P_l] by Gauss-Legendre quadrature in θ, P_l from its three-term recurrence."""
    nodes, weights = np.polynomial.legendre.leggauss(degrees + dimension + 64)
    angles = np.pi / 2 * (nodes + 1)
    norm = np.exp(gammaln(dimension / 2) - gammaln((dimension - 1) / 2)) / np.sqrt(np.pi)
    weighted = norm * np.pi / 2 * weights * np.sin(angles) ** (dimension - 2) * of_angle(angles)
    cosines = np.cos(angles)
    before, now = np.ones_like(cosines), cosines
    projections = [float(weighted @ before)]
    for degree in range(1, degrees):
        projections.append(float(weighted @ now))
        after = (2 * degree + dimension - 2) * cosines * now - degree * before
        before, now = now, after / (degree + dimension - 2)
    return np.array(projections)


def _chebyshev(function: Callable[[Array], Array], samples: int) -> Array:
    """Chebyshev coefficients of the interpolant on [-1, 1], by a cosine transform.

    NumPy's `chebinterpolate` would lose two digits to its Vandermonde matrix.
    """
    nodes = np.cos(np.pi * (np.arange(samples) + 0.5) / samples)
    coefficients = np.asarray(dct(function(nodes), type=2) / samples)
    coefficients[0] /= 2
    return coefficients


def arccos_polynomial(degree: int) -> Array:
    """Coefficients of powers of v in arccos(1 − v)/√v on [0, 1], lowest first.

    The function is analytic but for v ≥ 2: the error falls by 5.8 a degree, 1e-8 at 8.
    """

    def ratio(t: Array) -> Array:
        half = np.sqrt((t + 1) / 4)
        return np.sqrt(2) * np.arcsin(half) / half

    in_t = Polynomial(chebyshev.cheb2poly(_chebyshev(ratio, degree + 1)))
    return np.asarray(in_t(Polynomial([-1, 2])).coef)


def relu_ntk(layers: int) -> Zonal:
    """κ_L of `FullyConnectedNTK`."""
    return Zonal(partial(activations.relu_ntk_of_angle, layers=layers))


def relu_nngp(layers: int) -> Zonal:
    """κ_L of `FullyConnectedNNGP`."""
    return Zonal(partial(activations.relu_nngp_of_angle, layers=layers))


def shallow_relu_ntk_with_biases() -> Zonal:
    """Two-layer ReLU NTK on the unit sphere with every weight and bias trained."""
    return Zonal(activations.shallow_relu_ntk_with_biases_of_angle)
