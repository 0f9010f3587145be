"""Orthogonal reduction of a kernel matrix to block tridiagonal form, K = Q T Qᵀ.

Why not further, to tridiagonal form or eigenvectors: those steps are bound by memory, and T is
narrow enough already. A ridge costs O(n) blocks to factor and solve, and one sweep over Q for the
whole diagonal of the inverse. Everything else is matrix products.
"""

from dataclasses import dataclass

import numpy as np
from numba import get_num_threads
from scipy.linalg import eigvals_banded
from scipy.linalg.lapack import dpbtrf, dpbtrs, dtrtri
from threadpoolctl import threadpool_limits

from kernel_regime.kernels.base import Array
from kernel_regime.kernels.panels import EDGE, width_of
from kernel_regime.regression.block_loops import (
    BAND,
    eliminate,
    gather,
    tile_number,
    update_and_multiply,
)
from kernel_regime.regression.panels import check_symmetric
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


def block_tridiagonalise(kernel: Array) -> BlockTridiagonal:
    """Reduce a symmetric kernel (n, n), n ≥ 2, float32 or float64; 4/3 n³ operations.

    Bischof & Van Loan (1987) as modified here: the trailing matrix is updated and multiplied with
    the next reflectors in the same walk, so that it passes through the caches once per block.

    Raises
    ------
    ValueError
        If an entry is not finite, or the matrix is not symmetric beyond float32 round-off.
    """
    across = -(-len(kernel) // EDGE)
    rows = across * EDGE
    tiles = np.empty((across * (across + 1) // 2, EDGE, EDGE))
    check_symmetric(kernel, float(gather(kernel, tiles, across).max()))
    reflectors, band = Reflectors.empty(rows), np.zeros((BAND + 1, rows))
    width = width_of(band.dtype)
    v, w = np.zeros((2, rows, BAND))
    left, right = np.zeros((2, rows // width, 2 * BAND, width))
    products = np.empty((get_num_threads(), rows, BAND))
    # The BLAS calls are small, and threads that wait for more of them would slow the loops down.
    with threadpool_limits(1, user_api="blas"):
        for j, start in enumerate(range(0, rows, BAND)):
            below, block = start + BAND, slice(start, start + BAND)
            strip = _strip(tiles, across, start)
            strip -= np.hstack([v[block], w[block]]) @ np.hstack([w[start:], v[start:]]).T
            if below == rows:
                _store(band, start, strip, np.zeros((BAND, BAND)))
                break
            triangle = reflectors.add(j, strip[:, BAND:].T)
            _store(band, start, strip[:, :BAND], triangle)
            new, factor = reflectors.vector(j), reflectors.triangles[j]
            v[block], v[below:] = 0, new
            products[:, start // EDGE * EDGE :] = 0
            update_and_multiply(
                tiles,
                tiles.transpose(0, 2, 1),
                below // EDGE,
                (left, right),
                _depth_panels(v),
                products,
            )
            w[block], w[below:] = 0, products[:, below:].sum(axis=0) @ factor
            w[below:] -= new @ (0.5 * factor.T @ (new.T @ w[below:]))
            _pack(left, v, w)
            _pack(right, -w, -v)
    return BlockTridiagonal(len(kernel), reflectors, band)


def _strip(tiles: Array, across: int, start: int) -> Array:
    """Rows `start` to `start + BAND`, from their diagonal block on."""
    i, inside = divmod(start, EDGE)
    first = tile_number(i, i, across)
    row = tiles[first : first + across - i, inside : inside + BAND]
    return row.transpose(1, 0, 2).reshape(BAND, -1)[:, inside:].copy()


def _store(band: Array, start: int, diagonal: Array, below: Array) -> None:
    """A diagonal block of T and the triangle below it, as lower diagonals."""
    column = np.vstack([diagonal, below])
    for c in range(BAND):
        band[:, start + c] = column[c : c + BAND + 1, c]


def _pack(panels: Array, first: Array, second: Array) -> None:
    """Two arrays (rows, BAND) side by side into (·, 2·BAND, rows of a panel)."""
    shape = len(panels), panels.shape[2], BAND
    panels[:, :BAND] = first.reshape(shape).transpose(0, 2, 1)
    panels[:, BAND:] = second.reshape(shape).transpose(0, 2, 1)


def _depth_panels(x: Array) -> Array:
    """(rows, BAND) as (·, EDGE rows, columns of a panel)."""
    width = width_of(x.dtype)
    split = x.reshape(-1, EDGE, BAND // width, width).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(split).reshape(-1, EDGE, width)


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
