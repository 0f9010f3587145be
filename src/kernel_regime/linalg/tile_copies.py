"""Copies of tiles into a matrix and its mirror image, a vector register at a time.

Loops over numbers take twice as long for rows of a tile, and for its columns three times: they
store one number after another where here registers are transposed among themselves.
"""

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.packed_products import EDGE
from kernel_regime.linalg.register_copies import copy_transposed, copy_vector
from kernel_regime.linalg.vector_emitter import VECTOR_BYTES


@compiled()
def put_tile(tile: Array, matrix: Array, top: int, start: int, symmetric: bool) -> None:
    """A tile to its place in a matrix, and where that is symmetric to its mirror image too.

    Of a tile on the diagonal of a symmetric matrix, what lies above that counts.
    """
    if symmetric and top == start:
        for r in range(EDGE):
            for c in range(r):
                tile[r, c] = tile[c, r]
    _put(tile, matrix, top, start)
    if symmetric and top != start:
        _put_transposed(tile, matrix, start, top)


@compiled()
def _put(tile: Array, matrix: Array, top: int, start: int) -> None:
    """As much of a tile as the matrix holds from there on."""
    count = VECTOR_BYTES // tile.itemsize
    height, width = min(EDGE, matrix.shape[0] - top), min(EDGE, matrix.shape[1] - start)
    whole = width - width % count
    for r in range(height):
        for c in range(0, whole, count):
            copy_vector(tile, r, c, matrix, top + r, start + c)
        for c in range(whole, width):
            matrix[top + r, start + c] = tile[r, c]


@compiled()
def _put_transposed(tile: Array, matrix: Array, top: int, start: int) -> None:
    """As much of a transposed tile as the matrix holds from there on."""
    count = VECTOR_BYTES // tile.itemsize
    height, width = min(EDGE, matrix.shape[0] - top), min(EDGE, matrix.shape[1] - start)
    lower, right = height - height % count, width - width % count
    for i in range(0, lower, count):
        for j in range(0, right, count):
            copy_transposed(tile, j, i, matrix, top + i, start + j)
    for i in range(height):
        for j in range(right if i < lower else 0, width):
            matrix[top + i, start + j] = tile[j, i]
