"""Symmetric matrices: one check, one mirror."""

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.products import check_finite, diagonal_of, is_distributed, multiply

ROUND_OFF = 1e-5
"""Differences between mirrored entries, beside the largest diagonal entry, that pass."""

_EDGE = 512
"""Of the blocks that are compared or mirrored: they fit the cache, a full transpose would not."""


def mirror_upper(matrix: Array) -> None:
    """Copy the upper triangle of a square matrix onto the lower, in place, block by block.

    Examples
    --------
    >>> matrix = np.array([[1.0, 2.0], [0.0, 3.0]])
    >>> mirror_upper(matrix)
    >>> matrix.tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    n, block = len(matrix), 512
    for start in range(0, n, block):
        stop = min(start + block, n)
        corner = matrix[start:stop, start:stop]
        lower = np.tril_indices(stop - start, -1)
        corner[lower] = corner.T[lower]
        matrix[stop:, start:stop] = matrix[start:stop, stop:].T


def asymmetry(matrix: Array) -> float:
    """Largest :math:`|K_{ij} - K_{ji}|` of a square matrix; NaN where an entry is not finite.

    Both triangles are compared block by block, so a memory-mapped matrix is read once.

    Examples
    --------
    >>> asymmetry(np.array([[1.0, 2.0], [2.5, 1.0]]))
    0.5
    """

    def largest_difference(corner: tuple[int, int]) -> float:
        i, j = corner
        with np.errstate(invalid="ignore"):
            upper = matrix[i : i + _EDGE, j : j + _EDGE]
            difference = upper - matrix[j : j + _EDGE, i : i + _EDGE].T
            return float(np.abs(difference).max())

    corners = combinations_with_replacement(range(0, len(matrix), _EDGE), 2)
    with ThreadPoolExecutor() as pool:
        # max, unlike a comparison, hands NaN on; ∞ − ∞ is NaN as well.
        return float(np.max(list(pool.map(largest_difference, corners)), initial=0.0))


def check_symmetric(matrix: Matrix, name: str, found: float | None = None) -> None:
    """Refuse what is no finite symmetric matrix (n, n), n ≥ 1, up to round-off of float32.

    Routines of linear algebra silently read half of such a matrix.

    Parameters
    ----------
    matrix : array (n, n)
        NumPy, memory-mapped or Dask; of a Dask array a product with random signs is compared
        with that of its transpose, so that blocks stay on their workers.
    name : str
        What messages call it.
    found : float, optional
        Its `asymmetry`, where it is known already.

    Raises
    ------
    InputError
        Naming the shape, the first row that is not finite, or the largest difference.

    Examples
    --------
    >>> check_symmetric(np.eye(3), "kernel")
    >>> check_symmetric(np.triu(np.ones((3, 3))), "kernel")
    Traceback (most recent call last):
        ...
    kernel_regime.core.errors.InputError: kernel: not symmetric, entries differ from their mirror \
by 1 (allowed 1e-05); pass the kernel of the training points with themselves
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise InputError(
            f"{name}: shape {matrix.shape} is not square; give the kernel of at least one point "
            "with itself"
        )
    if is_distributed(matrix):
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (len(matrix), 1))
        difference = multiply(matrix, signs, name) - multiply(matrix.T, signs, name)
        # n entries of independent round-off add up to √n of one.
        found = float(np.abs(difference).max()) / np.sqrt(len(matrix))
    else:
        found = asymmetry(matrix) if found is None else found
    if not np.isfinite(found):
        check_finite(matrix, name)
    refuse_asymmetry(found, diagonal_of(matrix), name)


def refuse_asymmetry(found: float, diagonal: Array, name: str) -> None:
    """Refuse an `asymmetry` beyond round-off of float32, beside the diagonal (n,) of the matrix.

    Raises
    ------
    InputError

    Examples
    --------
    >>> refuse_asymmetry(1e-6, np.ones(3), "kernel")
    """
    allowed = ROUND_OFF * float(np.abs(diagonal).max())
    if found > allowed:
        raise InputError(
            f"{name}: not symmetric, entries differ from their mirror by {found:g} "
            f"(allowed {allowed:g}); pass the kernel of the training points with themselves"
        )
