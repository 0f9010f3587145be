"""Power-law decay of a spectrum, with an interval that knows the residuals are not independent."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array

POINTS = 48
"""Ranks kept, evenly spaced in log rank, so that every octave weighs the same."""


LAG_SHARE = 1 / 3
CRITICAL = 1.9600 + 2.9694 * LAG_SHARE + 0.4160 * LAG_SHARE**2 - 0.5324 * LAG_SHARE**3
"""97.5 % quantile of the t-ratio when autocovariances up to that share of the points are used."""


@dataclass(frozen=True)
class PowerLaw:
    """λ_i ≈ scale·i^(−exponent) for first ≤ i ≤ last, ranks counted from 1."""

    exponent: float
    low: float
    high: float
    scale: float
    first: int
    last: int


def fit_power_law(eigenvalues: Array, first: int, last: int, floor: float = 0.0) -> PowerLaw | None:
    """Least-squares fit in log-log, over ranks `first`…`last` as far as they exceed `floor`.

    Neighbouring eigenvalues share their errors, so the 95 % interval uses Newey-West standard
    errors with the critical value that accounts for their own uncertainty (Kiefer & Vogelsang
    2005, Bartlett weights over a third of the points).

    Returns
    -------
    PowerLaw or None
        None when fewer than 8 ranks remain.
    """
    usable = np.flatnonzero(eigenvalues <= max(floor, 0))
    last = min(last, usable[0] if len(usable) else len(eigenvalues))
    if last - first < 7:
        return None
    ranks = np.unique(np.geomspace(first, last, POINTS).round().astype(int))
    x, y = np.log(ranks), np.log(eigenvalues[ranks - 1])
    design = np.column_stack([np.ones_like(x), x])
    inverse = np.linalg.inv(design.T @ design)
    intercept, slope = inverse @ design.T @ y
    scores = design * (y - design @ [intercept, slope])[:, None]
    deviation = np.sqrt((inverse @ _long_run(scores) @ inverse)[1, 1])
    margin = CRITICAL * deviation
    return PowerLaw(-slope, -slope - margin, -slope + margin, np.exp(intercept), first, last)


def _long_run(scores: Array) -> Array:
    """Newey-West covariance of summed scores, Bartlett weights."""
    lags = int(LAG_SHARE * len(scores))
    total = scores.T @ scores
    for lag in range(1, lags + 1):
        shifted = scores[lag:].T @ scores[:-lag]
        total += (1 - lag / (lags + 1)) * (shifted + shifted.T)
    return total * len(scores) / (len(scores) - 2)
