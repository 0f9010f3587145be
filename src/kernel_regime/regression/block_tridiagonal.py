"""Solutions for any ridge from a block tridiagonal form K = Q T Qᵀ (`reduction`).

A ridge costs O(n) operations to factor and solve in the basis Q, and one sweep over Q for the whole
diagonal of the inverse.
"""

from dataclasses import dataclass

import numpy as np
from numba import get_num_threads
from scipy.linalg import eigvals_banded
from scipy.linalg.lapack import dpbtrf, dpbtrs, dtrtri

from kernel_regime.kernels.base import Array
from kernel_regime.kernels.panels import EDGE, width_of
from kernel_regime.regression.block_loops import BAND, eliminate
from kernel_regime.regression.reflectors import Reflectors

GROUP = 4
"""Column blocks of Q per thread that are formed before they are used."""


@dataclass(frozen=True)
class BlockTridiagonal:
    """K ⊕ D = Q T Qᵀ: Q orthogonal, T of blocks BAND × BAND, D a diagonal that rounds up the size.

    Parameters
    ----------
    size : int
        n, rows of K.
    reflectors : Reflectors
        Q.
    band : array (BAND + 1, rows)
        Diagonal and lower diagonals of T, as LAPACK stores a band.
    """

    size: int
    reflectors: Reflectors
    band: Array

    def is_positive_definite(self, shift: float) -> bool:
        """Whether T + shift is."""
        return not dpbtrf(self._shifted(shift), lower=1, overwrite_ab=1)[1]

    def norm_bound(self) -> float:
        """An upper bound of all |eigenvalues|: twice the largest column sum of the lower band."""
        return 2 * float(np.abs(self.band).sum(axis=0).max())

    def extreme_eigenvalues(self) -> tuple[float, float]:
        """Smallest and largest eigenvalue of K; as costly as the reduction itself."""
        last = self.band.shape[1] - 1
        smallest, largest = (
            eigvals_banded(self.band, lower=True, select="i", select_range=(index, index))[0]
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
        rows = self.band.shape[1]
        rotated = np.zeros((rows, targets.shape[1]))
        rotated[: self.size] = targets
        self.reflectors.rotate(rotated)
        solved = np.empty((rows, len(ridges), targets.shape[1]))
        transfer = np.empty((len(ridges), rows // BAND, 2, BAND, BAND))
        for r, ridge in enumerate(ridges):
            factor, failed = dpbtrf(self._shifted(ridge), lower=1, overwrite_ab=1)
            if failed:
                raise ValueError(f"ridge {ridge:g}: K + ridge is not positive definite; raise it")
            solved[:, r] = dpbtrs(factor, rotated, lower=1)[0]
            _fill_transfer(factor, transfer[r])
        self.reflectors.rotate_back(solved.reshape(rows, -1))
        return solved[: self.size].transpose(1, 0, 2), self._inverse_diagonal(transfer)

    def _shifted(self, shift: float) -> Array:
        shifted = self.band.copy(order="F")
        shifted[0] += shift
        return shifted

    def _inverse_diagonal(self, transfer: Array) -> Array:
        """Squares of L⁻¹Qᵀ summed over columns, L Lᵀ = T + λ: a sum without cancellation."""
        width = width_of(self.band.dtype)
        shape = self.band.shape[1] // BAND, len(transfer), BAND // width
        state, total = np.zeros((*shape, BAND, width)), np.zeros((*shape, width))
        for first, basis in self.reflectors.column_blocks(GROUP):
            eliminate(basis, transfer, first, state, total)
        diagonal = total.transpose(1, 0, 2, 3).reshape(len(transfer), -1)
        return np.ascontiguousarray(diagonal[:, : self.size])


def reduction_bytes(n: int, ridges: int) -> int:
    """Peak of a reduction and its solutions: half a matrix of tiles, half a matrix of reflectors.

    Once the tiles are gone, what every ridge keeps of T and a group of columns of Q may take more.
    """
    rows = -(-n // EDGE) * EDGE
    later = 3 * ridges + GROUP * get_num_threads()
    return 4 * rows * (rows + max(rows, 2 * BAND * later))


def _fill_transfer(factor: Array, transfer: Array) -> None:
    """[−Lₖₖ⁻¹ Lₖₖ₋₁, Lₖₖ⁻¹] of every block, transposed (`eliminate`)."""
    before = np.zeros((BAND, BAND))
    for k in range(len(transfer)):
        column = np.zeros((2 * BAND, BAND))
        for c in range(BAND):
            column[c : c + BAND + 1, c] = factor[:, k * BAND + c]
        inverse = dtrtri(column[:BAND], lower=1)[0]
        transfer[k, 0], transfer[k, 1] = -(inverse @ before).T, inverse.T
        before = column[BAND:]
