"""Block Lanczos: an orthonormal basis of a Krylov space, and what a matrix is within it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.memory import row_blocks

_TOGETHER = 128
"""Columns of the basis that lie side by side, so that orthogonalising takes few, large products."""

_SMALL = 1e-3
"""Of the largest eigenvalue: blocks that meet nothing larger may be rounded."""

_NOISE = 0.5
"""Norm below which what orthogonalising leaves of a unit vector is round-off."""


class BlockLanczos:
    """Block Lanczos with full reorthogonalisation: VᵀV = 1, VᵀKV = T block tridiagonal.

    In exact arithmetic the Galerkin solutions from V are the iterates of block conjugate
    gradients, for every shift K + λ at once. Keeping V instead of the short recurrence costs 8·n
    bytes a column, or 4·n, and buys three things: orthogonality, hence the fewest products with
    the matrix; every shift as an afterthought; and the diagonal of the inverse.

    Parameters
    ----------
    multiply : callable
        Product of the symmetric matrix with a block (n, k).
    start : array (n, k)
        Spans the first block; may be rank deficient. The basis lives where it does: it may be an
        array of JAX, on a GPU for example. What is as small as a block is wide is NumPy's.
    rounded : bool
        Whether blocks that meet small eigenvalues only are kept in float32, at half the memory
        and time: rounded, they are orthogonal to the others to 1e-7, which counts in proportion
        to the eigenvalues that they meet.

    Examples
    --------
    >>> matrix = np.diag([3.0, 2.0, 1.0])
    >>> lanczos = BlockLanczos(lambda block: matrix @ block, np.ones((3, 1)))
    >>> while lanczos.next.shape[1]:
    ...     lanczos.grow()
    >>> lanczos.ritz_pairs().values.round(12).tolist()
    [1.0, 2.0, 3.0]

    References
    ----------
    Golub & Underwood (1977); Parlett (1980), The Symmetric Eigenvalue Problem, chapter 13; Simon
    (1984), for what a basis that is nearly orthogonal is good for.
    """

    def __init__(
        self, multiply: Callable[[Array], Array], start: Array, rounded: bool = False
    ) -> None:
        self._multiply, self._rounded = multiply, rounded
        self._basis: list[Array] = []
        self._diagonal: list[Array] = []
        self._below: list[Array] = []
        self._scale = 0.0
        self._library = start.__array_namespace__()
        self.next, self._start = self._orthonormal(start)

    @property
    def columns(self) -> int:
        """Dimension of V."""
        return sum(len(diagonal) for diagonal in self._diagonal)

    @property
    def products(self) -> int:
        """Products with the matrix so far."""
        return len(self._diagonal)

    def grow(self) -> None:
        """Multiply the next block by the matrix and keep what is new in the result.

        Afterwards `next` has no columns if V is invariant under the matrix.
        """
        block = self.next
        product = self._multiply(block)
        self._diagonal.append(np.asarray(block.T @ product))
        met = float(np.linalg.norm(self._diagonal[-1], 2))
        self._scale = max(self._scale, met)
        small = self._rounded and met < _SMALL * self._scale
        self._append(block.astype(np.float32) if small else block)
        self.next, below = self._orthonormal(product, self._scale)
        self._below.append(below)

    def _append(self, block: Array) -> None:
        last = self._basis[-1] if self._basis else block
        if self._basis and last.shape[1] < _TOGETHER and last.dtype == block.dtype:
            block = self._library.hstack([self._basis.pop(), block])
        self._basis.append(block)

    def _orthonormal(self, block: Array, scale: float = 0.0) -> tuple[Array, Array]:
        """Q (n, rank) and R (rank, k): what is new in a block is Q R, and Q is orthogonal to V.

        Singular values that are round-off beside the largest, or `scale`, are dropped. Directions
        of small ones may be mostly round-off, which lies within V as much as elsewhere; scaled up
        to unit length they must be made orthogonal again, and what vanishes then is dropped too.
        In exact arithmetic a product meets the last two blocks only; what it has of the others is
        round-off, which the second pass takes away.
        """
        block = self._without_known(block, self._basis[-2:])
        new, factor = _split(block, len(block) * np.finfo(np.float64).eps, scale)
        while self._basis and new.shape[1]:
            new, again = _split(self._without_known(new, self._basis), _NOISE, 1.0)
            factor = again @ factor
            if not again.size or np.linalg.norm(again, -2) > 0.9:
                break
        return new, factor

    def _without_known(self, block: Array, basis: list[Array]) -> Array:
        block = block.copy()
        for known in basis:
            block -= known @ (known.T @ block.astype(known.dtype, copy=False))
        return block

    def projected_matrix(self) -> Array:
        """T, dense."""
        matrix = np.zeros((self.columns, self.columns))
        start = 0
        for diagonal, below in zip(self._diagonal, self._below, strict=True):
            stop = start + len(diagonal)
            matrix[start:stop, start:stop] = diagonal
            coupling = below[: self.columns - stop]
            matrix[stop : stop + len(below), start:stop] = coupling
            matrix[start:stop, stop : stop + len(below)] = coupling.T
            start = stop
        return matrix

    def ritz_pairs(self) -> "RitzPairs":
        """Eigenvalues of T, its eigenvectors, and how far both are from those of the matrix."""
        found = self._library.linalg.eigh(self._library.asarray(self.projected_matrix()))
        values, vectors = (np.asarray(part) for part in found)
        coupling = self._below[-1]
        return RitzPairs(
            values=values,
            vectors=vectors,
            start=vectors[: len(self._start)].T @ self._start,
            missing=coupling @ vectors[-coupling.shape[1] :],
        )

    def row_blocks(self, share: float = 1 / 16) -> Iterator[tuple[slice, Array]]:
        """Rows of V, as many at a time as fit a share of the working memory."""
        for rows in row_blocks(len(self.next), 8 * self.columns, share):
            yield rows, self._library.hstack([block[rows] for block in self._basis])


@dataclass(frozen=True)
class RitzPairs:
    """Eigenvalues θ and eigenvectors S of T = VᵀKV, and the start block seen from there.

    Parameters
    ----------
    values : array (m,)
        Ritz values, increasing.
    vectors : array (m, m)
        S, in columns; V S are the Ritz vectors.
    start : array (m, k)
        (V S)ᵀ times the start block, which lies in the span of V.
    missing : array (b, m)
        What K V S − V S θ is, in the coordinates of the next block.
    """

    values: Array
    vectors: Array
    start: Array
    missing: Array

    @property
    def errors(self) -> Array:
        """Distance of every Ritz value from an eigenvalue, at most: its residual norm, (m,)."""
        return np.linalg.norm(self.missing, axis=0)

    def solution(self, ridge: float) -> Array:
        """Galerkin solutions of (K + λ) x = start vector, in coordinates V S: (m, k)."""
        return self.start / (self.values + ridge)[:, None]

    def residuals(self, ridges: Array) -> Array:
        """Norms of start vector − (K + λ) x for these solutions, (ridges, k)."""
        return np.stack(
            [np.linalg.norm(self.missing @ self.solution(ridge), axis=0) for ridge in ridges]
        )

    def quadratic_forms(self, ridges: Array) -> Array:
        """Gauss quadrature of vᵀ (K + λ)⁻¹ v for every start vector v, from below; (ridges, k)."""
        return (1 / (self.values + ridges[:, None])) @ np.square(self.start)


def _split(block: Array, cut: float, scale: float) -> tuple[Array, Array]:
    """Orthonormal Q and R with block = Q R, but for singular values up to `cut` times the scale."""
    orthonormal, triangle = block.__array_namespace__().linalg.qr(block)
    left, values, right = np.linalg.svd(np.asarray(triangle), full_matrices=False)
    kept = values > cut * max(scale, values.max(initial=0.0))
    return orthonormal @ left[:, kept], values[kept, None] * right[kept]
