r"""Activations whose dual activations are exponentials: sines, RBF, exp, and its normalised kin.

Exponents are squared distances E[(u ∓ v)²], sums of the gaps of a pair and of (σ₁ − σ₂)².
"""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import layer


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
    def constants(self) -> tuple[float, float, float]:
        """a, b and c."""
        raise NotImplementedError

    def variance(self, variance: Array) -> Array:
        """E[φ(u)²]."""
        a, b, c = self.constants
        decay = np.expm1(-2 * b**2 * variance)
        return a**2 / 2 * (2 * np.sin(c) ** 2 - np.cos(2 * c) * decay)

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        a, b, c = self.constants
        apart = b**2 * (pairs.std1 - pairs.std2) ** 2 / 2
        difference = np.exp(-apart - b**2 * pairs.upper)
        total = np.cos(2 * c) * np.exp(-apart - b**2 * pairs.lower)
        return a**2 / 2 * (difference - total), a**2 * b**2 / 2 * (difference + total)


@layer("Sin")
@dataclass(frozen=True)
class SinActivation(Sine):
    """a·sin(bx + c).

    Parameters
    ----------
    a, b, c : float
        Amplitude, frequency and phase.
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

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

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

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

    gamma: float = 1.0

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

    a: float = 1.0
    b: float = 1.0

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

    gamma: float = 1.0
    shift: float = -1.0
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
