"""Products with symmetric kernels: half of the entries are read, in tiles that fit the cache."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.memory import rows_within
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.products import check_finite, is_distributed, multiply
from kernel_regime.linalg.threads import single_blas_thread

TILE = (512, 512)
"""Rows and columns of a tile: 1 MiB in float32, so both its products find it in the cache."""

Reader = Callable[[Array, Array], None]
"""Writes a tile of the kernel, as products are to use it, into an array of the same shape."""


def symmetric_multiply(kernel: Matrix, x: Array) -> Array:
    """Float64 product of a symmetric kernel (n, n) and a block (n, k), from its upper triangle.

    Half of a memory-mapped kernel is read, which also halves what the page cache must hold; each
    tile is widened to float64 once and used for both of its places.

    Raises
    ------
    InputError
        If a row of the kernel is not finite.

    Examples
    --------
    >>> symmetric_multiply(np.array([[1.0, 2.0], [np.nan, 3.0]]), np.ones((2, 1))).tolist()
    [[3.0], [5.0]]
    """
    if is_distributed(kernel):
        return multiply(kernel, x)
    return _product(kernel, x, lambda tile, out: np.copyto(out, tile))


def rounded_multiply(kernel: Matrix, x: Array) -> Array:
    """Product of `symmetric_multiply`, in float32 for a kernel that is stored in float32.

    Entries of kernels share a large mean. Its part of the product is exact, and what is left is
    multiplied in float32 within a tile and added up in float64: the error is about that of an
    entry's own rounding to float32 (for 20,000 images of Fashion-MNIST 1.1 times that), at half
    the time. Kernels of other types are multiplied in float64.

    Raises
    ------
    InputError
        If a row of the kernel is not finite.

    Examples
    --------
    >>> rounded_multiply(np.array([[1, 2], [2, 3]], np.float32), np.ones((2, 1))).tolist()
    [[3.0], [5.0]]
    """
    if not is_rounded(kernel):
        return symmetric_multiply(kernel, x)
    middle = len(kernel) // 2
    mean = kernel[middle, middle:].mean()
    product = _product(
        kernel, x.astype(np.float32), lambda tile, out: np.subtract(tile, mean, out=out)
    )
    product += float(mean) * x.sum(axis=0)
    return product


def is_rounded(kernel: Matrix) -> bool:
    """Whether `rounded_multiply` works in float32 with a kernel.

    Examples
    --------
    >>> is_rounded(np.eye(2)), is_rounded(np.eye(2, dtype=np.float32))
    (False, True)
    """
    return not is_distributed(kernel) and kernel.dtype == np.float32


def _product(kernel: Array, x: Array, read: Reader) -> Array:
    # Every worker adds up a product of its own.
    affordable = rows_within(8 * x.size, share=1 / 2)
    workers = min(os.cpu_count() or 1, -(-len(kernel) // TILE[0]), affordable)
    row_blocks = _Shared(range(0, len(kernel), TILE[0]))
    # One BLAS thread each: the tiles are too small to share.
    with single_blas_thread(), ThreadPoolExecutor(workers) as pool:
        parts = list(
            pool.map(lambda _: _share_of_product(kernel, x, read, row_blocks), range(workers))
        )
    product: Array = sum(parts[1:], start=parts[0])
    check_finite(product)
    return product


def _share_of_product(kernel: Array, x: Array, read: Reader, row_blocks: Iterator[int]) -> Array:
    """What the row blocks that one worker gets hold of contribute to the product."""
    product, buffer = np.zeros(x.shape), np.empty(TILE, x.dtype)
    n, (height, width) = len(kernel), TILE
    for first in row_blocks:
        rows = slice(first, min(first + height, n))
        with np.errstate(invalid="ignore"):
            corner = np.triu(kernel[rows, rows])
            tile = _read(read, corner + np.triu(corner, 1).T, buffer)
            product[rows] += tile @ x[rows]
            for start in range(rows.stop, n, width):
                columns = slice(start, min(start + width, n))
                tile = _read(read, kernel[rows, columns], buffer)
                product[rows] += tile @ x[columns]
                product[columns] += tile.T @ x[rows]
    return product


def _read(read: Reader, tile: Array, buffer: Array) -> Array:
    """A tile as products use it, in a buffer that stays in the cache."""
    height, width = tile.shape
    out = buffer[:height, :width]
    read(tile, out)
    return out


class _Shared(Iterator[int]):
    """An iterator that several threads draw from."""

    def __init__(self, values: range) -> None:
        self._values, self._lock = iter(values), Lock()

    def __next__(self) -> int:
        with self._lock:
            return next(self._values)
