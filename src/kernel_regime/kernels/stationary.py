"""Gaussian and Laplace kernels: functions of the distance between two inputs."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import NotFiniteError
from kernel_regime.core.memory import row_blocks
from kernel_regime.kernels.base import Kernel, register
from kernel_regime.kernels.dense.zonal import Zonal
from kernel_regime.kernels.layer import LARGEST

Width = Annotated[float, Field(gt=0, le=LARGEST)]

_NEAR = 1e-3  # of ‖x‖² + ‖x'‖², below which squared distances come from differences of inputs


@dataclass(frozen=True)
class StationaryKernel(Kernel):
    r"""A kernel :math:`φ(q)` of the squared distance :math:`q = ‖x − x'‖² / (w² d)`.

    Parameters
    ----------
    width : float
        w, in units of √d, the norm to which this package scales inputs of d features.
    """

    width: Width = 1.0

    @abstractmethod
    def of_squares(self, squares: Array) -> Array:
        """φ(q)."""

    @abstractmethod
    def slope(self, squares: Array) -> Array:
        """−2φ'(q), and 0 at q = 0 where φ has a kink there."""

    def on_sphere(self, radius: float, features: int) -> Zonal:
        """φ(4r² sin²(θ/2) / (w² d))."""
        diameter = 2 * radius / (self.width * np.sqrt(features))
        return Zonal(lambda angle: self.of_squares((diameter * np.sin(angle / 2)) ** 2))

    def _cross(self, x1: Array, x2: Array) -> Array:
        return self.of_squares(self._squares(x1, x2))

    def _diagonal(self, x: Array) -> Array:
        return self.of_squares(np.zeros(len(x), x.dtype))

    def _gradient_weights(self, x1: Array, x2: Array) -> tuple[Array, Array]:
        weights = self.slope(self._squares(x1, x2)) / (self.width**2 * x1.shape[1])
        return weights, -weights

    def _squares(self, x1: Array, x2: Array) -> Array:
        """q of all pairs, (n1, n2), by one product but for pairs so near that it would cancel."""
        left, right = (np.ascontiguousarray(x.reshape(len(x), -1)) for x in (x1, x2))
        with np.errstate(over="ignore"):
            first, second = (np.einsum("ij,ij->i", rows, rows) for rows in (left, right))
        self._require_within_range(first, second, left.shape[1])
        total = first[:, None] + second
        squares = left @ right.T
        squares *= -2
        squares += total
        near = np.nonzero(squares < _NEAR * total)
        squares[near] = _squares_of_pairs(left, right, *near)
        squares /= self.width**2 * left.shape[1]
        return squares

    def _require_within_range(self, first: Array, second: Array, features: int) -> None:
        """Refuse samples of squared norms (n1,), (n2,) so far apart that q may overflow."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            largest = 2 * (first.max(initial=0) + second.max(initial=0))
            largest = largest / np.square(first.dtype.type(self.width)) / features
        if not np.isfinite(largest) and len(first) and len(second):
            raise NotFiniteError(
                f"{self}: squared distances are beyond {first.dtype.name}; scale the inputs to "
                "norms of order sqrt(features), or choose another width"
            )


def _squares_of_pairs(left: Array, right: Array, first: Array, second: Array) -> Array:
    """Squared distances of chosen pairs, from differences."""
    squares = np.empty(len(first), left.dtype)
    for block in row_blocks(len(first), left.itemsize * left.shape[1]):
        gaps = left[first[block]] - right[second[block]]
        squares[block] = np.einsum("ij,ij->i", gaps, gaps)
    return squares


@register("gaussian")
@dataclass(frozen=True)
class Gaussian(StationaryKernel):
    r"""Gaussian kernel :math:`\exp(−‖x − x'‖² / (2 w² d))`.

    Parameters
    ----------
    width : float
        w, see `StationaryKernel`.

    Examples
    --------
    >>> Gaussian(width=1.0).gram([[0.0], [2.0]]).round(4)
    array([[1.    , 0.1353],
           [0.1353, 1.    ]])
    """

    def of_squares(self, squares: Array) -> Array:
        """exp(−q/2)."""
        return np.exp(squares / -2)

    def slope(self, squares: Array) -> Array:
        """exp(−q/2), too."""
        return np.exp(squares / -2)


@register("laplace")
@dataclass(frozen=True)
class Laplace(StationaryKernel):
    r"""Laplace kernel :math:`\exp(−‖x − x'‖ / (w \sqrt d))`.

    Of the smoothness, and the spectrum, of the NTK of ReLU networks (Geifman et al. 2020).

    Parameters
    ----------
    width : float
        w, see `StationaryKernel`.

    Examples
    --------
    >>> Laplace(width=1.0).gram([[0.0], [2.0]]).round(4)
    array([[1.    , 0.1353],
           [0.1353, 1.    ]])
    """

    def of_squares(self, squares: Array) -> Array:
        """exp(−√q)."""
        return np.exp(-np.sqrt(squares))

    def slope(self, squares: Array) -> Array:
        """exp(−√q)/√q."""
        roots = np.sqrt(squares)
        apart = roots > 0
        return np.where(apart, np.exp(-roots) / np.where(apart, roots, 1), 0)
