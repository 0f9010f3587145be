"""Iterative solver: the path from a Krylov space, for kernels too large to factorise."""

import logging
from dataclasses import replace

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.lanczos import BlockLanczos
from kernel_regime.regression.conditioning import (
    EPSILON,
    applied_ridges,
    without_noise,
)
from kernel_regime.regression.expanded_space import ExpandedSpace
from kernel_regime.regression.krylov_space import MAX_COLUMNS, grow_space
from kernel_regime.regression.probed_diagonal import ProbedDiagonal
from kernel_regime.regression.ridge_path import RidgePath
from kernel_regime.regression.symmetric_kernel import KernelOnHost, SymmetricKernel

logger = logging.getLogger(__name__)

PROBES = 16
"""Random vectors beside the targets: wide blocks make the most of each reading of the kernel."""

_TOLERANCE, _ROUNDED_TOLERANCE = 1e-5, 5e-3
"""Relative residuals that count as solved: rounded products leave 1e-3 or so."""


def solve_iteratively(
    kernel: Matrix,
    targets: Array,
    ridges: Array,
    *,
    tolerance: float | None = None,
    max_columns: int = MAX_COLUMNS,
) -> RidgePath:
    r"""Path by block conjugate gradients that share one Krylov space.

    All outputs, all ridges, and a few random probes use the same products with the kernel: the
    space of K is that of K + λ. It grows until every residual :math:`\|y-(K+\lambda)\alpha\|`
    is at most `tolerance` times :math:`\|y\|`, which bounds the error of the training predictions
    likewise, and until what losses are made of no longer changes.

    Leave-one-out and GCV losses are estimated from the probes (`ProbedDiagonal`), with `loo_error`
    and `gcv_error` beside them. What did not converge is logged with numbers; a loss that may be
    off by more than a tenth is NaN.

    Parameters
    ----------
    kernel : array (n, n) or SymmetricKernel
        NumPy, memory-mapped, or Dask; or a kernel elsewhere, by what is asked of it.
    targets : array (n, outputs)
    ridges : array (ridges,)
    tolerance : float, optional
        Relative residual at which a ridge counts as solved: 1e-5, and 5e-3 for kernels that are
        stored in float32, whose products leave 1e-3 or so by themselves.
    max_columns : int
        Largest dimension of the space; its basis takes 8·n bytes per column, or 4·n for a kernel
        that is stored in float32.

    Raises
    ------
    InputError
        If the kernel is not finite, not symmetric, or indefinite beyond what a ridge makes up for.

    Examples
    --------
    >>> path = solve_iteratively(np.eye(3), np.ones((3, 1)), np.array([1.0]))
    >>> path.coefficients.ravel().round(12), path.loo_loss.round(12)
    (array([0.5, 0.5, 0.5]), array([1.]))
    """
    operator = kernel if isinstance(kernel, SymmetricKernel) else KernelOnHost(kernel)
    operator.check("train_kernel")
    n, scale = len(targets), operator.scale
    if tolerance is None:
        tolerance = _ROUNDED_TOLERANCE if operator.single else _TOLERANCE
    norms = np.linalg.norm(targets, axis=0)
    norms = np.where(norms > 0, norms, 1)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (n, PROBES)) / np.sqrt(n)
    start = operator.block(np.hstack([targets / norms, signs]))
    lanczos = BlockLanczos(operator.products(), start, rounded=operator.rounded)
    ritz, accuracy = grow_space(lanczos, norms, ridges / scale, tolerance, max_columns)
    applied = applied_ridges(ridges, scale * ritz.values[0], scale * ritz.values[-1])
    ritz = replace(ritz, values=without_noise(ritz.values, ritz.values[-1]))
    nearest = operator.nearest_points()
    space = ExpandedSpace.of(lanczos, ritz, nearest.diagonal, applied / scale, signs)
    diagonal = ProbedDiagonal.of(space, nearest, applied / scale, accuracy)
    _report(accuracy.residuals, diagonal, applied, lanczos, tolerance)
    # That of sums over all points, and what the condition of K + λ makes of the kernel's.
    condition = ritz.values[-1] / (applied / scale + max(float(ritz.values[0]), 0.0))
    round_off = EPSILON * (n + condition)
    return RidgePath(
        ridges=ridges,
        applied=applied,
        targets=targets,
        coefficients=space.coefficients * norms / scale,
        inverse_diagonal=diagonal.values / scale,
        inverse_trace=diagonal.trace / scale,
        loo_relative_error=diagonal.loo_relative_error + round_off,
        gcv_relative_error=diagonal.gcv_relative_error + round_off,
        solver=f"iterative, {lanczos.products} products",
    )


def _report(
    residuals: Array,
    diagonal: ProbedDiagonal,
    ridges: Array,
    lanczos: BlockLanczos,
    tolerance: float,
) -> None:
    """Log what did not converge, and which losses are not known, with numbers."""
    short = residuals > tolerance
    if short.any():
        logger.warning(
            "%d of %d ridges (up to %.3g) did not converge in %d products with the kernel: "
            "relative residuals up to %.2g, asked for %.2g; raise those ridges or max_columns",
            *(short.sum(), len(ridges), ridges[short].max(), lanczos.products),
            *(residuals.max(), tolerance),
        )
    unknown = np.isnan(diagonal.values[:, 0])
    if unknown.any():
        logger.warning(
            "leave-one-out of %d of %d ridges (up to %.3g) is not known to a tenth and left out; "
            "raise those ridges or max_columns, or use the direct solver",
            *(unknown.sum(), len(ridges), ridges[unknown].max()),
        )
