"""The hot loops of the block tridiagonal reduction and its solutions, on tiles in cache."""

from typing import Any

import numpy as np
from numba import get_thread_id, njit, prange

from kernel_regime.kernels.base import Array
from kernel_regime.kernels.panels import EDGE, ROWS, accumulate, place

BAND = 48
"""Rows of a block of T: whole panels of any vector length, and half of a tile's edge."""

DEPTH = 384
"""Rows of a column block of Q that are multiplied at a time: they stay in the first caches."""


@njit(cache=True)
def tile_number(i: int, j: int, across: int) -> int:
    """Where tile (i, j) of the upper triangle lies, row after row."""
    return i * across - i * (i - 1) // 2 + j - i


@njit(parallel=True, nogil=True, cache=True)
def gather(kernel: Array, tiles: Array, across: int) -> Array:
    """Copy the upper triangle into float64 tiles (·, EDGE, EDGE).

    Rows that the kernel lacks are decoupled from the rest: zero but for the diagonal, which
    repeats an entry of the kernel's, so that no eigenvalue leaves the kernel's range.

    Returns
    -------
    array (tiles,)
        Largest difference between an entry and its mirror; NaN where an entry is not finite.
    """
    asymmetry, n = np.zeros(len(tiles)), len(kernel)
    for number in prange(len(tiles)):
        i, j = place(np.intp(number), across, True)
        tile = tiles[number]
        tile[:] = 0
        top, start, largest, zero = i * EDGE, j * EDGE, 0.0, 0.0
        for r in range(min(EDGE, n - top)):
            for c in range(min(EDGE, n - start)):
                value, mirrored = kernel[top + r, start + c], kernel[start + c, top + r]
                tile[r, c] = value
                largest = max(largest, abs(value - mirrored))
                zero += 0 * (value + mirrored)  # or NaN
        if i == j:
            for r in range(n - top, EDGE):
                tile[r, r] = kernel[0, 0]
        asymmetry[number] = largest + zero
    return asymmetry


@njit(parallel=True, nogil=True, cache=True)
def update_and_multiply(
    tiles: Array,
    flipped: Array,
    first: int,
    update: tuple[Array, Array],
    vectors: Array,
    products: Array,
) -> None:
    """Trailing matrix A += L Rᵀ, and A V of the result, in one walk over its upper tiles.

    Parameters
    ----------
    tiles, flipped : arrays (·, EDGE, EDGE)
        Upper tiles of the whole matrix, and a view of them with rows and columns exchanged.
    first : int
        Row of tiles where the trailing matrix begins.
    update : pair of arrays (·, columns, samples of a panel)
        L and R in panels of rows.
    vectors : array (·, EDGE, columns of a panel)
        V: EDGE rows after EDGE rows, BAND columns each.
    products : array (threads, rows, BAND)
        What each thread adds to A V.
    """
    left, right = update
    across = products.shape[1] // EDGE
    for number in prange((across - first) * (across - first + 1) // 2):
        i, j = place(np.intp(number), across - first, True)
        i, j = i + first, j + first
        t = tile_number(i, j, across)
        _add_outer(left, i, right, j, tiles[t])
        own = products[get_thread_id()]
        _add_product(flipped, t, vectors, j, own[i * EDGE :])
        if i != j:
            _add_product(tiles, t, vectors, i, own[j * EDGE :])


@njit(cache=True)
def _add_product(tiles: Array, t: int, vectors: Array, block: int, product: Array) -> None:
    """product += transpose of tile t times the block-th EDGE rows of V."""
    width = vectors.shape[2]
    for column in range(0, BAND, width):
        panel = (block * BAND + column) // width
        for row in range(0, EDGE, ROWS):
            accumulate(tiles, t, row, vectors, panel, 0, EDGE, product, row, column)


@njit(cache=True)
def _add_outer(left: Array, i: int, right: Array, j: int, tile: Array) -> None:
    """tile += L Rᵀ of EDGE rows of each."""
    width = left.shape[2]
    for column in range(0, EDGE, width):
        for row in range(0, EDGE, ROWS):
            ia, ra = divmod(i * EDGE + row, width)
            ib = (j * EDGE + column) // width
            accumulate(left, ia, ra, right, ib, 0, left.shape[1], tile, row, column)


@njit(parallel=True, nogil=True, cache=True)
def form_basis(
    vectors: Array,
    flipped: Array,
    starts: Array,
    triangles: Array,
    first: int,
    order: Array,
    basis: Array,
) -> None:
    """Column blocks of Q = Q₀ Q₁ ⋯, each from its columns of the identity.

    Parameters
    ----------
    vectors, flipped : arrays (1, ·, BAND), (1, BAND, ·)
        V of all Qⱼ = 1 − Vⱼ Tⱼ Vⱼᵀ below each other, and its transpose.
    starts : array (blocks,)
        Where each V begins; it acts on the rows from (j + 1)·BAND on.
    triangles : array (·, BAND, BAND)
        −Tⱼᵀ.
    first : int
        Number of the first column block.
    order : array (count,)
        In which they are formed.
    basis : array (count, parts, rows, BAND / parts)
        The result.
    """
    rows, width = basis.shape[2:]
    for number in prange(len(order)):
        block, columns = first + order[number], basis[order[number]]
        columns[:] = 0
        for c in range(BAND):
            columns[c // width, block * BAND + c, c % width] = 1
        inner, outer = np.empty((2, len(columns), BAND, width))
        for j in range(block - 1, -1, -1):
            top, count = (j + 1) * BAND, rows - (j + 1) * BAND
            inner[:], outer[:] = 0, 0
            for part in range(len(columns)):
                for start in range(0, count, DEPTH):
                    stop = min(start + DEPTH, count)
                    a = vectors[:, starts[j] + start : starts[j] + stop]
                    b = columns[:, top + start : top + stop]
                    for row in range(0, BAND, ROWS):
                        accumulate(a, 0, row, b, part, 0, stop - start, inner[part], row, 0)
                for row in range(0, BAND, ROWS):
                    accumulate(triangles, j, row, inner, part, 0, BAND, outer[part], row, 0)
                a, target = flipped[:, :, starts[j] : starts[j] + count], columns[part, top:]
                for row in range(0, count, ROWS):
                    accumulate(a, 0, row, outer, part, 0, BAND, target, row, 0)


@njit(parallel=True, nogil=True, cache=True)
def eliminate(basis: Array, transfer: Array, first: int, state: Array, total: Array) -> None:
    """Walk on through L Z = Qᵀ, and add the squares of Z.

    Parameters
    ----------
    basis : array (count, parts, rows, BAND / parts)
        Consecutive column blocks of Q, from block `first` on.
    transfer : array (ridges, blocks, 2, BAND, BAND)
        Zₖ is the transpose of the first times Zₖ₋₁, plus that of the second times Qₖᵀ.
    state : array (rows / BAND, ridges, parts, BAND, BAND / parts)
        Z of the block before `first`; afterwards of the last one; samples in panels.
    total : array (rows / BAND, ridges, parts, BAND / parts)
        Σ Z² so far.
    """
    for chunk in prange(len(state)):
        columns = _transposed(basis, np.intp(chunk) * BAND)
        solved = np.empty(state.shape[2:])
        for r in range(len(transfer)):
            for k in range(len(basis)):
                _step(transfer[r, first + k], state[chunk, r], columns[k], solved)
                _move_on(solved, state[chunk, r], total[chunk, r])


@njit(cache=True)
def _transposed(basis: Array, top: Any) -> Array:
    """BAND rows of column blocks of Q as (blocks, parts, BAND, samples of a panel)."""
    blocks, parts, _, width = basis.shape
    result = np.empty((blocks, parts, BAND, width))
    for k in range(blocks):
        for i in range(BAND):
            for j in range(BAND):
                result[k, i // width, j, i % width] = basis[k, j // width, top + i, j % width]
    return result


@njit(cache=True)
def _step(transfer: Array, before: Array, columns: Array, after: Array) -> None:
    """Zₖ from Zₖ₋₁ and Qₖᵀ."""
    for part in range(len(after)):
        after[part] = 0
        for row in range(0, BAND, ROWS):
            accumulate(transfer, 0, row, before, part, 0, BAND, after[part], row, 0)
            # Lₖₖ⁻¹ is triangular.
            accumulate(transfer, 1, row, columns, part, 0, row + ROWS, after[part], row, 0)


@njit(cache=True)
def _move_on(solved: Array, state: Array, total: Array) -> None:
    """Keep Zₖ for the next block, and add its squares."""
    for part in range(solved.shape[0]):
        for j in range(solved.shape[1]):
            for i in range(solved.shape[2]):
                state[part, j, i] = solved[part, j, i]
                total[part, i] += solved[part, j, i] ** 2
