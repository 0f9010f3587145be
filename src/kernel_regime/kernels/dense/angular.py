r"""Kernels ‖x‖‖x'‖·κ(θ) of two inputs at angle θ: one pass over the pairs, whatever the κ.

With v = 1 − |cos θ|, θ is √v times a polynomial in v and κ a polynomial in θ; both are evaluated
on tiles of inner products that never leave the cache. A cosine loses the angle where inputs are
nearly parallel, so there v is computed from the difference (or sum) of the two unit vectors.
"""

from abc import abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.polynomial.chebyshev import chebder, chebval

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import NotFiniteError
from kernel_regime.core.memory import row_blocks
from kernel_regime.kernels.base import require_representable
from kernel_regime.kernels.both_kernels import Get, InfiniteNetworkKernel
from kernel_regime.kernels.dense.angular_tiles import (
    AngularTiles,
    UnitRows,
    fill_angular,
    unit_rows,
)
from kernel_regime.kernels.dense.network_pairs import directions
from kernel_regime.kernels.dense.zonal import Zonal, arccos_polynomial

_PARALLEL = 1e-7  # sine of an angle that is round-off: no direction leads from one to the other


class AngularKernel(InfiniteNetworkKernel):
    """A network's kernel of two lengths and an angle; subclasses say which function of the angle.

    Relative to √(k(x, x) k(x', x')), float64 values are exact to 1e-13 and float32 values to 1e-6
    a layer at worst (7e-8 on average): a cosine is rounded by 5e-7 and its angle θ by 5e-7/θ.
    """

    gpu: ClassVar[str | None] = "kernel_regime.kernels.gpu.angular_jax:AngularOnGpu"

    @property
    @abstractmethod
    def zonal(self) -> Zonal:
        """κ, the kernel of unit vectors."""

    @abstractmethod
    def of(self, get: Get) -> "AngularKernel":
        """The kernel of the same network that `get` names."""

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """A matrix for each of `gets`, from one product."""
        return angular_matrices([self.of(get) for get in gets], x1, x2)

    def scale(self, features: int) -> float:
        """Constant factor for inputs with that many features."""
        return 1.0

    def on_sphere(self, radius: float, features: int) -> Zonal:
        """r²κ, by the factor of `scale`."""
        factor = self.scale(features) * radius**2
        return Zonal(lambda angle: factor * self.zonal.of_angle(angle))

    def _diagonal(self, x: Array) -> Array:
        """κ(0)·‖x‖² of every sample, shape (n,)."""
        lengths = _unit_rows((self,), x).lengths[0, : len(x)].astype(np.float64)
        return (lengths**2 * polynomials(self, x.dtype.str).at_zero).astype(x.dtype)

    def _gradient_weights(self, x1: Array, x2: Array) -> tuple[Array, Array]:
        """In float64 within: of ‖x‖‖x'‖κ(θ), with ∇θ = −(x'/‖x'‖ − cos θ x/‖x‖)/(‖x‖ sin θ)."""
        curves = polynomials(self, "<f8")
        left, right = (directions(x.astype(np.float64)) for x in (x1, x2))
        slopes = chebder(curves.kappa) * 2 / np.pi
        factor = self.factor(x1.shape[1], "<f8") ** 2
        weights = np.empty((2, len(x1), len(x2)), x1.dtype)
        for rows in row_blocks(len(x1), 16 * 8 * len(x2)):
            cosine = np.clip(left.units[rows] @ right.units.T, -1, 1)
            angle = np.arccos(cosine)
            sine = np.sin(angle)
            turn = np.where(sine > _PARALLEL, 1, 0) / np.maximum(sine, _PARALLEL)
            turn *= factor * chebval(2 * angle / np.pi - 1, slopes)
            value = factor * chebval(2 * angle / np.pi - 1, curves.kappa)
            length = left.lengths[rows, None]
            ratio = np.where(length > 0, right.lengths / np.where(length > 0, length, 1), 0)
            weights[0, rows] = np.where(length > 0, -turn, 0)
            weights[1, rows] = ratio * (value + turn * cosine)
        return weights[0], weights[1]

    def factor(self, features: int, dtype: str) -> float:
        """What lengths are multiplied by: √scale, and the root of what `polynomials` took off."""
        return float(np.sqrt(self.scale(features))) * 2.0 ** -polynomials(self, dtype).halvings


def angular_matrices(
    kernels: Sequence[AngularKernel], x1: Array, x2: Array | None = None
) -> tuple[Array, ...]:
    """Matrices of angular kernels on the same samples: their angles are computed once.

    Without `x2` they are symmetric: tiles of the upper triangle, each mirrored while in cache.
    """
    tiles = angular_tiles(kernels, x1, x1 if x2 is None else x2, x2 is None)
    fill_angular(tiles)
    left, right = tiles.left.lengths, tiles.right.lengths
    for k, kernel in enumerate(kernels):
        at_zero = polynomials(kernel, x1.dtype.str).at_zero
        bound = float(left[k].max()) * float(right[k].max()) * at_zero
        x = x1 if x2 is None else x2
        require_representable(kernel, tiles.matrices[k], x1, x, bound or None)
    return tiles.matrices


def angular_tiles(
    kernels: Sequence[AngularKernel], x1: Array, x2: Array, symmetric: bool
) -> AngularTiles:
    """Matrices of angular kernels on the same samples, yet to be filled."""
    left = _unit_rows(kernels, x1)
    right = left if symmetric else _unit_rows(kernels, x2)
    curves = [polynomials(kernel, x1.dtype.str) for kernel in kernels]
    matrices = tuple(np.empty((len(x1), len(x2)), x1.dtype) for _ in kernels)
    kappas = tuple(curve.kappa for curve in curves)
    return AngularTiles(matrices, left, right, curves[0].arccos, kappas, symmetric)


def _unit_rows(kernels: Sequence[AngularKernel], x: Array) -> UnitRows:
    rows = np.ascontiguousarray(x.reshape(len(x), -1))
    return unit_rows(rows, [kernel.factor(rows.shape[1], x.dtype.str) for kernel in kernels])


class AngularPolynomials(NamedTuple):
    """The curves of an angular kernel, to the degrees that a dtype can resolve.

    A deep network's κ would underflow in single precision, so it is multiplied by 4^halvings and
    lengths by 2^−halvings: both exactly.
    """

    arccos: Array  # coefficients of arccos(1 − v)/√v in right angles
    kappa: Array  # Chebyshev coefficients of 4^halvings κ
    at_zero: float  # 4^halvings κ(0)
    halvings: int


@lru_cache(maxsize=64)
def polynomials(kernel: AngularKernel, dtype: str) -> AngularPolynomials:
    """The curves of a kernel.

    Raises
    ------
    NotFiniteError
        If κ(0) is not even representable in float64.
    """
    at_zero = float(kernel.zonal.of_angle(np.zeros(1))[0])
    if at_zero < np.finfo(np.float64).tiny:
        raise NotFiniteError(
            f"{kernel}: κ(0) is below what float64 holds; take fewer layers, or larger W_std"
        )
    halvings = -int(np.frexp(at_zero)[1]) // 2
    single = np.dtype(dtype) == np.float32
    arccos = arccos_polynomial(8 if single else 20) * 2 / np.pi
    kappa = kernel.zonal.chebyshev(1e-8 if single else 1e-16) * 4.0**halvings
    return AngularPolynomials(
        arccos.astype(dtype), kappa.astype(dtype), at_zero * 4.0**halvings, halvings
    )
