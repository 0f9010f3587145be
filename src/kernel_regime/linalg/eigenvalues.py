"""Eigenvalues of kernel matrices: all of them, the largest, or their density.

Three routes for three sizes. LAPACK finds everything while a float64 copy fits in memory. Lanczos
iterations read the (memory-mapped) matrix block by block and find the largest. Stochastic Lanczos
finds how many eigenvalues lie where, from a few passes over a matrix of any size.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
from scipy.linalg import eigh_tridiagonal
from scipy.sparse.linalg import LinearOperator, eigsh

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError, TooLargeError

logger = logging.getLogger(__name__)

LARGEST_FOR_32_BIT = 32_766
"""1 + 6n + 2n², the work size of LAPACK's divide and conquer, passes 2³¹ after this n."""

BLOCK_BYTES = 64 * 2**20
"""Size of the float64 copy of the rows in work during a pass over a matrix."""


def eigenvalues(kernel: Array) -> Array:
    """All eigenvalues of a symmetric matrix, largest first, in float64.

    Raises
    ------
    ValueError
        If the matrix is not square, finite and symmetric.
    OverflowError
        If n > 32,766 and NumPy's LAPACK counts in 32 bits.
    MemoryError
        If the float64 copy that LAPACK destroys would not fit.
    """
    _check_symmetric(kernel)
    _check_lapack(len(kernel), copies=1)
    return np.linalg.eigvalsh(kernel.astype(np.float64))[::-1]


def eigensystem(kernel: Array) -> tuple[Array, Array]:
    """All eigenvalues, largest first, and eigenvectors as columns; see `eigenvalues`.

    Needs about three float64 copies of the matrix.
    """
    _check_symmetric(kernel)
    _check_lapack(len(kernel), copies=3)
    values, vectors = np.linalg.eigh(kernel.astype(np.float64))
    return values[::-1], vectors[:, ::-1]


def top_eigensystem(kernel: Array, count: int, seed: int = 0) -> tuple[Array, Array]:
    """The `count` largest eigenvalues, largest first, and their eigenvectors as columns.

    The matrix is only ever multiplied, a block of rows at a time: a memory-mapped one stays on
    disk. Errors are those of float64 Lanczos iterations run to convergence.
    """
    n = len(kernel)
    if not 0 < count < n:
        raise InputError(f"count: {count} of {n} eigenvalues; give 1…{n - 1}, or use eigenvalues")
    operator: Any = LinearOperator(
        (n, n), matvec=lambda v: multiply_by_rows(kernel, v), dtype=np.float64
    )
    start = np.random.default_rng(seed).standard_normal(n)
    values, vectors = eigsh(operator, k=count, which="LA", v0=start)
    return values[::-1], vectors[:, ::-1]


@dataclass(frozen=True)
class SpectralDensity:
    """A weighted sample of eigenvalues: `nodes` (probes, steps) with `weights` summing to 1."""

    nodes: Array
    weights: Array
    n: int

    def count_above(self, threshold: float | Array) -> Array:
        """Estimated number of eigenvalues above each threshold."""
        above = self.nodes[..., None] > np.atleast_1d(threshold)
        return self.n * np.einsum("ps,pst->t", self.weights, above) / len(self.nodes)

    def eigenvalues(self) -> Array:
        """Estimate of all n eigenvalues, largest first.

        The largest, on which all probes agree, are known one by one; the others are quantiles
        of what remains of the density.
        """
        order = np.argsort(-self.nodes, axis=1)
        nodes, weights = (np.take_along_axis(a, order, 1) for a in (self.nodes, self.weights))
        known = self._known(nodes, weights)
        left, rest = self.n - known, nodes[:, known:].ravel()
        shares = weights[:, known:] / weights[:, known:].sum(axis=1, keepdims=True) / len(nodes)
        order = np.argsort(-rest)
        counts = left * np.cumsum(shares.ravel()[order])
        middle = np.minimum(np.searchsorted(counts, np.arange(left) + 0.5), len(rest) - 1)
        return np.r_[nodes[:, :known].mean(axis=0), rest[order][middle]]

    def _known(self, nodes: Array, weights: Array) -> int:
        """How many of the largest nodes are simple eigenvalues, the same for all probes.

        Of a simple one, the mean weight over p probes is (1 ± √(2/p))/n; of a multiple one, more.
        """
        agreed = np.ptp(nodes, axis=0) <= 1e-6 * nodes[:, 0].max()
        simple = self.n * weights.mean(axis=0) < 1 + 4 * np.sqrt(2 / len(nodes))
        return int(np.argmin(np.r_[(agreed & simple)[: nodes.shape[1] // 2], False]))


def spectral_density(
    kernel: Array, probes: int = 8, steps: int = 64, seed: int = 0
) -> SpectralDensity:
    """Stochastic Lanczos quadrature: eigenvalue density from `steps` passes over the matrix.

    Every probe is a random direction whose Lanczos matrix has the Gauss quadrature of the
    density as its eigenvalues and squared first components (Golub & Meurant 1994; Lin, Saad &
    Yang 2016). The largest eigenvalues come out sharp, the bulk as a smoothed histogram; counts
    have a relative error of about 1/√(probes·count).
    """
    n = len(kernel)
    steps = min(steps, n)
    directions = np.random.default_rng(seed).standard_normal((n, probes))
    directions /= np.linalg.norm(directions, axis=0)
    basis = np.zeros((steps, n, probes))
    diagonal, beside = np.zeros((steps, probes)), np.zeros((steps, probes))
    for step in range(steps):
        basis[step] = directions
        image = multiply_by_rows(kernel, directions)
        diagonal[step] = np.einsum("np,np->p", directions, image)
        for _ in range(2):  # once more removes the round-off the first projection leaves
            overlaps = np.einsum("snp,np->sp", basis[: step + 1], image)
            image -= np.einsum("snp,sp->np", basis[: step + 1], overlaps)
        beside[step] = np.linalg.norm(image, axis=0)
        # A direction that leaves nothing spans an invariant space: its quadrature is complete.
        finished = beside[step] <= n * np.finfo(float).eps * np.abs(diagonal).max(axis=0)
        beside[step, finished] = 0
        directions = np.divide(image, beside[step], where=~finished, out=np.zeros_like(image))
    ritz = [eigh_tridiagonal(diagonal[:, p], beside[:-1, p]) for p in range(probes)]
    nodes = np.array([values for values, _ in ritz])
    return SpectralDensity(nodes, np.array([vectors[0] ** 2 for _, vectors in ritz]), n)


def multiply_by_rows(kernel: Array, vectors: Array) -> Array:
    """Kernel times vectors in float64, whatever the kernel's dtype, block of rows by block."""
    step = max(1, BLOCK_BYTES // (8 * kernel.shape[1]))
    blocks = (kernel[start : start + step] for start in range(0, len(kernel), step))
    return np.concatenate([np.asarray(block, np.float64) @ vectors for block in blocks])


def round_off_floor(kernel: Array) -> float:
    """Size below which eigenvalues of the stored matrix are rounding noise.

    Independent rounding errors of ε/2·|K_ij| at most have a spectral norm below ε·max|K|·√n.
    """
    largest = float(np.abs(np.diagonal(kernel)).max())
    return float(np.finfo(kernel.dtype).eps) * largest * float(np.sqrt(len(kernel)))


def _check_symmetric(kernel: Array) -> None:
    """Refuse what LAPACK would silently read half of."""
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise InputError(f"kernel: shape {kernel.shape} is not square; give a train kernel")
    step = max(1, BLOCK_BYTES // (8 * len(kernel)))
    for start in range(0, len(kernel), step):
        rows, columns = kernel[start : start + step], kernel[:, start : start + step]
        if not np.isfinite(rows).all():
            raise InputError(f"kernel: rows from {start} hold values that are not finite")
        if not np.array_equal(rows, columns.T):
            raise InputError(
                f"kernel: not symmetric in rows from {start}; average it with its transpose"
            )


def _check_lapack(n: int, copies: int) -> None:
    """Refuse a factorisation that would overflow or not fit, saying what to use instead."""
    remedy = "use top_eigensystem or spectral_density"
    if n > LARGEST_FOR_32_BIT and not lapack_has_64_bit_integers():
        raise OverflowError(
            f"n = {n}: NumPy's LAPACK counts in 32 bits and overflows beyond "
            f"{LARGEST_FOR_32_BIT}; {remedy}, or install a NumPy wheel from PyPI"
        )
    needed, free = copies * 8 * n**2, psutil.virtual_memory().available
    if needed > free:
        raise TooLargeError(
            f"n = {n}: all eigenvalues need {needed / 1e9:.1f} GB in float64, "
            f"{free / 1e9:.1f} GB are free; {remedy}"
        )
    if n > 10_000:
        logger.info("eigenvalues of a matrix of n = %d: %.1f GB, minutes", n, needed / 1e9)


def lapack_has_64_bit_integers() -> bool:
    """Whether NumPy is linked to an ILP64 LAPACK, as its wheels are; SciPy's never is."""
    return bool(getattr(np.linalg._umath_linalg, "_ilp64", False))
