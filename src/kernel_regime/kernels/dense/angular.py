r"""Kernels ‖x‖‖x'‖·κ(θ) of two inputs at angle θ: one pass over the pairs, whatever the κ.

With v = 1 − |cos θ|, θ is √v times a polynomial in v and κ a polynomial in θ; both are evaluated
on tiles of inner products that never leave the cache. A cosine loses the angle where inputs are
nearly parallel, so there v is computed from the difference (or sum) of the two unit vectors.
"""

from abc import abstractmethod
from functools import lru_cache

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dense.angular_tiles import Side, fill, normalise
from kernel_regime.kernels.dense.zonal import Zonal, arccos_polynomial
from kernel_regime.kernels.device import DeviceKernel


class AngularKernel(DeviceKernel):
    """A kernel of two lengths and an angle; subclasses say which function of the angle.

    Relative to √(k(x, x) k(x', x')), float64 values are exact to 1e-13 and float32 values to 1e-6
    a layer at worst (1e-7 on average): a cosine is rounded by 5e-7 and its angle θ by 5e-7/θ.
    """

    @property
    @abstractmethod
    def zonal(self) -> Zonal:
        """κ, the kernel of unit vectors."""

    def scale(self, features: int) -> float:
        """Constant factor for inputs with that many features."""
        return 1.0

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values of shape (n1, n2); any trailing shape of the samples is flattened.

        Raises
        ------
        RuntimeError
            If `device` is gpu and there is none.
        """
        if self.device == "gpu":
            from kernel_regime.kernels.gpu.angular_jax import angular_tile
            from kernel_regime.kernels.gpu.jax_blocks import first_gpu

            return angular_tile(self, x1, x2, first_gpu())
        left = self._side(x1)
        right = left if x2 is x1 else self._side(x2)
        matrix = np.empty((len(x1), len(x2)), x1.dtype)
        fill(matrix, left, right, *polynomials(self, x1.dtype.str), x2 is x1)
        return matrix

    def _gram(self, x: Array) -> Array:
        """Exactly symmetric matrix, shape (n, n): `tile` mirrors tile by tile already."""
        return self._cross(x, x)

    def _diagonal(self, x: Array) -> Array:
        """κ(0)·‖x‖² of every sample, shape (n,)."""
        at_zero = self.zonal.of_angle(np.zeros(1))[0]
        return self._side(x).lengths[: len(x)] ** 2 * x.dtype.type(at_zero)

    def _side(self, x: Array) -> Side:
        rows = np.ascontiguousarray(x.reshape(len(x), -1))
        return normalise(rows, self.scale(rows.shape[1]))


@lru_cache(maxsize=64)
def polynomials(kernel: AngularKernel, dtype: str) -> tuple[Array, Array]:
    """Of arccos(1 − v)/√v in right angles and of κ, to the degrees that the dtype can resolve."""
    single = np.dtype(dtype) == np.float32
    arccos = arccos_polynomial(8 if single else 20) * 2 / np.pi
    curve = kernel.zonal.chebyshev(1e-8 if single else 1e-16)
    return arccos.astype(dtype), curve.astype(dtype)
