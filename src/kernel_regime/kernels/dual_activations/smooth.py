r"""Smooth activations made of the normal law: erf, sigmoid-like, GELU, Gaussian, Gabor.

With Δ = E[u²]E[v²] − E[uv]², the product of both gaps of a pair, determinants such as
(1 + 2E[u²])(1 + 2E[v²]) − 4E[uv]² = 1 + 2E[u²] + 2E[v²] + 4Δ are sums of positive terms.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.dual_activations.exponentials import hyperbolic_pair
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import Constant, layer


class ErrorFunction(DualActivation):
    r"""Dual activation of :math:`a\,\mathrm{erf}(bx) + c`.

    .. math::
        E[φ(u)φ(v)] = \frac{2a^2}{π} \arcsin \frac{2b^2 E[uv]}
        {\sqrt{(1 + 2b^2E[u^2])(1 + 2b^2E[v^2])}} + c^2

    References
    ----------
    Williams (1997), *Computing with infinite networks*, eq. 11.
    """

    @property
    @abstractmethod
    def constants(self) -> tuple[float, float, float]:
        """a, b and c."""

    def variance(self, variance: Array) -> Array:
        """E[φ(u)²]."""
        a, b, c = self.constants
        q = b**2 * variance
        return 2 * a**2 / np.pi * np.arctan(2 * q / np.sqrt(1 + 4 * q)) + c**2

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        a, b, c = self.constants
        sums = b**2 * (pairs.std1**2 + pairs.std2**2)
        root = np.sqrt(1 + 2 * sums + 4 * b**4 * pairs.determinant)
        value = 2 * a**2 / np.pi * np.arctan(2 * b**2 * pairs.covariance / root) + c**2
        return value, 4 * a**2 * b**2 / np.pi / root


@layer("Erf")
@dataclass(frozen=True)
class ErfActivation(ErrorFunction):
    """a·erf(bx) + c.

    Parameters
    ----------
    a, b, c : float
        Scale of the output, of the input, and a constant.

    Examples
    --------
    >>> ErfActivation().variance(np.ones(1)).round(6)
    array([0.464559])
    """

    a: Constant = 1.0
    b: Constant = 1.0
    c: Constant = 0.0

    @property
    def constants(self) -> tuple[float, float, float]:
        """a, b and c."""
        return self.a, self.b, self.c


@layer("Sigmoid_like")
@dataclass(frozen=True)
class SigmoidLikeActivation(ErrorFunction):
    """erf(x/2.4020563531719796)/2 + 1/2, the error function that is nearest to a sigmoid."""

    @property
    def constants(self) -> tuple[float, float, float]:
        """a, b and c."""
        return 0.5, 1 / 2.4020563531719796, 0.5


@layer("Gelu")
@dataclass(frozen=True)
class GeluActivation(DualActivation):
    r"""Gaussian error linear unit, x times the normal distribution function.

    With :math:`δ^2 = (1 + E[u^2])(1 + E[v^2]) - E[uv]^2` and :math:`α = \arctan(E[uv]/δ)`:

    .. math::
        E[φ(u)φ(v)] = \frac{E[uv]}{4} + \frac{1}{2π} \left( E[uv]\,α +
            \frac{E[uv]^2 + E[u^2]E[v^2]δ^2}{(1 + E[u^2])(1 + E[v^2])δ} \right)

    Parameters
    ----------
    approximate : bool
        Of finite networks only: their tanh approximation has no kernel of its own.

    References
    ----------
    Tsuchida et al. (2021), *Avoiding kernel fixed points: computing with ELU and GELU infinite
    networks*, proposition 6.
    """

    approximate: bool = False

    def variance(self, variance: Array) -> Array:
        """E[φ(u)²]."""
        q, root = variance, np.sqrt(1 + 2 * variance)
        return q * (0.25 + (q / ((1 + q) * root) + np.arctan(q / root) / 2) / np.pi)

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        q1, q2, k = pairs.std1**2, pairs.std2**2, pairs.covariance
        both, product = (1 + q1) * (1 + q2), q1 * q2
        square = 1 + q1 + q2 + pairs.determinant
        root = np.sqrt(square)
        quarter = 0.25 + np.arctan(k / root) / (2 * np.pi)
        value = (k**2 + product * square) / (both * root) / (2 * np.pi) + k * quarter
        slope = (1 / square + (1 - product) / both + 1) * k / root / (2 * np.pi) + quarter
        return value, slope


@layer("Gaussian")
@dataclass(frozen=True)
class GaussianActivation(DualActivation):
    r"""a·exp(bx²): :math:`E[φ(u)φ(v)] = a^2 / \sqrt{(1 - 2bE[u^2])(1 - 2bE[v^2]) - 4b^2E[uv]^2}`.

    Parameters
    ----------
    a, b : float
        Scale of the output, and what multiplies x², negative for a bell curve. With b > 0 there
        is no kernel for variances from 1/(4b) on: values are then not finite.
    """

    a: Constant = 1.0
    b: Constant = -1.0

    def variance(self, variance: Array) -> Array:
        """E[φ(u)²]."""
        return self.a**2 / np.sqrt(1 - 4 * self.b * variance)

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        sums = 2 * self.b * (pairs.std1**2 + pairs.std2**2)
        square = 1 - sums + 4 * self.b**2 * pairs.determinant
        value = self.a**2 / np.sqrt(square)
        return value, 4 * self.b**2 * pairs.covariance * value / square


@layer("Gabor")
@dataclass(frozen=True)
class GaborActivation(DualActivation):
    r"""exp(−x²)·sin(x).

    The difference of two Gaussian integrals with imaginary linear terms: with
    :math:`D = (1 + 2E[u^2])(1 + 2E[v^2]) - 4E[uv]^2` and S = E[u²] + E[v²] + 4Δ,
    :math:`E[φ(u)φ(v)] = (e^{-(S - 2E[uv])/2D} - e^{-(S + 2E[uv])/2D})/(2\sqrt D)`.
    """

    def variance(self, variance: Array) -> Array:
        """E[φ(u)²]."""
        square = 1 + 4 * variance
        return -np.expm1(-2 * variance / square) / (2 * np.sqrt(square))

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        k, sums = pairs.covariance, pairs.std1**2 + pairs.std2**2
        fourth = 4 * pairs.determinant
        square = 1 + 2 * sums + fourth
        odd, even = hyperbolic_pair(
            (sums + fourth - 2 * k) / (2 * square), (sums + fourth + 2 * k) / (2 * square)
        )
        shared = 1 + 2 * sums + 4 * (pairs.bound**2 + k**2)
        turned = 4 * k * (fourth + 3 * sums + 2)
        return odd / np.sqrt(square), (even * shared + odd * turned) / square**2.5
