"""Power law fitted to a spectrum's decay, with an interval that allows for dependent errors."""

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt

from kernel_regime.core.arrays import Array, ArrayLike, checked_numbers
from kernel_regime.core.errors import InputError
from kernel_regime.core.parameters import ParameterType

POINTS = 48
"""Ranks kept, evenly spaced in log rank, so that every octave weighs the same."""

LAG_SHARE = 1 / 3
"""Autocovariances up to this share of the points enter the standard error."""

FEWEST = 8
"""Ranks that a fit needs at least."""

CRITICAL = 1.9600 + 2.9694 * LAG_SHARE + 0.4160 * LAG_SHARE**2 - 0.5324 * LAG_SHARE**3
"""97.5 % quantile of the t-ratio at that share."""


@dataclass(frozen=True)
class PowerLawRange(ParameterType):
    """Ranks between which power laws are fitted, both included.

    Raises
    ------
    InputError
        If the range holds fewer than 8 ranks.

    Examples
    --------
    >>> PowerLawRange(first=10, last=1000)
    PowerLawRange(first=10, last=1000)
    """

    first: PositiveInt
    last: PositiveInt

    def __post_init__(self) -> None:
        """Refuse a range too short for an exponent."""
        super().__post_init__()
        if self.last - self.first < FEWEST - 1:
            raise InputError(f"{self.first}–{self.last} holds fewer than {FEWEST} ranks; widen it")


@dataclass(frozen=True)
class PowerLaw:
    """λ_i ≈ scale·i^(−exponent) for first ≤ i ≤ last, ranks counted from 1.

    Examples
    --------
    >>> law = PowerLaw(exponent=2.0, low=1.9, high=2.1, scale=3.0, first=1, last=100)
    >>> law.scale * 10**-law.exponent  # the tenth eigenvalue
    0.03
    """

    exponent: float
    low: float
    high: float
    scale: float
    first: int
    last: int


def fit_power_law(
    eigenvalues: ArrayLike, first: int, last: int, above: float = 0.0
) -> PowerLaw | None:
    """Least-squares power law in log-log, over ranks `first`…`last` as far as they lie `above` it.

    Neighbouring eigenvalues share their errors, so the 95 % interval uses Newey-West standard
    errors with the critical value that accounts for their own uncertainty (Kiefer & Vogelsang
    2005, Bartlett weights over a third of the points).

    Parameters
    ----------
    eigenvalues : array-like of shape (n,)
        In any order: rank 1 is the largest.
    first, last : int
        Ranks, counted from 1.
    above : float
        Eigenvalues that do not exceed it are round-off.

    Returns
    -------
    PowerLaw or None
        None when fewer than 8 ranks remain.

    Examples
    --------
    >>> law = fit_power_law([3 / rank**2 for rank in range(1, 101)], first=1, last=100)
    >>> round(law.exponent, 6), round(law.scale, 6)
    (2.0, 3.0)
    """
    if first < 1:
        raise InputError(f"first: {first}; ranks count from 1")
    values = np.sort(checked_numbers(eigenvalues, "eigenvalues"))[::-1]
    last = min(last, int((values > max(above, 0)).sum()))
    if last - first < FEWEST - 1:
        return None
    ranks = np.unique(np.geomspace(first, last, POINTS).round().astype(int))
    x, y = np.log(ranks), np.log(values[ranks - 1])
    design = np.column_stack([np.ones_like(x), x])
    inverse = np.linalg.inv(design.T @ design)
    intercept, slope = inverse @ design.T @ y
    scores = design * (y - design @ [intercept, slope])[:, None]
    deviation = np.sqrt((inverse @ _long_run(scores) @ inverse)[1, 1])
    exponent, margin = float(-slope), float(CRITICAL * deviation)
    scale = float(np.exp(intercept))
    return PowerLaw(exponent, exponent - margin, exponent + margin, scale, first, last)


def _long_run(scores: Array) -> Array:
    """Newey-West covariance of summed scores, Bartlett weights."""
    lags = int(LAG_SHARE * len(scores))
    total = scores.T @ scores
    for lag in range(1, lags + 1):
        shifted = scores[lag:].T @ scores[:-lag]
        total += (1 - lag / (lags + 1)) * (shifted + shifted.T)
    return total * len(scores) / (len(scores) - 2)
