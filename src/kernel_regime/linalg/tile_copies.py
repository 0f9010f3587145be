"""Copies of tiles into a matrix and its mirror image, a vector register at a time.

Loops over numbers take twice as long for rows of a tile, and for its columns three times: they
store one number after another where here registers are transposed among themselves.
"""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.matrix_tiles import EDGE
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
        height, width = min(EDGE, matrix.shape[0] - start), min(EDGE, matrix.shape[1] - top)
        _put_transposed(tile, matrix, start, top, height, width)


def transposed(block: Array) -> Array:
    """The transpose of a block of float32 or float64, in C order.

    Examples
    --------
    >>> transposed(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    image = np.empty(block.shape[::-1], block.dtype)
    _transpose(block, image)
    return image


@compiled(nogil=True)
def _transpose(block: Array, image: Array) -> None:
    _put_transposed(block, image, 0, 0, image.shape[0], image.shape[1])


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
def _put_transposed(
    tile: Array, matrix: Array, top: int, start: int, height: int, width: int
) -> None:
    """So many rows and columns of a transposed tile."""
    count = VECTOR_BYTES // tile.itemsize
    lower, right = height - height % count, width - width % count
    for i in range(0, lower, count):
        for j in range(0, right, count):
            copy_transposed(tile, j, i, matrix, top + i, start + j)
    for i in range(height):
        for j in range(right if i < lower else 0, width):
            matrix[top + i, start + j] = tile[j, i]
