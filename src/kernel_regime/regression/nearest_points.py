"""Nearest point of every point, in the geometry of a kernel: what near-duplicates know."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.products import diagonal_of, is_distributed

Search = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True)
class NearestPoints:
    r"""The point j that says most about point i: it maximises :math:`K_{ij}^2/K_{jj}`.

    In a Gaussian process with covariance K and noise variance λ, the inverse of a diagonal entry
    of :math:`(K+\lambda)^{-1}` is λ plus the variance of point i given all others. Given j alone
    the variance is larger, which bounds the entry from below: images that occur twice have the
    largest entries, and no eigenvector tells.

    Parameters
    ----------
    diagonal, theirs : arrays (n,)
        :math:`K_{ii}` and :math:`K_{jj}`.
    shared : array (n,)
        :math:`K_{ij}`.

    Examples
    --------
    >>> kernel = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> NearestPoints.of(kernel).least_entries(0.1).round(3)
    array([5.238, 5.238, 0.909])
    >>> np.diag(np.linalg.inv(kernel + 0.1 * np.eye(3))).round(3)
    array([5.238, 5.238, 0.909])
    """

    diagonal: Array
    theirs: Array
    shared: Array

    @classmethod
    def of(cls, kernel: Matrix, scale: float = 1.0) -> "NearestPoints":
        """Of a symmetric kernel (n, n), NumPy, memory-mapped or Dask, over `scale`.

        The kernel is read once.
        """
        search = _search_dask if is_distributed(kernel) else _search
        return cls.found_by(partial(search, kernel), diagonal_of(kernel), scale)

    @classmethod
    def found_by(cls, search: Search, diagonal: Array, scale: float) -> "NearestPoints":
        """Of a kernel over `scale` with a diagonal (n,).

        `search` takes weights r (n,) and returns the place of the largest :math:`|K_{ij}|r_j`,
        j ≠ i, in every row, and the :math:`K_{ij}` there.
        """
        roots = np.sqrt(np.divide(1, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0))
        nearest, shared = search(roots)
        parts = (diagonal, diagonal[nearest], shared)
        return cls(*(part.astype(np.float64) / scale for part in parts))

    def least_entries(self, ridge: float) -> Array:
        """Lower bounds of the diagonal of (K + λ)⁻¹, (n,)."""
        given, left = self.theirs + ridge, np.zeros_like(self.shared)
        np.divide(np.square(self.shared), given, out=left, where=given > 0)
        left = ridge + np.maximum(self.diagonal - left, 0)
        return np.divide(1, left, out=np.zeros_like(left), where=left > 0)


def _search(kernel: Array, roots: Array) -> tuple[Array, Array]:
    nearest, shared = np.empty(len(kernel), np.intp), np.empty(len(kernel), kernel.dtype)

    def search(rows: slice) -> None:
        closeness = np.abs(kernel[rows]) * roots
        places = np.arange(len(closeness))
        closeness[places, places + rows.start] = -1
        nearest[rows] = closeness.argmax(axis=1)
        shared[rows] = kernel[rows][places, nearest[rows]]

    with ThreadPoolExecutor() as pool:
        list(pool.map(search, row_blocks(len(kernel), 2 * kernel[:1].nbytes, share=1 / 64)))
    return nearest, shared


def _search_dask(kernel: Matrix, roots: Array) -> tuple[Array, Array]:
    from dask import array  # imported already, as `is_distributed` says

    others = kernel - array.diag(array.diagonal(kernel))
    nearest = (abs(others) * roots).argmax(axis=1).compute()
    return nearest, kernel.vindex[np.arange(len(nearest)), nearest].compute()
