"""Direct solver: the exact path from one reduction of the kernel to block tridiagonal form."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.tridiagonal.block_tridiagonal import BlockTridiagonal
from kernel_regime.linalg.tridiagonal.reduction import block_tridiagonalise
from kernel_regime.regression.conditioning import applied_ridges, scale_of, sufficient_shift
from kernel_regime.regression.ridge_path import RidgePath


def solve_directly(kernel: Matrix, targets: Array, ridges: Array) -> RidgePath:
    """Path from float64 tiles of a kernel (n, n), whatever precision it is stored in.

    A float32 factorisation would be off by about 1e-7‖K‖, which exceeds the small ridges of the
    papers' grids already at a few thousand points; it would only save half of the time.

    Parameters
    ----------
    kernel : array (n, n)
        NumPy or memory-mapped, float32 or float64.
    targets : array (n, outputs)
    ridges : array (ridges,)

    Raises
    ------
    InputError
        If the kernel is not finite, not symmetric, or indefinite beyond what a ridge makes up for.

    Examples
    --------
    >>> path = solve_directly(np.eye(2), np.ones((2, 1)), np.array([0.0, 1.0]))
    >>> path.coefficients[:, 0, 0]
    array([1. , 0.5])
    """
    scale = scale_of(kernel)
    reduction = block_tridiagonalise(kernel, 1 / scale)
    applied = solvable_ridges(ridges, reduction, scale)
    coefficients, inverse_diagonal = reduction.solve(targets, applied / scale)
    return RidgePath.exact(
        ridges=ridges,
        applied=applied,
        targets=targets,
        coefficients=coefficients / scale,
        inverse_diagonal=inverse_diagonal / scale,
        solver="direct",
    )


def solvable_ridges(ridges: Array, reduction: BlockTridiagonal, scale: float) -> Array:
    """Ridges to solve with (`applied_ridges`), for the reduction of a kernel over `scale`.

    Eigenvalues, which cost as much again, are left out where possible.
    """
    shift = sufficient_shift(float(ridges.min()) / scale, reduction.norm_bound())
    if reduction.is_positive_definite(shift):
        return ridges
    smallest, largest = np.multiply(scale, reduction.extreme_eigenvalues())
    return applied_ridges(ridges, float(smallest), float(largest))
