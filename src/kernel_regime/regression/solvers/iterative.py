"""Iterative solver: the path from a Krylov space, for kernels too large to factorise."""

import logging
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.lanczos import BlockLanczos
from kernel_regime.linalg.products import diagonal_of
from kernel_regime.linalg.symmetric import check_symmetric, symmetric_multiply
from kernel_regime.regression.conditioning import (
    EPSILON,
    applied_ridges,
    scale_of,
)
from kernel_regime.regression.krylov_space import KrylovAccuracy, expand_solutions, grow_space
from kernel_regime.regression.ridge_path import RidgePath
from kernel_regime.regression.sampled_diagonal import SampledDiagonal

logger = logging.getLogger(__name__)

MAX_COLUMNS = 4000
"""Largest Krylov space where memory allows it."""

BLOCKS = 20
"""Products with the kernel that the largest space must at least allow: fewer points are sampled."""


def solve_iteratively(
    kernel: Any,
    targets: Array,
    ridges: Array,
    *,
    tolerance: float = 1e-4,
    max_columns: int = MAX_COLUMNS,
) -> RidgePath:
    r"""Path by block conjugate gradients that share one Krylov space.

    All outputs, all ridges, and the unit vectors of a random sample of points use the same
    products with the kernel: the space of K is that of K + λ. It grows until every residual
    :math:`\|y-(K+\lambda)\alpha\|` is at most `tolerance` times :math:`\|y\|`, which bounds the
    error of the training predictions likewise, and until the diagonal of
    :math:`(K+\lambda)^{-1}` at the sampled points, which they yield, is known as well as the
    sample can make use of.

    Leave-one-out and GCV losses are those of the sampled points, carried over to the others by
    `SampledDiagonal`, with `loo_error` and `gcv_error` beside them. What did not converge is
    logged with numbers; a loss that may be off by more than a tenth is NaN.

    Parameters
    ----------
    kernel : array (n, n)
        NumPy, memory-mapped, or Dask.
    targets : array (n, outputs)
    ridges : array (ridges,)
    tolerance : float
        Relative residual at which a ridge counts as solved.
    max_columns : int
        Largest dimension of the space; its basis takes 8·n bytes per column.

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
    check_symmetric(kernel, "train_kernel")
    n, outputs = targets.shape
    scale, count = scale_of(kernel), sample_size(n, max_columns)
    sample = np.sort(np.random.default_rng(0).choice(n, count, replace=False))
    norms = np.linalg.norm(targets, axis=0)
    norms = np.where(norms > 0, norms, 1)
    lanczos = BlockLanczos(
        lambda block: symmetric_multiply(kernel, block) / scale,
        np.hstack([targets / norms, _unit_vectors(n, sample)]),
    )
    ritz = grow_space(lanczos, norms, ridges / scale, tolerance, max_columns)
    applied = applied_ridges(ridges, scale * ritz.values[0], scale * ritz.values[-1])
    state = KrylovAccuracy.of(ritz, norms, applied / scale)
    coefficients, proxies = expand_solutions(
        lanczos, ritz, diagonal_of(kernel) / scale, applied / scale, outputs
    )
    diagonal = SampledDiagonal.of(
        coefficients * norms,
        proxies,
        sample,
        ritz.quadratic_forms(applied / scale)[:, outputs:],
        missing=state.missing,
        coefficient_error=state.coefficients,
    )
    _report(state.residuals, diagonal, applied, lanczos, tolerance)
    round_off = EPSILON * ritz.values[-1] / (applied / scale + max(float(ritz.values[0]), 0.0))
    return RidgePath(
        ridges=ridges,
        applied=applied,
        targets=targets,
        coefficients=coefficients * norms / scale,
        inverse_diagonal=diagonal.values / scale,
        inverse_trace=diagonal.trace / scale,
        loo_relative_error=diagonal.loo_relative_error + round_off,
        gcv_relative_error=diagonal.gcv_relative_error + round_off,
        solver=f"iterative, {lanczos.products} products",
    )


def sample_size(n: int, max_columns: int) -> int:
    """How many points to sample: as many as leave the space `BLOCKS` products, 8 at least.

    Examples
    --------
    >>> sample_size(60_000, max_columns=4000)
    200
    """
    return min(n, max(8, max_columns // BLOCKS))


def _unit_vectors(n: int, sample: Array) -> Array:
    """Columns of the identity, (n, s)."""
    columns = np.zeros((n, len(sample)))
    columns[sample, np.arange(len(sample))] = 1
    return columns


def _report(
    residuals: Array,
    diagonal: SampledDiagonal,
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
