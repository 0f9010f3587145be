"""One line per spectrum: ranks, decay, and how much of the labels lies in the top."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.products import multiply


def trace_rank(eigenvalues: Array) -> float:
    """Tr K/‖K‖: how many eigenvalues of the largest size the trace is worth."""
    return float(eigenvalues.sum() / eigenvalues[0])


def participation_rank(eigenvalues: Array) -> float:
    """(Tr K)²/‖K‖_F²: how many equal eigenvalues would have this trace and norm."""
    return float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


def degrees_of_freedom(eigenvalues: Array, ridge: float) -> float:
    """Σ λ/(λ + ridge): degrees of freedom of kernel ridge regression, (K + ridge·I)α = y."""
    kept = eigenvalues[eigenvalues > 0]
    return float((kept / (kept + ridge)).sum())


def target_power(vectors: Array, targets: Array) -> Array:
    """Share of ‖y‖² in each eigenvector, summed over outputs; sums to 1 over a full basis.

    Parameters
    ----------
    vectors : array of shape (n, k)
        Orthonormal eigenvectors as columns.
    targets : array of shape (n, outputs)
        Targets y.
    """
    return ((vectors.T @ targets) ** 2).sum(axis=1) / (targets**2).sum()


def alignment(kernel: Array, targets: Array, centred: bool = False) -> float:
    """Kernel-target alignment ⟨K, yyᵀ⟩/(‖K‖_F ‖yyᵀ‖_F), in [0, 1] for a positive kernel.

    The kernel is read block by block, never copied: it may be memory-mapped.

    References
    ----------
    Cristianini et al. (2001); centred: Cortes, Mohri & Rostamizadeh (2012).
    """
    n = len(kernel)
    square = sum(float(np.square(row, dtype=np.float64).sum()) for row in kernel)
    if centred:
        targets = targets - targets.mean(axis=0)
        means = multiply(kernel, np.ones(n)) / n
        square += float(n**2 * means.mean() ** 2 - 2 * n * (means**2).sum())
    captured = float((targets * multiply(kernel, targets)).sum())
    return captured / float(np.sqrt(square) * np.linalg.norm(targets.T @ targets))
