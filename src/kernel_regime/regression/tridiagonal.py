"""Orthogonal reduction of a kernel matrix to tridiagonal form, K = Q T Qᵀ, in place.

Why not eigenvectors: once T is known, a ridge costs O(n) per output to solve and O(n²) for the
whole diagonal of the inverse, so diagonalising T (half the time of `eigh`) would buy nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.linalg import eigvalsh_tridiagonal, get_lapack_funcs
from scipy.linalg.lapack import dpttrf, dpttrs

Array = NDArray[Any]

PANEL = 64
"""Columns per block of LAPACK's blocked algorithms: sizes their workspace."""

LANES = 64
"""Rows of Q that walk down T together: wide enough for SIMD, small enough for the first cache."""


@dataclass(frozen=True)
class Tridiagonal:
    """K = Q T Qᵀ with Q orthogonal and T symmetric tridiagonal.

    Parameters
    ----------
    basis : array (n, n)
        Q, in the precision of the reduction, columns contiguous.
    diagonal, off_diagonal : float64 arrays (n,), (n − 1,)
        T.
    """

    basis: Array
    diagonal: Array
    off_diagonal: Array

    def extreme_eigenvalues(self) -> tuple[float, float]:
        """Smallest and largest eigenvalue of K, by bisection on T."""
        last = len(self.diagonal) - 1
        smallest, largest = (
            eigvalsh_tridiagonal(
                self.diagonal, self.off_diagonal, select="i", select_range=(index, index)
            )[0]
            for index in (0, last)
        )
        return float(smallest), float(largest)

    def solve(self, targets: Array, ridges: Array) -> tuple[Array, Array]:
        """(K + λ)⁻¹ y and the diagonal of (K + λ)⁻¹ for every ridge λ.

        Parameters
        ----------
        targets : array (n, outputs)
        ridges : array (ridges,)
            Every K + λ must be positive definite.

        Returns
        -------
        coefficients : float64 array (ridges, n, outputs)
        inverse_diagonal : float64 array (ridges, n)
        """
        n, outputs = targets.shape
        rotated = self.basis.T @ targets.astype(self.basis.dtype)
        solved = np.empty((n, len(ridges), outputs), self.basis.dtype)
        pivots, multipliers = np.empty((len(ridges), n)), np.zeros((len(ridges), n))
        for r, ridge in enumerate(ridges):
            pivot, multiplier, info = dpttrf(self.diagonal + ridge, self.off_diagonal)
            if info:
                raise ValueError(f"ridge {ridge:g}: K + ridge is not positive definite; raise it")
            pivots[r], multipliers[r, 1:] = pivot, multiplier
            solved[:, r] = dpttrs(pivot, multiplier, rotated)[0]
        coefficients = (self.basis @ solved.reshape(n, -1)).reshape(n, len(ridges), outputs)
        coefficients = np.ascontiguousarray(coefficients.transpose(1, 0, 2), dtype=np.float64)
        return coefficients, _inverse_diagonal(self.basis, 1 / pivots, multipliers)


def tridiagonalise(matrix: Array) -> Tridiagonal:
    """Reduce a symmetric matrix (n, n), n ≥ 2, of which the lower triangle is read.

    `matrix` must be float32 or float64 and Fortran-contiguous; it is overwritten by Q.
    """
    (sytrd,) = get_lapack_funcs(("sytrd",), (matrix,))
    reduced, diagonal, off_diagonal, tau, _ = sytrd(
        matrix, lower=1, lwork=len(matrix) * PANEL, overwrite_a=1
    )
    basis = _orthogonal_factor(reduced, tau)
    return Tridiagonal(basis, diagonal.astype(np.float64), off_diagonal.astype(np.float64))


def _orthogonal_factor(reflectors: Array, tau: Array) -> Array:
    """Q from the reflectors below the subdiagonal, in the same memory (LAPACK's orgtr).

    Q is 1 ⊕ Q', and Q' comes from orgqr on the matrix without its first row and last column.
    SciPy cannot pass a submatrix without copying it, so the columns are moved together first
    and apart again afterwards.
    """
    n = len(reflectors)
    inner = reflectors.ravel(order="K")[: (n - 1) ** 2].reshape(n - 1, n - 1, order="F")
    for column in range(n - 1):
        inner[:, column] = reflectors[1:, column]
    (orgqr,) = get_lapack_funcs(("orgqr",), (reflectors,))
    factor, *_ = orgqr(inner, tau, lwork=n * PANEL, overwrite_a=1)
    for column in range(n - 1, 0, -1):
        reflectors[1:, column] = factor[:, column - 1]
    reflectors[0], reflectors[1:, 0] = 0, 0
    reflectors[0, 0] = 1
    return reflectors


@njit(parallel=True, fastmath=True, cache=True)
def _inverse_diagonal(basis: Array, inverse_pivots: Array, multipliers: Array) -> Array:
    """qᵢᵀ (L D Lᵀ)⁻¹ qᵢ for every row qᵢ of the basis: a sum of squares, without cancellation."""
    ridges, n = inverse_pivots.shape
    result = np.zeros((ridges, n))
    for block in prange((n + LANES - 1) // LANES):
        start, stop = block * LANES, min((block + 1) * LANES, n)
        width = stop - start
        forward, total = np.zeros((ridges, LANES)), np.zeros((ridges, LANES))
        for k in range(n):
            for r in range(ridges):
                multiplier, weight = multipliers[r, k], inverse_pivots[r, k]
                for i in range(width):
                    z = basis[start + i, k] - multiplier * forward[r, i]
                    forward[r, i] = z
                    total[r, i] += z * z * weight
        result[:, start:stop] = total[:, :width]
    return result
