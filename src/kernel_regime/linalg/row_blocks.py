"""Kernel matrices read in row panels: memory-mapped files stay on disk, Dask arrays on workers."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError

PANEL_BYTES = 64 * 2**20
"""Float64 bytes of one panel: long enough for full GEMM speed, negligible beside a kernel."""


def row_panels(rows: int, columns: int) -> Iterator[slice]:
    """Consecutive slices of rows, each `PANEL_BYTES` of float64 at most (one row at least)."""
    height = max(1, PANEL_BYTES // (8 * max(columns, 1)))
    for start in range(0, rows, height):
        yield slice(start, min(start + height, rows))


def multiply(kernel: Any, x: Array) -> Array:
    """Float64 product of a kernel (m, n) and a block (n, k); the kernel may be float32.

    Accumulates in float64 whatever the kernel is stored in: in float32 the product itself would
    be wrong by about 1e-7‖K‖, more than small ridges.

    Raises
    ------
    ValueError
        If a row of the kernel is not finite.
    """
    if not isinstance(kernel, np.ndarray):
        product = np.asarray(kernel.astype(np.float64).dot(x).compute())
    else:
        product = np.empty((kernel.shape[0], x.shape[1]))
        with np.errstate(invalid="ignore"):
            for rows in row_panels(*kernel.shape):
                np.matmul(kernel[rows].astype(np.float64, copy=False), x, out=product[rows])
    check_finite(product)
    return product


def diagonal_of(kernel: Any) -> Array:
    """Diagonal of a square kernel, NumPy or Dask."""
    if isinstance(kernel, np.ndarray):
        return np.diagonal(kernel)
    from dask.array import diagonal  # a tenth of a second that dense kernels need not wait for

    return np.asarray(diagonal(kernel).compute())


def check_finite(rows: Array, first: int = 0) -> None:
    """Refuse rows of a kernel, or products of them, that are not finite."""
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        row = first + int(np.argmin(finite))
        raise InputError(f"kernel: row {row} is not finite; compute the kernel again")


def float64_copy(kernel: Any) -> Array:
    """Fortran-contiguous copy of a symmetric kernel (n, n) for LAPACK to overwrite.

    Raises
    ------
    ValueError
        If an entry is not finite, or the matrix is not symmetric beyond float32 round-off.
    """
    copy = np.empty(kernel.shape)
    for rows in row_panels(*kernel.shape):
        copy[rows] = kernel[rows]
        check_finite(copy[rows], rows.start)
    check_symmetric(copy, _asymmetry(copy))
    return copy.T


def check_symmetric(kernel: Array, asymmetry: float) -> None:
    """Refuse a kernel whose entries differ from their mirrors by up to `asymmetry`, or by NaN."""
    if np.isnan(asymmetry):
        for rows in row_panels(*kernel.shape):
            check_finite(kernel[rows], rows.start)
    allowed = 1e-5 * float(np.abs(np.diagonal(kernel)).max())
    if asymmetry > allowed:
        raise InputError(
            f"train_kernel: not symmetric, entries differ from their mirror by {asymmetry:g} "
            f"(allowed {allowed:g}); pass the kernel of the training points with themselves"
        )


def _asymmetry(matrix: Array, block: int = 1024) -> float:
    """Compare both triangles block by block: blocks fit the cache, a full transpose would not."""
    largest = 0.0
    for i in range(0, len(matrix), block):
        for j in range(i, len(matrix), block):
            upper = matrix[i : i + block, j : j + block]
            lower = matrix[j : j + block, i : i + block]
            largest = max(largest, float(np.abs(upper - lower.T).max()))
    return largest
