"""Power-law decay of a spectrum, with an interval that knows the residuals are not independent."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[Any]

POINTS = 48
"""Ranks kept, evenly spaced in log rank, so that every octave weighs the same."""


@dataclass(frozen=True)
class PowerLaw:
    """λ_i ≈ scale·i^(−exponent) for first ≤ i ≤ last, ranks counted from 1."""

    exponent: float
    low: float
    high: float
    scale: float
    first: int
    last: int


def fit_power_law(
    eigenvalues: Array, first: int, last: int, floor: float = 0.0, confidence: float = 0.95
) -> PowerLaw | None:
    """Least-squares fit in log-log, over ranks `first`…`last` as far as they exceed `floor`.

    The interval uses Newey-West standard errors: neighbouring eigenvalues share their errors,
    and independent ones would make it several times too narrow.

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
    margin = stats.t.ppf((1 + confidence) / 2, len(ranks) - 2) * deviation
    return PowerLaw(-slope, -slope - margin, -slope + margin, np.exp(intercept), first, last)


def _long_run(scores: Array) -> Array:
    """Newey-West covariance of summed scores, Bartlett weights over a third of the points."""
    lags = len(scores) // 3
    total = scores.T @ scores
    for lag in range(1, lags + 1):
        shifted = scores[lag:].T @ scores[:-lag]
        total += (1 - lag / (lags + 1)) * (shifted + shifted.T)
    return total * len(scores) / (len(scores) - 2)
