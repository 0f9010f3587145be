"""An orthonormal basis of a block Krylov space, grown one product with the kernel at a time."""

from collections.abc import Callable

import numpy as np

from kernel_regime.core.arrays import Array

SLAB = 128
"""Columns of the basis that lie side by side, so that orthogonalising takes few, large GEMMs."""


class KrylovBasis:
    """Block Lanczos with full reorthogonalisation: VᵀV = 1, VᵀKV = T block tridiagonal.

    In exact arithmetic the Galerkin solutions from V are the iterates of block conjugate
    gradients, for every shift K + λ at once. Keeping V instead of the short recurrence costs
    8·n bytes a column and buys three things: orthogonality, hence the fewest products with the
    kernel; every ridge as an afterthought; and the diagonal of the inverse.

    Parameters
    ----------
    multiply : callable
        Product of the kernel with a block (n, k).
    start : array (n, k)
        Spans the first block; may be rank deficient.
    """

    def __init__(self, multiply: Callable[[Array], Array], start: Array) -> None:
        self._multiply = multiply
        self.next, self.start_coefficients = _orthonormal_factor(start)
        self.slabs: list[Array] = []
        self._diagonal: list[Array] = []
        self._below: list[Array] = []

    @property
    def columns(self) -> int:
        """Dimension of V."""
        return sum(len(diagonal) for diagonal in self._diagonal)

    @property
    def products(self) -> int:
        """Products with the kernel so far."""
        return len(self._diagonal)

    @property
    def coupling(self) -> Array:
        """B in K V = V T + (next block) B (last rows of 1): what V still misses."""
        return self._below[-1]

    def grow(self) -> None:
        """Multiply the next block by the kernel and keep what is new in the result.

        Afterwards `next` has no columns if V is invariant under the kernel.
        """
        block = self.next
        product = self._multiply(block)
        self._append(block)
        self._diagonal.append(block.T @ product)
        # The second sweep removes what round-off leaves of the first.
        for known in (*self.slabs, *self.slabs):
            product -= known @ (known.T @ product)
        scale = max(float(np.abs(diagonal).max()) for diagonal in self._diagonal)
        self.next, below = _orthonormal_factor(product, scale)
        self._below.append(below)

    def _append(self, block: Array) -> None:
        if self.slabs and self.slabs[-1].shape[1] < SLAB:
            block = np.hstack([self.slabs.pop(), block])
        self.slabs.append(block)

    def projected_kernel(self) -> Array:
        """T, dense, of which the lower triangle is filled."""
        matrix = np.zeros((self.columns, self.columns))
        start = 0
        for diagonal, below in zip(self._diagonal, self._below, strict=True):
            stop = start + len(diagonal)
            matrix[start:stop, start:stop] = diagonal
            matrix[stop : stop + len(below), start:stop] = below[: self.columns - stop]
            start = stop
        return matrix


def _orthonormal_factor(block: Array, scale: float | None = None) -> tuple[Array, Array]:
    """Q (n, rank) and R (rank, k) with block = Q R; what is round-off beside scale is dropped."""
    left, values, right = np.linalg.svd(block, full_matrices=False)
    kept = values > len(block) * np.finfo(np.float64).eps * (scale or values[0])
    return left[:, kept], values[kept, None] * right[kept]
