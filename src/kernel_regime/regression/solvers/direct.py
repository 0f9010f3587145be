"""The exact path: one factorisation of the whole kernel."""

from typing import Any

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.tridiagonal.block_tridiagonal import BlockTridiagonal
from kernel_regime.linalg.tridiagonal.reduction import block_tridiagonalise
from kernel_regime.regression.conditioning import applied_ridges, sufficient_shift
from kernel_regime.regression.ridge_path import RidgePath


def solve_directly(kernel: Any, targets: Array, ridges: Array) -> RidgePath:
    """Path from float64 tiles of a kernel (n, n), whatever precision it is stored in.

    A float32 factorisation would be off by about 1e-7‖K‖, which exceeds the small ridges of the
    papers' grids already at a few thousand points; it would only save half of the time.
    """
    reduction = block_tridiagonalise(kernel)
    applied = _applied(ridges, reduction)
    coefficients, inverse_diagonal = reduction.solve(targets, applied)
    return RidgePath(
        ridges=ridges,
        applied=applied,
        targets=targets,
        coefficients=coefficients,
        inverse_diagonal=inverse_diagonal,
        inverse_trace=inverse_diagonal.sum(axis=1),
        solver="direct",
    )


def _applied(ridges: Array, reduction: BlockTridiagonal) -> Array:
    """Ridges to solve with. Eigenvalues, which cost as much again, are left out where possible."""
    if reduction.is_positive_definite(sufficient_shift(ridges.min(), reduction.norm_bound())):
        return ridges
    return applied_ridges(ridges, *reduction.extreme_eigenvalues())
