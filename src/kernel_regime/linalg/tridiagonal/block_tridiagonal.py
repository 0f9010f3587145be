"""Solutions for any ridge from a block tridiagonal form K = Q T Qᵀ (`reduction`).

A ridge costs O(n) operations to factor and solve in the basis Q, and one sweep over Q for the whole
diagonal of the inverse.
"""

from dataclasses import dataclass

import numpy as np
from numba import get_num_threads
from scipy.linalg import eigvals_banded
from scipy.linalg.lapack import dpbtrf, dtbtrs

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.linalg.matrix_tiles import EDGE
from kernel_regime.linalg.packed_products import width_of
from kernel_regime.linalg.simd import VECTOR_SIZE
from kernel_regime.linalg.tridiagonal.reduction_loops import BANDWIDTH
from kernel_regime.linalg.tridiagonal.reflectors import Reflectors
from kernel_regime.linalg.tridiagonal.solution_loops import (
    eliminate,
    multiply_basis,
    solve_banded_systems,
)

BLOCKS_PER_THREAD = 4
"""Column blocks of Q per thread that are formed before they are used."""


@dataclass(frozen=True)
class BlockTridiagonal:
    """Block tridiagonal form K ⊕ D = Q T Qᵀ of a kernel.

    Q is orthogonal, T has blocks BANDWIDTH × BANDWIDTH, D is a diagonal that rounds up the size.

    Parameters
    ----------
    size : int
        n, rows of K.
    reflectors : Reflectors
        Q.
    diagonals : array (BANDWIDTH + 1, rows)
        Diagonal and lower diagonals of T, as LAPACK stores a banded matrix.
    padding: float
        The value of D.
    """

    size: int
    reflectors: Reflectors
    diagonals: Array
    padding: float

    def is_positive_definite(self, shift: float) -> bool:
        """Whether T + shift is."""
        return not dpbtrf(self._shifted(shift), lower=1, overwrite_ab=1)[1]

    def norm_bound(self) -> float:
        """An upper bound of all |eigenvalues|: the Frobenius norm."""
        squares = np.square(self.diagonals).sum(axis=1)
        return float(np.sqrt(squares[0] + 2 * squares[1:].sum()))

    def mean_diagonal(self) -> float:
        """Mean of the diagonal of K, which is that of its eigenvalues."""
        added = self.diagonals.shape[1] - self.size
        return float(self.diagonals[0].sum() - added * self.padding) / self.size

    def extreme_eigenvalues(self) -> tuple[float, float]:
        """Smallest and largest eigenvalue of K; as costly as the reduction itself."""
        last = self.diagonals.shape[1] - 1
        smallest, largest = (
            eigvals_banded(self.diagonals, lower=True, select="i", select_range=(index, index))[0]
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
        outputs, rotated = targets.shape[1], self.rotate(targets)
        factors = np.zeros((len(ridges), len(rotated), BANDWIDTH + 2))
        for ridge, factor in zip(ridges, factors, strict=True):
            self._factorise(ridge, factor)
        coefficients, inverse_diagonal = self._rotate_back(factors, rotated)
        coefficients = coefficients[: self.size, : len(ridges) * outputs]
        coefficients = coefficients.reshape(self.size, -1, outputs).transpose(1, 0, 2)
        return coefficients, inverse_diagonal[:, : self.size]

    def rotate(self, columns: Array) -> Array:
        """Qᵀ times columns (n, k), which rows of zeros make up to those of T."""
        rotated = np.zeros((self.diagonals.shape[1], columns.shape[1]))
        rotated[: self.size] = columns
        self.reflectors.rotate(rotated)
        return rotated

    def whiten(self, rotated: Array, ridge: float) -> Array:
        """L⁻¹ Qᵀ X of rotated columns, whose products with each other are Xᵀ (K + λ)⁻¹ X."""
        solved, _ = dtbtrs(self._factor(ridge), rotated, uplo="L")
        return solved

    def log_determinant(self, ridge: float) -> float:
        """log det(K + λ)."""
        added = self.diagonals.shape[1] - self.size
        whole = 2 * np.log(self._factor(ridge)[0]).sum()
        return float(whole - added * np.log(self.padding + ridge))

    def _factor(self, ridge: float) -> Array:
        """L of L Lᵀ = T + λ, as LAPACK stores it."""
        factored, failed = dpbtrf(self._shifted(ridge), lower=1, overwrite_ab=1)
        if failed:
            raise InputError(f"ridge {ridge:g}: K + ridge is not positive definite; raise it")
        return factored

    def _factorise(self, ridge: float, factor: Array) -> None:
        """Fill in L of L Lᵀ = T + λ, row by row, as `eliminate` takes it."""
        factored = self._factor(ridge)
        for d, diagonal in enumerate(factored):
            factor[d:, d] = diagonal[: len(factor) - d]
        factor[:, 0] = 1 / factored[0]

    def _shifted(self, shift: float) -> Array:
        shifted = self.diagonals.copy(order="F")
        shifted[0] += shift
        return shifted

    def _rotate_back(self, factors: Array, rotated: Array) -> tuple[Array, Array]:
        """Q (T + λ)⁻¹ Y, and the diagonal of (K + λ)⁻¹, for all factors L of T + λ.

        With the whole Q that would be, per ridge,

            coefficients = Q @ cho_solve((L, True), Y)
            inverse_diagonal = np.square(solve_triangular(L, Q.T, lower=True)).sum(axis=0)

        Here Q comes in column blocks, each used for both and forgotten.
        """
        width = width_of(self.diagonals.dtype)
        packed_panels = -(-len(factors) * rotated.shape[1] // width)
        columns, products = np.zeros((2, len(rotated), packed_panels, width)).transpose(0, 2, 1, 3)
        solve_banded_systems(factors, rotated, columns)
        shape = self.diagonals.shape[1] // EDGE, len(factors)
        state = np.zeros((*shape, BANDWIDTH, EDGE // VECTOR_SIZE, VECTOR_SIZE))
        total = np.zeros((*shape, EDGE // VECTOR_SIZE, VECTOR_SIZE))
        for first, basis in self.reflectors.column_blocks(BLOCKS_PER_THREAD):
            multiply_basis(basis, basis.transpose(0, 1, 3, 2), first, columns, products)
            eliminate(basis, factors, first, state, total)
        coefficients = products.transpose(1, 0, 2).reshape(len(rotated), -1)
        return coefficients, total.transpose(1, 0, 2, 3).reshape(len(factors), -1)


def reduction_bytes(n: int, ridges: int) -> int:
    """Peak of a reduction and its solutions: half a matrix of tiles, half a matrix of reflectors.

    Once the tiles are gone, what every ridge keeps of T and the column blocks of Q may take more.
    """
    rows = -(-n // EDGE) * EDGE
    later = 2 * ridges + BLOCKS_PER_THREAD * get_num_threads()
    return 4 * rows * (rows + max(rows, 2 * BANDWIDTH * later))
