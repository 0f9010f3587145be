"""Products with kernels read in row blocks: mapped files stay on disk, Dask arrays on workers."""

import sys

import numpy as np

from kernel_regime.core.arrays import Array, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.types import Matrix


def is_distributed(matrix: Matrix) -> bool:
    """Whether a matrix is a Dask array, which only products may touch.

    Examples
    --------
    >>> is_distributed(np.eye(2))
    False
    """
    # Dask takes a tenth of a second to import. Where nobody did, nothing is one of its arrays.
    dask = sys.modules.get("dask.array")
    return dask is not None and isinstance(matrix, dask.Array)


def as_matrix(matrix: Matrix, name: str) -> Matrix:
    """A Dask array of real numbers, and any other array-like as float32 or float64 (`as_floating`).

    Raises
    ------
    InputError
        If they are not real numbers.

    Examples
    --------
    >>> as_matrix([[1, 2], [2, 1]], "kernel").dtype.name
    'float64'
    """
    if not is_distributed(matrix):
        return as_floating(matrix, name)
    if matrix.dtype.kind not in "fiub":
        raise InputError(f"{name}: an array of {matrix.dtype} holds no real numbers; give numbers")
    return matrix if matrix.dtype in (np.float32, np.float64) else matrix.astype(np.float64)


def multiply(kernel: Matrix, x: Array, name: str = "kernel") -> Array:
    """Float64 product of a kernel (m, n) with a vector (n,) or a block (n, k).

    Accumulates in float64 whatever the kernel is stored in: in float32 the product itself would
    be wrong by about 1e-7‖K‖, more than small ridges.

    Raises
    ------
    InputError
        If a row of the kernel is not finite.

    Examples
    --------
    >>> multiply(np.ones((1, 2), np.float32), np.array([1.0, 2.0]))
    array([3.])
    """
    if is_distributed(kernel):
        product = np.asarray(kernel.astype(np.float64).dot(x).compute())
    else:
        product = np.empty((kernel.shape[0], *x.shape[1:]))
        with np.errstate(invalid="ignore"):
            for rows in row_blocks(kernel.shape[0], 8 * kernel.shape[1]):
                product[rows] = np.asarray(kernel[rows], np.float64) @ x
    check_finite(product, name)
    return product


def diagonal_of(kernel: Matrix) -> Array:
    """Diagonal (n,) of a square kernel, NumPy or Dask.

    Examples
    --------
    >>> diagonal_of(np.diag([1.0, 2.0]))
    array([1., 2.])
    """
    if is_distributed(kernel):
        from dask.array import diagonal  # imported already, as `is_distributed` says

        return np.asarray(diagonal(kernel).compute())
    return np.diagonal(kernel)


def check_finite(rows: Array, name: str = "kernel") -> None:
    """Refuse a kernel, or a product with it, of which a row is not finite.

    Raises
    ------
    InputError
        Naming the first such row.

    Examples
    --------
    >>> check_finite(np.eye(2))
    """
    for block in row_blocks(len(rows), rows[:1].nbytes):
        finite = np.isfinite(rows[block]).reshape(block.stop - block.start, -1).all(axis=1)
        if not finite.all():
            row = block.start + int(np.argmin(finite))
            raise InputError(f"{name}: row {row} is not finite; compute the kernel again")
