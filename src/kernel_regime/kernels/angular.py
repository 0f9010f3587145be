r"""Kernels ‖x‖‖x'‖·κ(θ) of two inputs at angle θ: one GEMM and one pass, whatever the κ.

With v = 1 − |cos θ|, θ is √v times a polynomial in v and κ a polynomial in θ. Both run over
strips of the product matrix that stay in cache. A cosine from a GEMM loses the angle where inputs
are nearly parallel, so there v is computed from the difference (or sum) of the two unit vectors.
"""

from abc import abstractmethod
from functools import lru_cache

import numba
import numpy as np

from kernel_regime.kernels.base import Array, Kernel
from kernel_regime.kernels.products import flat, from_products
from kernel_regime.kernels.zonal import Zonal, arccos_polynomial

STRIP = 256  # a strip's three buffers stay in the first-level cache
NEARLY_PARALLEL = 1e-3  # v below which the difference is taken: angles under 2.6°


class AngularKernel(Kernel):
    """A kernel of two lengths and an angle; subclasses say which function of the angle."""

    @property
    @abstractmethod
    def zonal(self) -> Zonal:
        """κ, the kernel of unit vectors."""

    def scale(self, features: int) -> float:
        """Constant factor for inputs with that many features."""
        return 1.0

    def tile(self, x1: Array, x2: Array) -> Array:
        """Kernel values of shape (n1, n2); any trailing shape of the samples is flattened."""
        lengths1, units1 = self._normalise(x1)
        lengths2, units2 = (lengths1, units1) if x2 is x1 else self._normalise(x2)
        curves = _curves(self, x1.dtype.str)

        def finish(block: Array, rows: slice, columns: slice) -> None:
            _apply_curve(
                block, units1[rows], units2[columns], lengths1[rows], lengths2[columns], *curves
            )

        return from_products(units1, units2, finish)

    def diagonal(self, x: Array) -> Array:
        """κ(0)·‖x‖² of every sample, shape (n,)."""
        lengths, _ = self._normalise(x)
        return lengths**2 * x.dtype.type(self.zonal.of_angle(np.zeros(1))[0])

    def _normalise(self, x: Array) -> tuple[Array, Array]:
        """Lengths (scaled) and unit vectors; a zero row keeps length 0 and direction 0."""
        x = flat(x)
        lengths = np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64))
        units = np.divide(x, np.where(lengths > 0, lengths, 1)[:, None], dtype=x.dtype)
        return (lengths * np.sqrt(self.scale(x.shape[1]))).astype(x.dtype), units


@lru_cache(maxsize=64)
def _curves(kernel: AngularKernel, dtype: str) -> tuple[Array, Array]:
    """Polynomials of arccos(1 − v)/√v and of κ, of the degrees the dtype can tell from exact."""
    single = np.dtype(dtype) == np.float32
    arccos = arccos_polynomial(8 if single else 20)
    curve = kernel.zonal.chebyshev(1e-8 if single else 1e-15)
    return arccos.astype(dtype), curve.astype(dtype)


@numba.njit(parallel=True, cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def _apply_curve(  # type: ignore[no-untyped-def]
    block, units1, units2, lengths1, lengths2, arccos, curve
):
    """Turn cosines into kernel values, in place."""
    zero, one = block.dtype.type(0), block.dtype.type(1)
    near = block.dtype.type(NEARLY_PARALLEL)
    half_turn = block.dtype.type(2 / np.pi)
    for i in numba.prange(block.shape[0]):
        v = np.empty(STRIP, block.dtype)
        t = np.empty(STRIP, block.dtype)
        value = np.empty(STRIP, block.dtype)
        before = np.empty(STRIP, block.dtype)
        for start in range(0, block.shape[1], STRIP):
            size = min(STRIP, block.shape[1] - start)
            strip = block[i, start : start + size]
            smallest = one
            for j in range(size):
                v[j] = one - abs(strip[j])
                smallest = min(smallest, v[j])
            if smallest < near:
                for j in range(size):
                    if v[j] < near:
                        v[j] = _versine(units1[i], units2[start + j], strip[j] < zero)
            _horner(arccos, v[:size], t)
            for j in range(size):
                angle = half_turn * np.sqrt(v[j]) * t[j] - one
                t[j] = -angle if strip[j] < zero else angle
            _clenshaw(curve, t[:size], value, before)
            for j in range(size):
                strip[j] = lengths1[i] * lengths2[start + j] * value[j]


@numba.njit(cache=True, fastmath={"contract"}, inline="always")
def _horner(coefficients, x, out):  # type: ignore[no-untyped-def]
    """Polynomial with coefficients lowest first, one degree at a time over the whole strip."""
    top = coefficients[-1]
    for j in range(len(x)):
        out[j] = top
    for k in range(len(coefficients) - 2, -1, -1):
        c = coefficients[k]
        for j in range(len(x)):
            out[j] = out[j] * x[j] + c


@numba.njit(cache=True, fastmath={"contract"}, inline="always")
def _clenshaw(coefficients, x, out, before):  # type: ignore[no-untyped-def]
    """Chebyshev series, lowest first, one degree at a time over the whole strip."""
    for j in range(len(x)):
        out[j] = 0
        before[j] = 0
    for k in range(len(coefficients) - 1, -1, -1):
        c = coefficients[k]
        for j in range(len(x)):
            now = c + 2 * x[j] * out[j] - before[j]
            before[j], out[j] = out[j], now
    for j in range(len(x)):
        out[j] -= x[j] * before[j]


@numba.njit(cache=True, fastmath=True)
def _versine(a, b, opposite):  # type: ignore[no-untyped-def]
    """1 − |cos θ| of two nearly parallel unit vectors, from the distance of a and ±b."""
    sign = a.dtype.type(1 if opposite else -1)
    square = a.dtype.type(0)
    for k in range(len(a)):
        gap = a[k] + sign * b[k]
        square += gap * gap
    return square / 2
