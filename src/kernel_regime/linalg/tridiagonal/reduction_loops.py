"""Hot loops of the block tridiagonal reduction, on tiles and packed panels that stay in cache."""

import numpy as np
from numba import get_thread_id, prange

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.matrix_tiles import EDGE, tile_place
from kernel_regime.linalg.packed_products import ROWS, accumulate

BANDWIDTH = 24
"""Bandwidth of T, the rows of a block: whole packed panels of any vector length, and a part of a
tile's edge."""

DEPTH = 384
"""Rows of a column block of Q that are multiplied at a time: they stay in the first caches."""


@compiled()
def tile_number(i: int, j: int, across: int) -> int:
    """Where tile (i, j) of the upper triangle lies, row after row."""
    return i * across - i * (i - 1) // 2 + j - i


@compiled(parallel=True, nogil=True)
def gather_tiles(kernel: Array, factor: float, tiles: Array, across: int) -> Array:
    """Copy the upper triangle times a factor into float64 tiles (·, EDGE, EDGE).

    Rows that the kernel lacks are decoupled from the rest: zero but for the diagonal, which
    repeats an entry of the kernel's, so that no eigenvalue leaves the kernel's range.

    Returns
    -------
    array (tiles,)
        Largest difference between an entry and its mirror; NaN where an entry is not finite.
    """
    asymmetry, n = np.zeros(len(tiles)), len(kernel)
    for number in prange(len(tiles)):
        i, j = tile_place(np.intp(number), across, True)
        tile = tiles[number]
        tile[:] = 0
        top, start, largest, zero = i * EDGE, j * EDGE, 0.0, 0.0
        for r in range(min(EDGE, n - top)):
            for c in range(min(EDGE, n - start)):
                value, mirrored = kernel[top + r, start + c], kernel[start + c, top + r]
                tile[r, c] = factor * value
                largest = max(largest, abs(value - mirrored))
                zero += 0 * (value + mirrored)  # or NaN
        if i == j:
            for r in range(n - top, EDGE):
                tile[r, r] = factor * kernel[0, 0]
        asymmetry[number] = largest + zero
    return asymmetry


@compiled(parallel=True, nogil=True)
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
    update : pair of arrays (·, columns, rows of a packed panel)
        L and R, packed.
    vectors : array (·, EDGE, columns of a packed panel)
        V: EDGE rows after EDGE rows, BANDWIDTH columns each.
    products : array (threads, rows, BANDWIDTH)
        What each thread adds to A V.
    """
    left, right = update
    across = products.shape[1] // EDGE
    for number in prange((across - first) * (across - first + 1) // 2):
        i, j = tile_place(np.intp(number), across - first, True)
        i, j = i + first, j + first
        t = tile_number(i, j, across)
        _add_outer(left, i, right, j, tiles[t])
        own = products[get_thread_id()]
        _add_product(flipped, t, vectors, j, own[i * EDGE :])
        if i != j:
            _add_product(tiles, t, vectors, i, own[j * EDGE :])


@compiled()
def _add_product(tiles: Array, t: int, vectors: Array, block: int, product: Array) -> None:
    """product += transpose of tile t times the block-th EDGE rows of V."""
    width = vectors.shape[2]
    for column in range(0, BANDWIDTH, width):
        packed_panel = (block * BANDWIDTH + column) // width
        for row in range(0, EDGE, ROWS):
            accumulate(tiles, t, row, vectors, packed_panel, 0, EDGE, product, row, column)


@compiled()
def _add_outer(left: Array, i: int, right: Array, j: int, tile: Array) -> None:
    """tile += L Rᵀ of EDGE rows of each."""
    width = left.shape[2]
    for column in range(0, EDGE, width):
        for row in range(0, EDGE, ROWS):
            ia, ra = divmod(i * EDGE + row, width)
            ib = (j * EDGE + column) // width
            accumulate(left, ia, ra, right, ib, 0, left.shape[1], tile, row, column)


@compiled(parallel=True, nogil=True)
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

    The tiled form of `Reflectors.matrix`, for one column block per thread at a time.

    Parameters
    ----------
    vectors, flipped : arrays (1, ·, BANDWIDTH), (1, BANDWIDTH, ·)
        V of all Qⱼ = 1 − Vⱼ Tⱼ Vⱼᵀ below each other, and its transpose.
    starts : array (blocks,)
        Where each V begins; it acts on the rows from (j + 1)·BANDWIDTH on.
    triangles : array (·, BANDWIDTH, BANDWIDTH)
        −Tⱼᵀ.
    first : int
        Number of the first column block.
    order : array (count,)
        In which they are formed.
    basis : array (count, parts, rows, BANDWIDTH / parts)
        The result.
    """
    rows, width = basis.shape[2:]
    for number in prange(len(order)):
        block, columns = first + order[number], basis[order[number]]
        columns[:] = 0
        for c in range(BANDWIDTH):
            columns[c // width, block * BANDWIDTH + c, c % width] = 1
        inner, outer = np.empty((2, len(columns), BANDWIDTH, width))
        for j in range(block - 1, -1, -1):
            top, count = (j + 1) * BANDWIDTH, rows - (j + 1) * BANDWIDTH
            inner[:], outer[:] = 0, 0
            for part in range(len(columns)):
                for start in range(0, count, DEPTH):
                    stop = min(start + DEPTH, count)
                    a = vectors[:, starts[j] + start : starts[j] + stop]
                    b = columns[:, top + start : top + stop]
                    for row in range(0, BANDWIDTH, ROWS):
                        accumulate(a, 0, row, b, part, 0, stop - start, inner[part], row, 0)
                for row in range(0, BANDWIDTH, ROWS):
                    accumulate(triangles, j, row, inner, part, 0, BANDWIDTH, outer[part], row, 0)
                a, target = flipped[:, :, starts[j] : starts[j] + count], columns[part, top:]
                for row in range(0, count, ROWS):
                    accumulate(a, 0, row, outer, part, 0, BANDWIDTH, target, row, 0)
