"""An orthogonal matrix kept as a product of block reflectors."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import get_num_threads
from scipy.linalg.lapack import dgeqrf, dtrtri

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.packed_products import width_of
from kernel_regime.linalg.tridiagonal.reduction_loops import BANDWIDTH, form_basis


@dataclass(frozen=True)
class Reflectors:
    """Q = Q₀ Q₁ ⋯ with Qⱼ = 1 − Vⱼ Tⱼ Vⱼᵀ on the rows from (j + 1)·BANDWIDTH on.

    The compact form of Schreiber & Van Loan (1989).

    Parameters
    ----------
    rows : int
        Of Q; a multiple of BANDWIDTH.
    vectors : array (·, BANDWIDTH)
        All Vⱼ below each other: half as many numbers as Q has.
    starts : int array (blocks,)
        Where each Vⱼ begins; the last block has none.
    triangles : array (blocks − 1, BANDWIDTH, BANDWIDTH)
        Tⱼ, upper triangular.
    """

    rows: int
    vectors: Array
    starts: Array
    triangles: Array

    @classmethod
    def empty(cls, rows: int) -> "Reflectors":
        """Space for all of them, to be filled by `add`."""
        lengths = np.arange(rows - BANDWIDTH, -1, -BANDWIDTH)
        starts = np.concatenate([[0], np.cumsum(lengths[:-1])])
        triangles = np.empty((len(starts) - 1, BANDWIDTH, BANDWIDTH))
        return cls(rows, np.empty((int(lengths.sum()), BANDWIDTH)), starts, triangles)

    def vector(self, j: int) -> Array:
        """Vⱼ."""
        count = self.rows - (j + 1) * BANDWIDTH
        return self.vectors[self.starts[j] : self.starts[j] + count]

    def add(self, j: int, below: Array) -> Array:
        """Choose Qⱼ such that Qⱼᵀ `below` (·, BANDWIDTH) is an upper triangle, which it returns."""
        factored, tau, _, _ = dgeqrf(below)
        v = self.vector(j)
        v[:] = factored
        v[:BANDWIDTH] = np.tril(factored[:BANDWIDTH], -1) + np.eye(BANDWIDTH)
        v[:, tau == 0] = 0  # a column that was zero already is not reflected
        inverse = np.triu(v.T @ v, 1)
        np.fill_diagonal(inverse, 1 / np.where(tau == 0, 1, tau))
        self.triangles[j] = dtrtri(inverse)[0]
        return np.triu(factored[:BANDWIDTH])

    def rotate(self, x: Array) -> None:
        """x ← Qᵀx, in place."""
        for j in range(len(self.triangles)):
            v, rows = self.vector(j), x[(j + 1) * BANDWIDTH :]
            rows -= v @ (self.triangles[j].T @ (v.T @ rows))

    def matrix(self) -> Array:
        """Q as a whole, by the plain loop that `column_blocks` is held to."""
        q = np.eye(self.rows)
        for j in range(len(self.triangles) - 1, -1, -1):
            v, rows = self.vector(j), q[(j + 1) * BANDWIDTH :]
            rows -= v @ (self.triangles[j] @ (v.T @ rows))
        return q

    def column_blocks(self, per_thread: int) -> Iterator[tuple[int, Array]]:
        """Columns of Q, BANDWIDTH by BANDWIDTH, `per_thread` blocks per thread at a time.

        Yields
        ------
        first : int
            Number of the first block.
        basis : array (blocks, parts, rows, BANDWIDTH / parts)
            Overwritten by the next ones.
        """
        width, threads, count = width_of(self.vectors.dtype), get_num_threads(), len(self.starts)
        space = np.empty((per_thread * threads, BANDWIDTH // width, self.rows, width))
        stacked, negative = self.vectors[None], -self.triangles.transpose(0, 2, 1).copy()
        flipped = stacked.transpose(0, 2, 1)
        for first in range(0, count, len(space)):
            basis = space[: count - first]
            # A thread takes consecutive entries, and later blocks are more work: deal them out.
            order = np.concatenate([np.arange(t, len(basis), threads) for t in range(threads)])
            form_basis(stacked, flipped, self.starts, negative, first, order, basis)
            yield first, basis
