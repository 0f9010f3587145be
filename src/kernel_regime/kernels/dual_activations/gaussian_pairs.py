r"""Pairs of correlated Gaussian preactivations, kept by their distances from full correlation.

A layer of an infinite network sees two inputs only through the covariance of its preactivations
(u, v): two standard deviations and E[uv]. Where inputs are nearly parallel or opposite, E[uv] is
nearly ±√(E[u²]E[v²]), and what a ReLU needs, the small angle between them, would be lost in the
difference. Here both differences are kept instead; sums and products of them never cancel.
"""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array


@dataclass(frozen=True)
class GaussianPairs:
    r"""Covariances of many pairs (u, v) of centred Gaussian variables, of any one shape.

    Parameters
    ----------
    std1, std2 : array
        Standard deviations of u and of v; their shapes broadcast, (n1, 1) and (1, n2) for all
        pairs of two sets.
    upper : array
        :math:`σ_1σ_2 - E[uv] ≥ 0`, zero where v is a positive multiple of u.
    lower : array
        :math:`σ_1σ_2 + E[uv] ≥ 0`, zero where v is a negative multiple of u.

    Examples
    --------
    >>> pairs = GaussianPairs.at_angles(np.ones(2), np.ones(2), np.array([0, np.pi / 3]))
    >>> pairs.covariance.round(3)
    array([1. , 0.5])
    """

    std1: Array
    std2: Array
    upper: Array
    lower: Array

    @classmethod
    def at_angles(cls, std1: Array, std2: Array, angle: Array) -> "GaussianPairs":
        """Pairs of correlation cos(angle); angles may be complex."""
        bound = std1 * std2
        half = angle / 2
        return cls(std1, std2, 2 * bound * np.sin(half) ** 2, 2 * bound * np.cos(half) ** 2)

    @property
    def bound(self) -> Array:
        """σ₁σ₂, which bounds the covariance."""
        return self.std1 * self.std2

    @property
    def covariance(self) -> Array:
        """E[uv]."""
        return (self.lower - self.upper) / 2

    @property
    def determinant(self) -> Array:
        """E[u²]E[v²] − E[uv]²."""
        return self.upper * self.lower

    @property
    def angle(self) -> Array:
        """Angle whose cosine is the correlation; a right one where a variance is zero."""
        if np.iscomplexobj(self.upper):
            return 2 * np.arctan(np.sqrt(self.upper) / np.sqrt(self.lower))
        angle = 2 * np.arctan2(np.sqrt(self.upper), np.sqrt(self.lower))
        return np.where(self.upper + self.lower == 0, np.pi / 2, angle)

    def scaled(self, factor: float | Array) -> "GaussianPairs":
        """The pairs (factor·u, factor·v)."""
        square = factor**2
        return GaussianPairs(
            factor * self.std1, factor * self.std2, square * self.upper, square * self.lower
        )

    def divided(self, by1: Array, by2: Array) -> "GaussianPairs":
        """The pairs (u/by1, v/by2)."""
        bound = by1 * by2
        return GaussianPairs(
            self.std1 / by1, self.std2 / by2, self.upper / bound, self.lower / bound
        )

    def __add__(self, other: "GaussianPairs") -> "GaussianPairs":
        r"""Sums of independent pairs: covariances add.

        With :math:`σ_1σ_2 - σ_{1a}σ_{2a} - σ_{1b}σ_{2b}` from Lagrange's identity, as
        :math:`(σ_{1a}σ_{2b} - σ_{2a}σ_{1b})^2` over the sum of both, nothing cancels.
        """
        std1, std2 = np.hypot(self.std1, other.std1), np.hypot(self.std2, other.std2)
        total = std1 * std2 + self.bound + other.bound
        turned = (self.std1 * other.std2 - self.std2 * other.std1) ** 2
        excess = turned / np.where(total == 0, 1, total)
        return GaussianPairs(
            std1, std2, self.upper + other.upper + excess, self.lower + other.lower + excess
        )

    def plus_constant(self, std: float) -> "GaussianPairs":
        """The pairs (u + b, v + b) with one independent b of standard deviation `std`."""
        if std == 0:
            return self
        once = np.full((1,) * np.ndim(self.upper), float(std))
        return self + GaussianPairs(once, once, 0 * once, 2 * once**2)
