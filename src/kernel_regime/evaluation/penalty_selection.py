"""Which penalty to keep: the honest choice, and the published one beside it."""

from collections.abc import Hashable

import pandas as pd


def honest_criterion(scores: pd.DataFrame) -> str:
    """The column that chooses a penalty: validation loss, or test loss where there is none."""
    return "validation_loss" if "validation_loss" in scores else "test_loss"


def best_row(scores: pd.DataFrame, criterion: str) -> Hashable:
    """Label of the best row: the smallest loss, or the largest accuracy; the first of ties."""
    column = scores[criterion]
    return column.idxmax() if criterion.endswith("accuracy") else column.idxmin()


def mark_selected(scores: pd.DataFrame, classification: bool) -> pd.DataFrame:
    """Mark, within every (level, network, seed), the penalties that are chosen.

    Parameters
    ----------
    scores : DataFrame
        One row per penalty.
    classification : bool
        Whether accuracy is what the papers report.

    Returns
    -------
    DataFrame
        With two boolean columns: `selected` by `honest_criterion`, and `selected_on_test` by the
        test accuracy (test loss for regression), as published. Diverged trainings are never
        chosen.
    """
    marked = scores.copy()
    published = "test_accuracy" if classification else "test_loss"
    criteria = {"selected": honest_criterion(scores), "selected_on_test": published}
    finished = scores[scores["status"] != "diverged"]
    for column, criterion in criteria.items():
        groups = finished.groupby(["level", "network", "seed"], sort=False)
        marked[column] = marked.index.isin([best_row(group, criterion) for _, group in groups])
    return marked
