r"""Rectified powers: steps, ReLU, rectified squares and so on, by their arc-cosine kernels."""

from dataclasses import dataclass
from functools import lru_cache
from math import factorial, prod
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeInt

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dual_activations.dual_activation import Activated, DualActivation
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.dual_activations.rectified import ReluActivation
from kernel_regime.kernels.layer import layer


@layer("RectifiedMonomial")
@dataclass(frozen=True)
class RectifiedMonomialActivation(DualActivation):
    r"""Powers of positive numbers, :math:`x^n` where x ≥ 0, else 0; a step for n = 0.

    .. math::
        E[φ(u)φ(v)] = \frac{(σ_1σ_2)^n}{2π} J_n(θ), \qquad
        J_n = P_n(\cos θ)\sin θ + (π - θ) Q_n(\cos θ), \qquad
        \frac{dJ_n}{d\cos θ} = n^2 J_{n-1}

    Parameters
    ----------
    degree : int
        n ≥ 0.

    References
    ----------
    Cho & Saul (2009), *Kernel methods for deep learning*, eqs. 3-8.
    """

    degree: NonNegativeInt
    kinked: ClassVar[bool] = True

    @property
    def is_homogeneous(self) -> bool:
        """Whether it is the ReLU."""
        return self.degree == 1

    def variance(self, variance: Array) -> Array:
        """(2n − 1)!!/2 times the n-th power of the variance."""
        return prod(range(1, 2 * self.degree, 2)) / 2 * variance**self.degree

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        n, angle, bound = self.degree, pairs.angle, pairs.bound
        value = bound**n * _arc_cosine(n, angle) / (2 * np.pi)
        if n == 0:
            return value, np.zeros_like(value)
        return value, n**2 * bound ** (n - 1) * _arc_cosine(n - 1, angle) / (2 * np.pi)

    def activate(self, pairs: GaussianPairs) -> Activated:
        """The pairs (φ(u), φ(v)), and E[φ'(u)φ'(v)]; steps and ReLUs keep small angles exact."""
        if self.degree == 1:
            return ReluActivation().activate(pairs)
        if self.degree > 1:
            return super().activate(pairs)
        angle, half = pairs.angle, np.sqrt(0.5)
        std1, std2 = (np.full_like(std, half) for std in (pairs.std1, pairs.std2))
        turn = angle / (2 * np.pi)
        return Activated(GaussianPairs(std1, std2, turn, 1 - turn), np.zeros_like(angle))


def _arc_cosine(degree: int, angle: Array) -> Array:
    """J_n of the angles."""
    p, q = arc_cosine_polynomials(degree)
    cosine = np.cos(angle)
    return np.polyval(p[::-1], cosine) * np.sin(angle) + (np.pi - angle) * np.polyval(
        q[::-1], cosine
    )


@lru_cache(maxsize=32)
def arc_cosine_polynomials(degree: int) -> tuple[Array, Array]:
    r"""P_n and Q_n, lowest power first.

    Q_n is the dual activation of the whole monomial. Differentiating J_n gives
    :math:`(1 - c^2) P_n' - c P_n = n^2 (1 - c^2) P_{n-1} - Q_n`, solved from the highest power
    down.
    """
    if degree == 0:
        return np.zeros(1), np.ones(1)
    before, _ = arc_cosine_polynomials(degree - 1)
    q = np.zeros(degree + 1)
    for j in range(degree, -1, -2):
        pairs = (degree - j) // 2
        ways = factorial(degree) / (2**pairs * factorial(pairs) * factorial(j))
        q[j] = ways**2 * factorial(j)
    right = -q
    square = degree**2 * np.convolve(before, [1.0, 0.0, -1.0])[: degree + 1]
    right[: len(square)] += square
    p = np.zeros(degree + 2)
    for m in range(degree, 0, -1):
        p[m - 1] = ((m + 1) * p[m + 1] - right[m]) / m
    return p[:degree], q
