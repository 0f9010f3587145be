r"""Rectified activations: ReLU and its relatives, steps, and rectified powers.

Their dual activations are functions of the angle θ between the preactivations, times powers of
the two lengths. All of them have a kink where θ = 0, so that angles are followed, not cosines.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dual_activations.dual_activation import Activated, DualActivation
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import Constant, layer


class PiecewiseLinear(DualActivation):
    r"""Dual activation of :math:`φ(x) = a\min(x, 0) + b\max(x, 0)`.

    .. math::
        E[φ(u)φ(v)] = \frac{a^2 + b^2}{2} E[uv] +
            \frac{(a - b)^2}{2π} σ_1σ_2 (\sin θ - θ\cos θ), \qquad
        \dot k = \frac{a^2 + b^2}{2} - \frac{(a - b)^2}{2π} θ

    The gaps to ±σ₁σ₂ follow without a difference of nearly equal numbers, from the angle to the
    nearer of 0 and π.

    References
    ----------
    Cho & Saul (2009), *Kernel methods for deep learning*, eqs. 3-6.
    Tsuchida, Roosta-Khorasani & Gallagher (2018), *Invariance of weight distributions in
    rectified MLPs*, eq. 6.
    """

    kinked: ClassVar[bool] = True

    @property
    @abstractmethod
    def slopes(self) -> tuple[float, float]:
        """a and b."""

    @property
    def is_homogeneous(self) -> bool:
        """True: φ(cu) = cφ(u)."""
        return True

    def variance(self, variance: Array) -> Array:
        """(a² + b²)/2 times the variance."""
        a, b = self.slopes
        return (a**2 + b**2) / 2 * variance

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        activated = self.activate(pairs)
        return activated.pairs.covariance, activated.slope

    def activate(self, pairs: GaussianPairs) -> Activated:
        """The pairs (φ(u), φ(v)), and E[φ'(u)φ'(v)]."""
        a, b = self.slopes
        mean, kink = (a**2 + b**2) / 2, (a - b) ** 2 / (2 * np.pi)
        angle, bound = pairs.angle, pairs.bound
        obtuse = np.real(pairs.lower) < np.real(pairs.upper)
        nearest = np.where(obtuse, np.pi - angle, angle)
        bend = kink * bound * (np.sin(nearest) - nearest * np.cos(nearest))
        near_zero = mean * pairs.upper - bend, mean * pairs.lower + bend
        near_pi = (
            (a + b) ** 2 / 2 * bound - a * b * pairs.lower - bend,
            (a - b) ** 2 / 2 * bound + a * b * pairs.lower + bend,
        )
        upper, lower = (np.where(obtuse, q, p) for p, q in zip(near_zero, near_pi, strict=True))
        scale = np.sqrt(mean)
        after = GaussianPairs(scale * pairs.std1, scale * pairs.std2, upper, lower)
        return Activated(after, mean - kink * angle)


@layer("ABRelu")
@dataclass(frozen=True)
class ABReluActivation(PiecewiseLinear):
    """Slope `a` for negative numbers, `b` for positive ones.

    Parameters
    ----------
    a, b : float
        Both slopes.
    do_stabilize : bool
        Without meaning here, where lengths and angles are apart anyway.
    """

    a: Constant
    b: Constant
    do_stabilize: bool = False

    @property
    def slopes(self) -> tuple[float, float]:
        """a and b."""
        return self.a, self.b


@layer("Relu")
@dataclass(frozen=True)
class ReluActivation(PiecewiseLinear):
    """max(x, 0).

    Parameters
    ----------
    do_stabilize : bool
        Without meaning here, where lengths and angles are apart anyway.

    Examples
    --------
    >>> pairs = GaussianPairs.at_angles(np.ones(1), np.ones(1), np.array([0.0]))
    >>> ReluActivation().activate(pairs).pairs.covariance
    array([0.5])
    """

    do_stabilize: bool = False
    slopes: ClassVar[tuple[float, float]] = (0.0, 1.0)


@layer("LeakyRelu")
@dataclass(frozen=True)
class LeakyReluActivation(PiecewiseLinear):
    """Slope `alpha` for negative numbers, 1 for positive ones.

    Parameters
    ----------
    alpha : float
        The slope.
    do_stabilize : bool
        Without meaning here, where lengths and angles are apart anyway.
    """

    alpha: Constant
    do_stabilize: bool = False

    @property
    def slopes(self) -> tuple[float, float]:
        """alpha and 1."""
        return self.alpha, 1.0


@layer("Abs")
@dataclass(frozen=True)
class AbsActivation(PiecewiseLinear):
    """|x|.

    Parameters
    ----------
    do_stabilize : bool
        Without meaning here, where lengths and angles are apart anyway.
    """

    do_stabilize: bool = False
    slopes: ClassVar[tuple[float, float]] = (-1.0, 1.0)


@layer("Sign")
@dataclass(frozen=True)
class SignActivation(DualActivation):
    """Sign of x: E[φ(u)φ(v)] = 1 − 2θ/π, whose derivative counts as zero (Cho & Saul 2009)."""

    kinked: ClassVar[bool] = True

    def variance(self, variance: Array) -> Array:
        """1, but 0 where the variance is."""
        return np.where(variance == 0, 0.0, 1.0)

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        activated = self.activate(pairs)
        return activated.pairs.covariance, activated.slope

    def activate(self, pairs: GaussianPairs) -> Activated:
        """The pairs (φ(u), φ(v)), and zeros."""
        std1, std2 = (np.sqrt(self.variance(std**2)) for std in (pairs.std1, pairs.std2))
        turn, bound = 2 * pairs.angle / np.pi, std1 * std2
        after = GaussianPairs(std1, std2, bound * turn, bound * (2 - turn))
        return Activated(after, np.zeros_like(turn))
