"""Kernel regime or feature learning: the verdict on a network, over seeds."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field, PositiveFloat
from scipy import stats

from kernel_regime.analysis.regime import MEASURES
from kernel_regime.core.errors import InputError
from kernel_regime.core.parameters import ParameterType
from kernel_regime.core.types import Row


@dataclass(frozen=True, kw_only=True)
class Thresholds(ParameterType):
    """Thresholds of the verdict on a network's regime.

    Parameters
    ----------
    kernel_below : float
        Kernel regime: drift and gap, with their intervals, stay below this.
    features_above : float
        Feature learning: both, with their intervals, lie above this.
    confidence : float
        Of the intervals over seeds.

    Raises
    ------
    InputError
        If the two overlap.

    Examples
    --------
    >>> Thresholds(kernel_below=0.05).features_above
    0.3
    """

    kernel_below: PositiveFloat = 0.1
    features_above: PositiveFloat = 0.3
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95

    def __post_init__(self) -> None:
        """Refuse thresholds between which a network would be both."""
        super().__post_init__()
        if self.kernel_below > self.features_above:
            raise InputError(
                f"kernel_below ({self.kernel_below}) must not exceed "
                f"features_above ({self.features_above})"
            )


LIMITS = ("kernel_below", "features_above", "confidence")
"""Columns that say which `Thresholds` a verdict falls by."""


def judge(
    runs: pd.DataFrame, thresholds: Thresholds, complete: bool = True, unit: str = "seed"
) -> Row:
    """Mean and interval of every measure over seeds, the verdict, and its sentence.

    Parameters
    ----------
    runs : DataFrame
        One row of `MEASURES` per seed.
    thresholds : Thresholds
        When the verdict falls.
    complete : bool
        Whether the kernels are those of all training samples. Otherwise the linearisation saw
        fewer samples than the network did, and the drift alone decides.
    unit : str
        What the rows differ in, if not in the seed.

    Returns
    -------
    dict
        `seeds`, `verdict`, `sentence`, the thresholds, and per measure its mean, `…_low` and
        `…_high`; a Student interval, which one seed leaves as wide as can be.

    Examples
    --------
    >>> runs = pd.DataFrame({name: [0.5, 0.5] for name in MEASURES})
    >>> judge(runs, Thresholds())["verdict"]
    'feature learning'
    """
    count = len(runs)
    row: Row = {"seeds": count} | {name: getattr(thresholds, name) for name in LIMITS}
    for name in MEASURES:
        mean, known = runs[name].mean(), int(runs[name].count())
        half = np.inf
        if known > 1:
            error = runs[name].std(ddof=1) / known**0.5
            half = error * stats.t.ppf((1 + thresholds.confidence) / 2, known - 1)
        row |= {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
    deciding = ("drift", "gap") if complete else ("drift",)
    row["verdict"] = verdict_of(row, thresholds, deciding)
    row["sentence"] = _sentence(row, thresholds, deciding, unit)
    return row


def verdict_of(row: Row, thresholds: Thresholds, deciding: tuple[str, ...]) -> str:
    """Verdict that the intervals `<name>_low`, `<name>_high` of the deciding measures allow.

    Examples
    --------
    >>> verdict_of({"drift_low": 0.4, "drift_high": 0.6}, Thresholds(), ("drift",))
    'feature learning'
    """
    if all(row[f"{name}_high"] < thresholds.kernel_below for name in deciding):
        return "kernel regime"
    if all(row[f"{name}_low"] > thresholds.features_above for name in deciding):
        return "feature learning"
    return "undecided"


_FINDINGS = {
    "drift": "the NTK drifts by {}",
    "gap": "the network ends {} of its way apart from its linearisation",
}


def _sentence(row: Row, thresholds: Thresholds, deciding: tuple[str, ...], unit: str) -> str:
    findings = [_FINDINGS[name].format(_percent(row, name)) for name in deciding]
    below, above = f"{thresholds.kernel_below:.0%}", f"{thresholds.features_above:.0%}"
    reason = {
        "kernel regime": f"certainly below {below}",
        "feature learning": f"certainly above {above}",
        "undecided": f"not certainly below {below}, nor above {above}",
    }[row["verdict"]]
    if row["seeds"] == 1:
        more = {"seed": "train"}.get(unit, "take")
        reason = f"one {unit} gives no interval; {more} at least two"
    found = " and ".join(findings)
    seeds = f"one {unit}" if row["seeds"] == 1 else f"{row['seeds']} {unit}s"
    return f"{row['verdict'].capitalize()}: over {seeds} {found}: {reason}."


def _percent(row: Row, name: str) -> str:
    half = row[f"{name}_high"] - row[name]
    return f"{row[name]:.0%}" + (f" (±{half:.0%})" if np.isfinite(half) else "")
