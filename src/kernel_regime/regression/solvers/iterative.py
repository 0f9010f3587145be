"""The path from a Krylov space, for kernels too large to factorise."""

import logging
from time import monotonic
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.krylov import KrylovBasis
from kernel_regime.linalg.ritz import RitzPairs
from kernel_regime.linalg.row_blocks import diagonal_of
from kernel_regime.linalg.symmetric_product import symmetric_multiply
from kernel_regime.regression.conditioning import applied_ridges, least_ridge
from kernel_regime.regression.ridge_path import RidgePath

logger = logging.getLogger(__name__)

PROBES = 8
"""Random ±1 vectors beside the targets: they measure the trace of the inverse (GCV, LOO)."""

QUIET_SECONDS = 5.0
"""Between two lines of progress in the log."""


def solve_iteratively(
    kernel: Any,
    targets: Array,
    ridges: Array,
    *,
    tolerance: float = 1e-4,
    max_columns: int = 4000,
) -> RidgePath:
    r"""Path by block conjugate gradients that share one Krylov space.

    All outputs, all ridges and the probes for the trace use the same products with the kernel:
    the space of K is that of K + λ. It grows until every residual
    :math:`\|y-(K+\lambda)\alpha\|` is at most `tolerance` times :math:`\|y\|`, which bounds the
    error of the training predictions likewise; ridges short of that are logged with numbers.

    The diagonal of :math:`(K+\lambda)^{-1}` is exact within the space; outside it follows the
    kernel's own diagonal, scaled to the trace that the probes measure (stochastic Lanczos
    quadrature). Leave-one-out and GCV losses are therefore estimates: good to a percent where
    ridges are worth choosing, to ten percent where an ill-conditioned kernel overfits.

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
    """
    n, outputs = targets.shape
    probes = np.random.default_rng(0).choice([-1.0, 1.0], (n, PROBES))
    sides = np.hstack([targets, probes])
    norms = np.linalg.norm(sides, axis=0)
    scales = np.where(norms > 0, norms, 1)
    basis = KrylovBasis(lambda block: symmetric_multiply(kernel, block), sides / scales)
    ritz = _grow(basis, scales, outputs, ridges, tolerance, max_columns)
    applied = applied_ridges(ridges, ritz.values[0], ritz.values[-1])
    _report(ritz.residuals(applied)[:, :outputs].max(axis=1), applied, basis, tolerance)
    solutions, inverse, covered, variance = ritz.expand(basis, applied)
    trace = ritz.quadratic_forms(applied)[:, outputs:].mean(axis=1)
    inverse += _outside(
        shares=np.maximum(1 - covered, 0),
        variances=np.maximum(diagonal_of(kernel) - variance, 0),
        missing=trace - inverse.sum(axis=1),
        ridges=applied,
        smallest=max(ritz.values[0], 0),
    )
    return RidgePath(
        ridges=ridges,
        applied=applied,
        targets=targets,
        coefficients=solutions[:, :, :outputs],
        inverse_diagonal=inverse,
        inverse_trace=inverse.sum(axis=1),
        solver=f"iterative, {basis.products} products",
    )


def _outside(
    shares: Array, variances: Array, missing: Array, ridges: Array, smallest: float
) -> Array:
    """Diagonal of the inverse that the space does not hold, (ridges, n).

    Point i has `shares[i]` of its unit vector outside, where it meets eigenvalues of mean
    `variances[i] / shares[i]`. By Jensen share/(mean + λ) is too small: it is raised, for all
    points by one factor, to the `missing` trace, but not above share/(smallest + λ).
    """
    means = np.divide(variances, shares, out=np.zeros_like(shares), where=shares > 0)
    least = shares / (means + ridges[:, None])
    total = least.sum(axis=1)
    factor = np.divide(missing, total, out=np.ones_like(total), where=total > 0)
    most = shares / (smallest + ridges[:, None])
    return np.minimum(np.maximum(factor, 1)[:, None] * least, np.maximum(most, least))


def _grow(
    basis: KrylovBasis,
    scales: Array,
    outputs: int,
    ridges: Array,
    tolerance: float,
    max_columns: int,
) -> RitzPairs:
    """Grow the basis until all ridges are solved, or it is complete or as large as allowed."""
    check_at, said = 10.0 * basis.next.shape[1], monotonic()
    while True:
        basis.grow()
        added = basis.next.shape[1]
        ended = added == 0 or basis.columns + added > max_columns
        if not ended and basis.columns < check_at:
            continue
        # A check diagonalises T: growing by a tenth in between keeps that a small share.
        check_at = 1.1 * basis.columns
        ritz = RitzPairs.of(basis, scales)
        solvable = np.maximum(ridges, least_ridge(ritz.values[0], ritz.values[-1]))
        worst = float(ritz.residuals(solvable)[:, :outputs].max())
        if monotonic() - said > QUIET_SECONDS:
            said = monotonic()
            logger.info(
                "%d products with the kernel, %d columns: relative residuals up to %.2g",
                *(basis.products, basis.columns, worst),
            )
        if ended or worst <= tolerance:
            return ritz


def _report(residuals: Array, ridges: Array, basis: KrylovBasis, tolerance: float) -> None:
    short = residuals > tolerance
    if short.any():
        logger.warning(
            "%d of %d ridges (up to %.3g) did not converge in %d products with the kernel: "
            "relative residuals up to %.2g, asked for %.2g; raise those ridges or max_columns",
            *(short.sum(), len(ridges), ridges[short].max(), basis.products),
            *(residuals.max(), tolerance),
        )
