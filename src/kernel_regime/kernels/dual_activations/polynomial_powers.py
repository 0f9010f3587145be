r"""Polynomial activations: monomials, Hermite polynomials, and polynomials of any coefficients."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial, sqrt
from typing import Annotated

import numpy as np
from numpy.polynomial import hermite_e
from pydantic import Field

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import Constant, layer

_LARGEST_DEGREE = 170  # whose factorial a float still holds

Degree = Annotated[int, Field(ge=0, le=_LARGEST_DEGREE)]


class Powers(DualActivation):
    r"""Dual activation of :math:`φ(x) = \sum_i c_i x^i`.

    .. math::
        E[φ(u)φ(v)] = \sum_l p_l(E[u^2])\, p_l(E[v^2])\, E[uv]^l, \qquad
        p_l(q) = \sum_i c_{l + 2i} \frac{(l + 2i)!}{2^i\, i!\, \sqrt{l!}} q^i

    which is φ's Hermite series for each variance.

    References
    ----------
    O'Donnell (2014), *Analysis of Boolean functions*, section 11.2.
    """

    @property
    @abstractmethod
    def powers(self) -> Sequence[float]:
        """Coefficients c_i, constant term first."""

    def variance(self, variance: Array) -> Array:
        """E[φ(u)²]."""
        terms = [p**2 * variance**power for power, p in enumerate(self.factors(variance))]
        return np.asarray(sum(terms, np.zeros_like(variance)))

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs, by Horner's scheme."""
        factors = zip(self.factors(pairs.std1**2), self.factors(pairs.std2**2), strict=True)
        k = pairs.covariance
        value, slope = np.zeros_like(k), np.zeros_like(k)
        for p1, p2 in reversed(list(factors)):
            slope = slope * k + value
            value = value * k + p1 * p2
        return value, slope

    def factors(self, variance: Array) -> list[Array]:
        """p_l of the variances, for every l."""
        factors = []
        for power in range(len(self.powers)):
            series = [
                c * factorial(power + 2 * i) / (2**i * factorial(i) * sqrt(factorial(power)))
                for i, c in enumerate(self.powers[power::2])
            ]
            factors.append(np.polyval(series[::-1], variance))
        return factors


@layer("Monomial")
@dataclass(frozen=True)
class MonomialActivation(Powers):
    """x to the power `degree`.

    Parameters
    ----------
    degree : int
        At least 0.

    Examples
    --------
    >>> MonomialActivation(2).variance(np.ones(1))
    array([3.])
    """

    degree: Degree

    @property
    def powers(self) -> Sequence[float]:
        """Zeros and a one."""
        return [0.0] * self.degree + [1.0]


@layer("Hermite")
@dataclass(frozen=True)
class HermiteActivation(Powers):
    """Hermite polynomial of a degree, of unit norm under the standard normal law.

    For preactivations of unit variance the dual activation is the power E[uv]^degree, which
    neural-tangents takes for every variance; here it is the expectation for the variance at hand.

    Parameters
    ----------
    degree : int
        At least 0.
    """

    degree: Degree

    @property
    def powers(self) -> Sequence[float]:
        """Coefficients of the polynomial."""
        basis = hermite_e.herme2poly([0.0] * self.degree + [1.0])
        return list(basis / sqrt(factorial(self.degree)))


@layer("Polynomial")
@dataclass(frozen=True)
class PolynomialActivation(Powers):
    """Polynomial of given coefficients.

    Parameters
    ----------
    coef : sequence of float
        Constant term first.
    """

    coef: Annotated[tuple[Constant, ...], Field(max_length=_LARGEST_DEGREE + 1)]

    @property
    def powers(self) -> Sequence[float]:
        """The coefficients."""
        return self.coef
