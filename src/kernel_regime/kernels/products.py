"""Matrices made of inner products: one GEMM per block of rows, finished while still in cache."""

from collections.abc import Callable

import numpy as np

from kernel_regime.kernels.base import Array, mirror_upper

BLOCK = 256  # rows; with a few thousand columns a block fits the last-level cache


def flat(x: Array) -> Array:
    """Samples as contiguous rows, whatever their shape."""
    return np.ascontiguousarray(x.reshape(len(x), -1))


def from_products(x1: Array, x2: Array, finish: Callable[[Array, slice, slice], None]) -> Array:
    """Matrix of `finish`ed inner products, shape (n1, n2).

    Parameters
    ----------
    x1, x2 : arrays (n1, d), (n2, d)
        When both are the same object only blocks of the upper triangle are computed, and copied
        onto the lower.
    finish : callable
        Turns a block of products into kernel values in place, told its rows and columns.
    """
    symmetric = x1 is x2
    matrix = np.empty((len(x1), len(x2)), x1.dtype)
    for start in range(0, len(x1), BLOCK):
        rows = slice(start, min(start + BLOCK, len(x1)))
        columns = slice(start if symmetric else 0, len(x2))
        block = matrix[rows, columns]
        np.matmul(x1[rows], x2[columns].T, out=block)
        finish(block, rows, columns)
    if symmetric:
        mirror_upper(matrix)
    return matrix
