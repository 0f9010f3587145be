"""Effective ranks of a spectrum, and how much of the targets lies in its top."""

from collections.abc import Iterator

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_floating, checked_numbers
from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.samples import checked_targets
from kernel_regime.core.types import Matrix
from kernel_regime.regression.conditioning import scale_of


def trace_rank(eigenvalues: ArrayLike) -> float:
    r"""Effective rank :math:`\mathrm{tr} K/\|K\|`: how many largest eigenvalues the trace is worth.

    Parameters
    ----------
    eigenvalues : array-like of shape (n,)
        In any order; NaN is returned where all are zero.

    Examples
    --------
    >>> trace_rank([1, 1, 2])
    2.0
    """
    values, largest = _over_largest(checked_numbers(eigenvalues, "eigenvalues"))
    return float(values.sum()) if largest else np.nan


def participation_rank(eigenvalues: ArrayLike) -> float:
    r"""Participation ratio :math:`(\mathrm{tr} K)^2/\|K\|_F^2` of eigenvalues in any order.

    So many equal eigenvalues would have this trace and norm.

    Examples
    --------
    >>> participation_rank([3, 3, 0])
    2.0
    """
    values, largest = _over_largest(checked_numbers(eigenvalues, "eigenvalues"))
    return float(values.sum() ** 2 / (values**2).sum()) if largest else np.nan


def degrees_of_freedom(eigenvalues: ArrayLike, ridge: float) -> float:
    r"""Degrees of freedom :math:`\sum_i λ_i/(λ_i + δ)` of kernel ridge regression (K + δI)α = y.

    Eigenvalues come in any order; those below zero are round-off and left out.

    Examples
    --------
    >>> degrees_of_freedom([1, 1, 0], ridge=1)
    1.0
    """
    values = checked_numbers(eigenvalues, "eigenvalues")
    if np.ndim(ridge) or not ridge >= 0:
        raise InputError(f"ridge: {ridge}; give one number, 0 or larger")
    kept = values[values > 0]
    return float((kept / (kept + ridge)).sum())


def target_power(vectors: ArrayLike, targets: ArrayLike) -> Array:
    r"""Share of :math:`\|y\|^2` in each eigenvector, summed over outputs; 1 over a full basis.

    Parameters
    ----------
    vectors : array-like of shape (n, k)
        Orthonormal eigenvectors as columns.
    targets : array-like of shape (n,) or (n, outputs)
        Targets y, of any numeric type.

    Returns
    -------
    array of shape (k,)
        NaN where y vanishes.

    Examples
    --------
    >>> target_power([[1, 0], [0, 1]], [3, 4])
    array([0.36, 0.64])
    """
    vectors = as_floating(vectors, "vectors")
    if vectors.ndim != 2 or not len(vectors):
        raise InputError(f"vectors: shape {vectors.shape}; give eigenvectors as columns (n, k)")
    columns, largest = _over_largest(checked_targets(targets, "targets", len(vectors)))
    if not largest:
        return np.full(vectors.shape[1], np.nan)
    return ((vectors.T @ columns) ** 2).sum(axis=1) / (columns**2).sum()


def alignment(kernel: Matrix, targets: ArrayLike, centred: bool = False) -> float:
    r"""Kernel-target alignment :math:`\langle K, yy^T \rangle/(\|K\|_F \|yy^T\|_F)`.

    It lies in [0, 1] for a positive kernel. The kernel is read a row block at a time, in float64:
    it may be memory-mapped.

    Parameters
    ----------
    kernel : array-like of shape (n, n)
        Kernel matrix K.
    targets : array-like of shape (n,) or (n, outputs)
        Targets y, of any numeric type.
    centred : bool
        Whether rows and columns of K, and y, are freed of their means first.

    Returns
    -------
    float
        NaN where K or y vanishes, once centred.

    References
    ----------
    Cristianini et al. (2001); centred: Cortes, Mohri & Rostamizadeh (2012).

    Examples
    --------
    >>> alignment([[1, -1], [-1, 1]], [1, -1])
    1.0
    """
    kernel = as_floating(kernel, "kernel")
    if kernel.ndim != 2 or len(kernel) != kernel.shape[1] or not len(kernel):
        raise InputError(f"kernel: shape {kernel.shape} is not square; give (n, n)")
    columns, _ = _over_largest(checked_targets(targets, "targets", len(kernel)))
    scale = scale_of(kernel)
    if centred:
        columns = columns - columns.mean(axis=0)
    square = captured = 0.0
    for rows, block in _float64_blocks(kernel, scale, centred):
        square += float(np.vdot(block, block))
        captured += float(np.vdot(columns[rows], block @ columns))
    norms = float(np.sqrt(square) * np.linalg.norm(columns.T @ columns))
    return captured / norms if norms else np.nan


def _over_largest(values: Array) -> tuple[Array, float]:
    """Values over the largest of them by size, so that squares stay in range; and that."""
    largest = float(np.abs(values).max())
    return values / (largest or 1), largest


def _float64_blocks(kernel: Array, scale: float, centred: bool) -> Iterator[tuple[slice, Array]]:
    """Row blocks of a kernel matrix over its scale, or of that with its means taken off.

    The means come off entry by entry: taken off the norm instead, what a nearly constant kernel
    consists of would cancel.
    """
    n = len(kernel)
    blocks = list(row_blocks(n, 8 * n))
    means = np.zeros(n)
    if centred:
        for rows in blocks:
            means[rows] = (kernel[rows] / scale).mean(axis=1, dtype=np.float64)
    for rows in blocks:
        block = kernel[rows] / np.float64(scale)
        if centred:
            block -= means[rows, None]
            block -= means - means.mean()
        yield rows, block
