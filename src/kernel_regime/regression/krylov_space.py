"""Krylov space of a ridge path: how far to grow it, and what it yields."""

import logging
from dataclasses import dataclass
from time import monotonic

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.lanczos import BlockLanczos, RitzPairs
from kernel_regime.regression.conditioning import least_ridge

logger = logging.getLogger(__name__)

ENOUGH = 0.0025
"""Relative error of what the sampled points need, well below what sampling leaves."""

CONVERGED = 1e-2
"""Residual, relative to its eigenvalue, of a Ritz vector that counts as an eigenvector."""

QUIET_SECONDS = 5.0
"""Between two lines of progress in the log."""


@dataclass(frozen=True)
class KrylovAccuracy:
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

    Examples
    --------
    >>> lanczos = BlockLanczos(lambda block: 2 * block, np.eye(3)[:, :2])
    >>> ritz = grow_space(lanczos, np.ones(1), np.ones(1), tolerance=1e-4, max_columns=9)
    >>> KrylovAccuracy.of(ritz, np.ones(1), np.ones(1)).entries.round(12)
    array([[0.33333333]])
    """

    residuals: Array
    coefficients: Array
    entries: Array
    missing: Array

    @classmethod
    def of(cls, ritz: RitzPairs, norms: Array, ridges: Array) -> "KrylovAccuracy":
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


def grow_space(
    lanczos: BlockLanczos, norms: Array, ridges: Array, tolerance: float, max_columns: int
) -> RitzPairs:
    """Ritz pairs of a space that solves all ridges, is complete, or as large as allowed.

    Parameters
    ----------
    lanczos : BlockLanczos
        Started with targets of unit length and the unit vectors of the sampled points.
    norms : array (outputs,)
        Lengths of the targets.
    ridges : array (ridges,)
    tolerance : float
        Relative residual at which a ridge counts as solved.
    max_columns : int
        Largest dimension.

    Examples
    --------
    >>> lanczos = BlockLanczos(lambda block: 2 * block, np.eye(3)[:, :2])
    >>> grow_space(lanczos, np.ones(1), np.ones(1), tolerance=1e-4, max_columns=9).values
    array([2., 2.])
    """
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
        accuracy = KrylovAccuracy.of(ritz, norms, solvable)
        if monotonic() - said > QUIET_SECONDS:
            said = monotonic()
            logger.info(
                "%d products with the kernel, %d columns: relative residuals up to %.2g",
                *(lanczos.products, lanczos.columns, accuracy.residuals.max()),
            )
        if ended or accuracy.suffices(tolerance):
            return ritz


def expand_solutions(
    lanczos: BlockLanczos, ritz: RitzPairs, diagonal: Array, ridges: Array, outputs: int
) -> tuple[Array, Array]:
    """Solutions: α (ridges, n, outputs), and proxies (ridges, n) for the diagonal of the inverse.

    A proxy takes what has converged, which is nearly independent of the points that were sampled:
    eigenvectors u of K with eigenvalues θ. What they leave of the unit vector of point i, a share
    sᵢ = 1 − Σ uᵢ², meets eigenvalues with the mean (Kᵢᵢ − Σ θ uᵢ²)/sᵢ.

    Examples
    --------
    >>> lanczos = BlockLanczos(lambda block: 2 * block, np.eye(3)[:, :2])
    >>> ritz = grow_space(lanczos, np.ones(1), np.ones(1), tolerance=1e-4, max_columns=9)
    >>> _, proxies = expand_solutions(lanczos, ritz, np.full(3, 2.0), np.ones(1), outputs=1)
    >>> proxies.round(12)
    array([[0.33333333, 0.33333333, 0.33333333]])
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
