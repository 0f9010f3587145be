"""Which ridge each criterion picks, and how much the test set flatters its own pick."""

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.evaluation.bootstrap import percentile_interval, resampled_means
from kernel_regime.evaluation.scores import normalised_loss

CRITERIA = ("loo_loss", "gcv_loss", "test_loss", "test_accuracy")
"""Honest choices first; the published code reports the last."""


def selected_row(path: pd.DataFrame, criterion: str) -> int:
    """Position of the best ridge of one path; the larger ridge wins a tie."""
    values = path[criterion].to_numpy()
    score = values if criterion == "test_accuracy" else -values
    best = np.flatnonzero(score == score.max())
    return int(best[path["ridge"].to_numpy()[best].argmax()])


def select_ridges(
    path: pd.DataFrame,
    squared_errors: Array,
    correct: Array,
    test_targets: Array,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """One row per criterion: its ridge, the test scores there, their intervals, the leak.

    Parameters
    ----------
    path : DataFrame
        Of `ridge_path`.
    squared_errors, correct : arrays (ridges, m)
        Squared loss and hit of every test sample at every ridge.
    test_targets : array (m, outputs)

    Returns
    -------
    DataFrame
        `criterion`, `ridge`, `test_loss`, `test_loss_low`, `test_loss_high`,
        `test_normalised_loss`, `test_accuracy`, `test_accuracy_low`, `test_accuracy_high`, and
        the leaks: `loss_leak`, by how much the loss that the test set picks for itself is
        smaller, `accuracy_leak`, by how much the accuracy that it picks is larger.
    """
    rows = [selected_row(path, criterion) for criterion in CRITERIA]
    chosen = path.iloc[rows]
    scores: dict[str, Array] = {}
    for name, values in (("test_loss", squared_errors), ("test_accuracy", correct)):
        means = resampled_means(values[rows], resamples, seed)
        low, high = percentile_interval(means, confidence)
        scores |= {name: chosen[name].to_numpy(), f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(
        {
            "criterion": CRITERIA,
            "ridge": chosen["ridge"].to_numpy(),
            **scores,
            "test_normalised_loss": normalised_loss(scores["test_loss"], test_targets),
            "loss_leak": scores["test_loss"] - path["test_loss"].min(),
            "accuracy_leak": path["test_accuracy"].max() - scores["test_accuracy"],
        }
    )
