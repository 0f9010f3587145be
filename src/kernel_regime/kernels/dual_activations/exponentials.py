r"""Activations whose dual activations are exponentials: sines, RBF, exp, and its normalised kin.

Exponents are squared distances E[(u ∓ v)²], sums of the gaps of a pair and of (σ₁ − σ₂)².
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import Constant, layer


class Sine(DualActivation):
    r"""Dual activation of :math:`a\sin(bx + c)`.

    .. math::
        E[φ(u)φ(v)] = \frac{a^2}{2} \left( e^{-b^2E[(u - v)^2]/2} -
            \cos(2c)\, e^{-b^2E[(u + v)^2]/2} \right)

    References
    ----------
    Pearce, Tsuchida, Zaki, Brintrup & Neely (2019), *Expressive priors in Bayesian neural
    networks*, section 3; from the characteristic function of (u, v).
    """

    @property
    @abstractmethod
    def constants(self) -> tuple[float, float, float]:
        """a, b and c."""

    def variance(self, variance: Array) -> Array:
        """E[φ(u)²]."""
        a, b, c = self.constants
        decay = np.expm1(-2 * b**2 * variance)
        return a**2 / 2 * (2 * np.sin(c) ** 2 - np.cos(2 * c) * decay)

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        a, b, c = self.constants
        apart = b**2 * (pairs.std1 - pairs.std2) ** 2 / 2
        odd, even = hyperbolic_pair(apart + b**2 * pairs.upper, apart + b**2 * pairs.lower)
        shares = (a * np.cos(c)) ** 2, (a * np.sin(c)) ** 2
        value, slope = shares[0] * odd + shares[1] * even, shares[0] * even + shares[1] * odd
        return value, b**2 * slope


def hyperbolic_pair(upper: Array, lower: Array) -> tuple[Array, Array]:
    """Half the difference and half the sum of exp(−upper) and exp(−lower), however near these are.

    Examples
    --------
    >>> odd, even = hyperbolic_pair(np.array([1.0]), np.array([1.0 + 1e-12]))
    >>> (odd / even * 2e12).round(3), even.round(6)
    (array([1.]), array([0.367879]))
    """
    swapped = np.real(lower) < np.real(upper)
    near, far = np.where(swapped, lower, upper), np.where(swapped, upper, lower)
    half, decay = np.exp(-near) / 2, np.expm1(near - far)
    return np.where(swapped, 1, -1) * half * decay, half * (2 + decay)


@layer("Sin")
@dataclass(frozen=True)
class SinActivation(Sine):
    """a·sin(bx + c).

    Parameters
    ----------
    a, b, c : float
        Amplitude, frequency and phase.
    """

    a: Constant = 1.0
    b: Constant = 1.0
    c: Constant = 0.0

    @property
    def constants(self) -> tuple[float, float, float]:
        """a, b and c."""
        return self.a, self.b, self.c


@layer("Cos")
@dataclass(frozen=True)
class CosActivation(Sine):
    """a·cos(bx + c).

    Parameters
    ----------
    a, b, c : float
        Amplitude, frequency and phase.
    """

    a: Constant = 1.0
    b: Constant = 1.0
    c: Constant = 0.0

    @property
    def constants(self) -> tuple[float, float, float]:
        """a and b, and the phase that makes a sine of a cosine."""
        return self.a, self.b, self.c + np.pi / 2


@layer("Rbf")
@dataclass(frozen=True)
class RbfActivation(DualActivation):
    r"""√2·sin(√(2γ)x + π/4), whose dual activation is :math:`e^{-γE[(u - v)^2]}`.

    Parameters
    ----------
    gamma : float
        γ, one over twice the squared length scale.
    """

    gamma: Constant = 1.0

    def variance(self, variance: Array) -> Array:
        """1."""
        return np.ones_like(variance)

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        distance = (pairs.std1 - pairs.std2) ** 2 + 2 * pairs.upper
        value = np.exp(-self.gamma * distance)
        return value, 2 * self.gamma * value


@layer("Exp")
@dataclass(frozen=True)
class ExpActivation(DualActivation):
    r"""a·exp(bx): :math:`E[φ(u)φ(v)] = a^2 e^{b^2E[(u + v)^2]/2}`.

    Parameters
    ----------
    a, b : float
        Scale of the output and of the input.
    """

    a: Constant = 1.0
    b: Constant = 1.0

    def variance(self, variance: Array) -> Array:
        """E[φ(u)²]."""
        return self.a**2 * np.exp(2 * self.b**2 * variance)

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        sums = (pairs.std1**2 + pairs.std2**2) / 2 + pairs.covariance
        value = self.a**2 * np.exp(self.b**2 * sums)
        return value, self.b**2 * value


@layer("ExpNormalized")
@dataclass(frozen=True)
class ExpNormalizedActivation(DualActivation):
    r"""Gaussian kernel of directions, :math:`σ_1σ_2 e^{γ(\cos θ + s)}`; no activation has it.

    Parameters
    ----------
    gamma, shift : float
        γ, and s, which is added to the cosine.
    do_clip : bool
        Without meaning here, where cosines do not leave [-1, 1].

    References
    ----------
    Shankar et al. (2020), *Neural kernels without tangents*, section 3.
    """

    gamma: Constant = 1.0
    shift: Constant = -1.0
    do_clip: bool = False

    def variance(self, variance: Array) -> Array:
        """The variance, times exp(γ(1 + s))."""
        return variance * np.exp(self.gamma * (1 + self.shift))

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """Covariances, and their derivatives, γ·exp(γ(cos θ + s))."""
        bound = pairs.bound
        cosine = pairs.covariance / np.where(bound == 0, 1, bound)
        value = np.exp(self.gamma * (cosine + self.shift))
        return bound * value, self.gamma * value
