"""Verdicts along the dial of laziness: means and intervals over seeds at every scale and width."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from kernel_regime.analysis.regime_verdict import Thresholds, verdict_of
from kernel_regime.core.arrays import ArrayLike
from kernel_regime.core.types import Row

MEASURED = ("drift", "gap", "test_loss", "test_accuracy", "kernel_loss", "kernel_accuracy",
            "train_loss")  # fmt: skip


def judge_laziness(
    runs: pd.DataFrame, thresholds: Thresholds, also_by: Sequence[str] = ()
) -> pd.DataFrame:
    """Means and Student intervals over seeds, and a verdict, at every α and width.

    Parameters
    ----------
    runs : DataFrame
        Of `measure_laziness`.
    thresholds : Thresholds
        Drift and gap, intervals included, on one side of them give a verdict.
    also_by : sequence of str
        Further columns that tell runs apart: noise levels, kinds of networks.

    Returns
    -------
    DataFrame
        `alpha`, `width`, `seeds`, `finished` (share of the runs), and per measure its mean,
        `…_low` and `…_high`; `verdict`.

    Examples
    --------
    >>> runs = pd.DataFrame(
    ...     {"alpha": 100.0, "width": 8, "seed": [0, 1], "drift": 0.01, "finished": True}
    ...     | {name: 0.01 for name in MEASURED if name != "drift"}
    ... )
    >>> judge_laziness(runs, Thresholds())["verdict"].tolist()
    ['kernel regime']
    """
    keys, rows = [*also_by, "alpha", "width"], []
    for place, group in runs.groupby(keys, sort=False):
        row: Row = dict(zip(keys, place, strict=True))
        row |= {"seeds": len(group), "finished": group["finished"].mean()}
        for name in MEASURED:
            mean, half = student_interval(group[name], thresholds.confidence)
            row |= {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
        row["verdict"] = verdict_of(row, thresholds, ("drift", "gap"))
        rows.append(row)
    return pd.DataFrame(rows)


def student_interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Mean, and half the width of its Student interval: infinite for a single value.

    Examples
    --------
    >>> [round(part, 2) for part in student_interval([1.0, 2.0, 3.0])]
    [2.0, 2.48]
    """
    values = np.asarray(values, np.float64)
    if len(values) < 2:
        return float(values.mean()) if len(values) else np.nan, np.inf
    quantile = stats.t.ppf((1 + confidence) / 2, len(values) - 1)
    return float(values.mean()), float(quantile * stats.sem(values))
