"""Krylov space of a ridge path: how far to grow it, and what it yields."""

import logging
from dataclasses import dataclass
from time import monotonic

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.lanczos import BlockLanczos, RitzPairs
from kernel_regime.regression.conditioning import least_ridge

logger = logging.getLogger(__name__)

MAX_COLUMNS = 4000
"""Largest Krylov space where memory allows it."""

ENOUGH = 0.0025
"""Relative change of what losses are made of, since the last check, that would not show in them."""

_LEAST_GROWTH, _MOST_GROWTH = 1.05, 1.25
"""Of the space from one check to the next: a check diagonalises T."""

_QUIET_SECONDS = 5.0
"""Between two lines of progress in the log."""


@dataclass(frozen=True)
class KrylovAccuracy:
    r"""What solutions from a Krylov space may be off, per ridge.

    Residuals are known; how far solutions are off is not, for the least eigenvalues are the last
    to be met. But convergence is at least geometric from one check to the next, so that what the
    last stretch changed is more than all that is still to come.

    Parameters
    ----------
    residuals : array (ridges,)
        Largest over the outputs, relative to the targets.
    coefficients : array (ridges,)
        What the last stretch changed of :math:`\|\alpha\|^2`, relative to it.
    probes : array (ridges,)
        The same of the quadratic forms :math:`z^\top A^{-1}z` of the probes.
    """

    residuals: Array
    coefficients: Array
    probes: Array

    @property
    def worst(self) -> float:
        """Largest change of a quantity that losses are made of."""
        return float(max(self.coefficients.max(), self.probes.max()))


@dataclass(frozen=True)
class _Solutions:
    """Coordinates (ridges, m, outputs) of α in the basis, and forms (ridges,) of the probes."""

    coordinates: Array
    forms: Array

    @classmethod
    def of(cls, ritz: RitzPairs, norms: Array, ridges: Array) -> "_Solutions":
        outputs = len(norms)
        return cls(
            np.stack([ritz.vectors @ ritz.solution(ridge)[:, :outputs] for ridge in ridges])
            * norms,
            ritz.quadratic_forms(ridges)[:, outputs:].sum(axis=1),
        )

    def changes_since(self, before: "_Solutions") -> tuple[Array, Array]:
        """Relative changes of ‖α‖² and of the forms."""
        grown = np.zeros_like(self.coordinates)
        grown[:, : before.coordinates.shape[1]] = before.coordinates
        squares = np.square(self.coordinates).sum(axis=(1, 2))
        moved = np.square(self.coordinates - grown).sum(axis=(1, 2))
        moved += np.abs(squares - np.square(grown).sum(axis=(1, 2)))
        return _ratio(moved, squares), _ratio(np.abs(self.forms - before.forms), self.forms)


def _ratio(numerator: Array, denominator: Array) -> Array:
    """Quotients; of something that is zero throughout, 0."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def grow_space(
    lanczos: BlockLanczos, norms: Array, ridges: Array, tolerance: float, max_columns: int
) -> tuple[RitzPairs, KrylovAccuracy]:
    """Ritz pairs of a space that solves all ridges, is complete, or as large as allowed.

    Parameters
    ----------
    lanczos : BlockLanczos
        Started with targets of unit length and probes.
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
    >>> ritz, accuracy = grow_space(lanczos, np.ones(1), np.ones(1), 1e-4, max_columns=9)
    >>> ritz.values, accuracy.worst
    (array([2., 2.]), 0.0)
    """
    check_at, said, before = 0.0, monotonic(), None
    history: list[tuple[int, float]] = []
    while True:
        lanczos.grow()
        added = lanczos.next.shape[1]
        complete = added == 0
        ended = complete or lanczos.columns + added > max_columns
        if not ended and lanczos.columns < check_at:
            continue
        ritz = lanczos.ritz_pairs()
        solvable = np.maximum(ridges, least_ridge(ritz.values[0], ritz.values[-1]))
        solutions = _Solutions.of(ritz, norms, solvable)
        accuracy = _accuracy(ritz, solutions, before, solvable, complete)
        before = solutions
        history.append((lanczos.columns, float(accuracy.residuals.max())))
        check_at = _next_check(history, tolerance)
        if monotonic() - said > _QUIET_SECONDS:
            said = monotonic()
            logger.info(
                "%d products with the kernel, %d columns: relative residuals up to %.2g",
                *(lanczos.products, lanczos.columns, accuracy.residuals.max()),
            )
        if ended or (accuracy.residuals.max() <= tolerance and accuracy.worst <= ENOUGH):
            return ritz, accuracy


def _accuracy(
    ritz: RitzPairs, found: _Solutions, before: _Solutions | None, ridges: Array, complete: bool
) -> KrylovAccuracy:
    residuals = ritz.residuals(ridges)[:, : found.coordinates.shape[2]].max(axis=1)
    if complete:
        return KrylovAccuracy(residuals, np.zeros(len(ridges)), np.zeros(len(ridges)))
    if before is None:
        return KrylovAccuracy(residuals, np.ones(len(ridges)), np.ones(len(ridges)))
    return KrylovAccuracy(residuals, *found.changes_since(before))


def _next_check(history: list[tuple[int, float]], tolerance: float) -> float:
    """Columns at which residuals will meet the tolerance if they go on falling as they did."""
    columns, residual = history[-1]
    wanted = _MOST_GROWTH * columns
    if len(history) > 1 and tolerance > 0 and 0 < residual < history[-2][1]:
        rate = np.log(history[-2][1] / residual) / (columns - history[-2][0])
        wanted = columns + np.log(residual / tolerance) / rate
    return float(np.clip(wanted, _LEAST_GROWTH * columns, _MOST_GROWTH * columns))
