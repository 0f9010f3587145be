"""One line per spectrum: ranks, decay, and how much of the labels lies in the top."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def trace_rank(eigenvalues: Array) -> float:
    """Tr K/‖K‖: how many eigenvalues of the largest size the trace is worth."""
    return float(eigenvalues.sum() / eigenvalues[0])


def participation_rank(eigenvalues: Array) -> float:
    """(Tr K)²/‖K‖_F²: how many equal eigenvalues would have this trace and norm."""
    return float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


def effective_dimension(eigenvalues: Array, ridge: float) -> float:
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

    References
    ----------
    Cristianini et al. (2001); centred: Cortes, Mohri & Rostamizadeh (2012).
    """
    kernel = np.asarray(kernel, np.float64)
    if centred:
        kernel = kernel - kernel.mean(axis=0) - kernel.mean(axis=1)[:, None] + kernel.mean()
        targets = targets - targets.mean(axis=0)
    captured = float(np.einsum("ik,ij,jk->", targets, kernel, targets, optimize=True))
    return captured / float(np.linalg.norm(kernel) * np.linalg.norm(targets.T @ targets))
