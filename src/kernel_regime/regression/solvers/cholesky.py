"""Cholesky solver: the exact path by a factor and an inverse per ridge, fast for a single one."""

import numpy as np
from scipy.linalg.lapack import dpocon, dpotrf, dpotri, dpotrs

from kernel_regime.core.arrays import Array
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.symmetric import check_symmetric
from kernel_regime.regression.conditioning import EPSILON, scale_of
from kernel_regime.regression.ridge_path import RidgePath


class NearlySingularError(ArithmeticError):
    """K + λ is singular to working precision; its spectrum must be known to go on."""


def solve_by_cholesky(kernel: Matrix, targets: Array, ridges: Array) -> RidgePath:
    """Path with n³ operations a ridge, where the reduction takes 8/3 n³ for all of them.

    Parameters
    ----------
    kernel : array (n, n)
        NumPy or memory-mapped, float32 or float64.
    targets : array (n, outputs)
    ridges : array (ridges,)

    Raises
    ------
    NearlySingularError
        If a ridge is too small for the round-off of the kernel.
    InputError
        If the kernel is not finite or not symmetric.

    Examples
    --------
    >>> path = solve_by_cholesky(np.eye(2), np.ones((2, 1)), np.array([1.0]))
    >>> path.coefficients.ravel()
    array([0.5, 0.5])
    """
    check_symmetric(kernel, "train_kernel")
    scale = scale_of(kernel)
    coefficients = np.empty((len(ridges), *targets.shape))
    inverse_diagonal = np.empty((len(ridges), len(targets)))
    for r, ridge in enumerate(ridges / scale):
        shifted = _scaled_copy(kernel, 1 / scale)
        shifted[np.diag_indices_from(shifted)] += ridge
        norm = float(np.abs(shifted).sum(axis=0).max())
        factor, failed = dpotrf(shifted, lower=1, clean=0, overwrite_a=1)
        if failed or dpocon(factor, norm, uplo="L")[0] < 10 * EPSILON:
            raise NearlySingularError(f"ridge {ridges[r]:g}")
        coefficients[r] = dpotrs(factor, targets, lower=1)[0]
        inverse_diagonal[r] = np.diagonal(dpotri(factor, lower=1, overwrite_c=1)[0])
    return RidgePath.exact(
        ridges=ridges,
        applied=ridges,
        targets=targets,
        coefficients=coefficients / scale,
        inverse_diagonal=inverse_diagonal / scale,
        solver="cholesky",
    )


def _scaled_copy(kernel: Matrix, factor: float) -> Array:
    """Fortran-contiguous float64 multiple of a symmetric kernel (n, n) for LAPACK to overwrite."""
    copy = np.empty(kernel.shape)
    for rows in row_blocks(len(copy), 8 * len(copy)):
        np.multiply(kernel[rows], factor, out=copy[rows], dtype=np.float64)
    return copy.T
