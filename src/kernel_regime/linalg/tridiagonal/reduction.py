"""Orthogonal reduction of a kernel matrix to block tridiagonal form, K = Q T Qᵀ.

Why not further, to tridiagonal form or eigenvectors: half of those steps is products of a matrix
with one vector, as slow as memory, and T is narrow enough already. Here everything is products of
matrices.
"""

import numpy as np
from numba import get_num_threads

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.matrix_tiles import EDGE
from kernel_regime.linalg.packed_products import width_of
from kernel_regime.linalg.symmetric import check_symmetric
from kernel_regime.linalg.threads import single_blas_thread
from kernel_regime.linalg.tridiagonal.block_tridiagonal import BlockTridiagonal
from kernel_regime.linalg.tridiagonal.reduction_loops import (
    BANDWIDTH,
    gather_tiles,
    tile_number,
    update_and_multiply,
)
from kernel_regime.linalg.tridiagonal.reflectors import Reflectors


def block_tridiagonalise(kernel: Array, factor: float = 1.0) -> BlockTridiagonal:
    """Block tridiagonal form of a symmetric kernel (n, n) times a factor; 4/3 n³ operations.

    The first half of the two-stage reduction of Bischof, Lang & Sun (2000), and no second one.

    Raises
    ------
    ValueError
        If an entry is not finite, or the matrix is not symmetric beyond float32 round-off.
    """
    trailing = _TrailingMatrix(kernel, factor)
    reflectors, diagonals = (
        Reflectors.empty(trailing.rows),
        np.zeros((BANDWIDTH + 1, trailing.rows)),
    )
    last = trailing.rows - BANDWIDTH
    # The BLAS calls are small, and threads that wait for more of them would slow the loops down.
    with single_blas_thread():
        for j, start in enumerate(range(0, last, BANDWIDTH)):
            block = trailing.row_block(start)
            triangle = reflectors.add(j, block[:, BANDWIDTH:].T)
            _store(diagonals, start, block[:, :BANDWIDTH], triangle)
            trailing.reflect(start + BANDWIDTH, reflectors.vector(j), reflectors.triangles[j])
        _store(diagonals, last, trailing.row_block(last), np.zeros((BANDWIDTH, BANDWIDTH)))
    return BlockTridiagonal(len(kernel), reflectors, diagonals, factor * float(kernel[0, 0]))


class _TrailingMatrix:
    """What is not reduced yet: A − VWᵀ − WVᵀ, the tiles of A, and the last two factors beside it.

    The tiles catch up while they are multiplied with the next reflectors, in one walk over them.
    """

    def __init__(self, kernel: Array, factor: float) -> None:
        self._across = -(-len(kernel) // EDGE)
        self.rows = self._across * EDGE
        self._tiles = np.empty((self._across * (self._across + 1) // 2, EDGE, EDGE))
        differences = gather_tiles(kernel, factor, self._tiles, self._across)
        check_symmetric(kernel, "train_kernel", float(differences.max()))
        width = width_of(self._tiles.dtype)
        self._v, self._w = np.zeros((2, self.rows, BANDWIDTH))
        self._left, self._right = np.zeros((2, self.rows // width, 2 * BANDWIDTH, width))
        self._products = np.empty((get_num_threads(), self.rows, BANDWIDTH))

    def row_block(self, start: int) -> Array:
        """Rows `start` to `start + BANDWIDTH`, from their diagonal block on."""
        i, inside = divmod(start, EDGE)
        first = tile_number(i, i, self._across)
        tiles = self._tiles[first : first + self._across - i, inside : inside + BANDWIDTH]
        block = tiles.transpose(1, 0, 2).reshape(BANDWIDTH, -1)[:, inside:]
        v, w = self._v[start:], self._w[start:]
        return block - np.hstack([v[:BANDWIDTH], w[:BANDWIDTH]]) @ np.hstack([w, v]).T

    def reflect(self, start: int, vector: Array, triangle: Array) -> None:
        """Go on to QᵀAQ = A − VWᵀ − WVᵀ, where Q = 1 − VTVᵀ on the rows from `start` on.

        W = X − ½VTᵀVᵀX with X = AVT.

        Parameters
        ----------
        vector, triangle : arrays (rows − start, BANDWIDTH), (BANDWIDTH, BANDWIDTH)
            V and T.
        """
        v, w = self._v, self._w
        v[:start], v[start:] = 0, vector
        first = start // EDGE
        self._products[:, first * EDGE :] = 0
        update_and_multiply(
            self._tiles,
            self._tiles.transpose(0, 2, 1),
            first,
            (self._left, self._right),
            _as_packed_panels(v),
            self._products,
        )
        w[:start], w[start:] = 0, self._products[:, start:].sum(axis=0) @ triangle
        w[start:] -= vector @ (0.5 * triangle.T @ (vector.T @ w[start:]))
        _pack(self._left, v, w)
        _pack(self._right, -w, -v)


def _store(diagonals: Array, start: int, diagonal: Array, below: Array) -> None:
    """A diagonal block of T and the triangle below it, as lower diagonals."""
    column = np.vstack([diagonal, below])
    for c in range(BANDWIDTH):
        diagonals[:, start + c] = column[c : c + BANDWIDTH + 1, c]


def _pack(packed_panels: Array, first: Array, second: Array) -> None:
    """Arrays (rows, BANDWIDTH) side by side into packed panels (·, 2·BANDWIDTH, rows of one)."""
    shape = len(packed_panels), packed_panels.shape[2], BANDWIDTH
    packed_panels[:, :BANDWIDTH] = first.reshape(shape).transpose(0, 2, 1)
    packed_panels[:, BANDWIDTH:] = second.reshape(shape).transpose(0, 2, 1)


def _as_packed_panels(x: Array) -> Array:
    """(rows, BANDWIDTH) as packed panels (·, EDGE rows, columns of one)."""
    width = width_of(x.dtype)
    split = x.reshape(-1, EDGE, BANDWIDTH // width, width).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(split).reshape(-1, EDGE, width)
