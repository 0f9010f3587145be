"""Iterative solver: the path from a Krylov space, for kernels too large to factorise."""

import logging
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.lanczos import BlockLanczos, RitzPairs
from kernel_regime.linalg.products import diagonal_of
from kernel_regime.linalg.symmetric import check_symmetric, symmetric_multiply
from kernel_regime.regression.conditioning import (
    EPSILON,
    applied_ridges,
    least_ridge,
    scale_of,
)
from kernel_regime.regression.ridge_path import RidgePath
from kernel_regime.regression.sampled_diagonal import SampledDiagonal

logger = logging.getLogger(__name__)

MAX_COLUMNS = 4000
"""Largest Krylov space where memory allows it."""

BLOCKS = 20
"""Products with the kernel that the largest space must at least allow: fewer points are sampled."""

ENOUGH = 0.0025
"""Relative error of what the sampled points need, well below what sampling leaves."""

CONVERGED = 1e-2
"""Residual, relative to its eigenvalue, of a Ritz vector that counts as an eigenvector."""

QUIET_SECONDS = 5.0
"""Between two lines of progress in the log."""


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
    ritz = _grow(lanczos, norms, ridges / scale, tolerance, max_columns)
    applied = applied_ridges(ridges, scale * ritz.values[0], scale * ritz.values[-1])
    state = _Accuracy.of(ritz, norms, applied / scale)
    coefficients, proxies = _expand(
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


@dataclass(frozen=True)
class _Accuracy:
    """What solutions from a Krylov space may be off, per ridge.

    Parameters
    ----------
    residuals : array (ridges,)
        Largest over the outputs, relative to the targets.
    coefficients : array (ridges,)
        Error of α, relative to it.
    entries, missing : arrays (ridges, s)
        Diagonal entries of the inverse at the sampled points, from below, and what they lack at
        most.
    """

    residuals: Array
    coefficients: Array
    entries: Array
    missing: Array

    @classmethod
    def of(cls, ritz: RitzPairs, norms: Array, ridges: Array) -> "_Accuracy":
        """Bounds by residuals r: errors are A⁻¹r, at most ‖r‖ over the least eigenvalue of A.

        That eigenvalue is λ or more. What the least Ritz value adds to it is known from above
        only, but it is what the residuals, which lie outside the space, have met so far.
        """
        outputs = len(norms)
        residuals = ritz.residuals(ridges)
        least = ridges + max(float(ritz.values[0]), 0.0)
        lengths = np.stack(
            [np.linalg.norm(ritz.solution(ridge)[:, :outputs], axis=0) for ridge in ridges]
        )
        error = np.linalg.norm(residuals[:, :outputs] * norms, axis=1) / least
        size = np.linalg.norm(lengths * norms, axis=1)
        return cls(
            residuals=residuals[:, :outputs].max(axis=1),
            coefficients=np.divide(error, size, out=np.zeros_like(size), where=size > 0),
            entries=ritz.quadratic_forms(ridges)[:, outputs:],
            missing=np.square(residuals[:, outputs:]) / least[:, None],
        )

    def suffices(self, tolerance: float) -> bool:
        """Whether more products would not show in the results."""
        lacking = self.missing.sum(axis=1) / self.entries.sum(axis=1)
        return bool(
            self.residuals.max() <= tolerance
            and self.coefficients.max() <= ENOUGH
            and lacking.max() <= ENOUGH
        )


def _grow(
    lanczos: BlockLanczos, norms: Array, ridges: Array, tolerance: float, max_columns: int
) -> RitzPairs:
    """Grow the space until all ridges are solved, or it is complete or as large as allowed."""
    check_at, said = 0.0, monotonic()
    while True:
        lanczos.grow()
        added = lanczos.next.shape[1]
        ended = added == 0 or lanczos.columns + added > max_columns
        if not ended and lanczos.columns < check_at:
            continue
        # A check diagonalises T: growing by a quarter in between keeps that a small share.
        check_at = 1.25 * lanczos.columns
        ritz = lanczos.ritz_pairs()
        solvable = np.maximum(ridges, least_ridge(ritz.values[0], ritz.values[-1]))
        accuracy = _Accuracy.of(ritz, norms, solvable)
        if monotonic() - said > QUIET_SECONDS:
            said = monotonic()
            logger.info(
                "%d products with the kernel, %d columns: relative residuals up to %.2g",
                *(lanczos.products, lanczos.columns, accuracy.residuals.max()),
            )
        if ended or accuracy.suffices(tolerance):
            return ritz


def _expand(
    lanczos: BlockLanczos, ritz: RitzPairs, diagonal: Array, ridges: Array, outputs: int
) -> tuple[Array, Array]:
    """Coefficients (ridges, n, outputs), and proxies (ridges, n) for the diagonal of the inverse.

    A proxy takes what has converged, which is nearly independent of the points that were sampled:
    eigenvectors u of K with eigenvalues θ. What they leave of the unit vector of point i, a share
    sᵢ = 1 − Σ uᵢ², meets eigenvalues with the mean (Kᵢᵢ − Σ θ uᵢ²)/sᵢ.
    """
    converged = ritz.errors <= CONVERGED * np.abs(ritz.values)
    values = ritz.values[converged]
    # One product gives all diagonals: functions of the eigenvalues in columns.
    functions = np.column_stack([1 / (values[:, None] + ridges), np.ones_like(values), values])
    solutions = np.stack([ritz.solution(ridge)[:, :outputs] for ridge in ridges], axis=1)
    n, columns = len(diagonal), solutions.reshape(len(ritz.values), -1)
    coefficients, diagonals = np.empty((len(ridges), n, outputs)), np.empty((len(ridges) + 2, n))
    for rows, basis in lanczos.row_blocks():
        vectors = basis @ ritz.vectors
        block = (vectors @ columns).reshape(-1, len(ridges), outputs)
        coefficients[:, rows] = block.transpose(1, 0, 2)
        diagonals[:, rows] = (np.square(vectors[:, converged]) @ functions).T
    shares = 1 - diagonals[-2]
    shares = np.where(shares > 1e-13, shares, 0)
    variances = np.maximum(diagonal - diagonals[-1], 0)
    means = np.divide(variances, shares, out=np.zeros(n), where=shares > 0)
    outside = np.divide(
        shares, means + ridges[:, None], out=np.zeros((len(ridges), n)), where=shares > 0
    )
    return coefficients, diagonals[:-2] + outside


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
