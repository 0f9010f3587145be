"""Selection of ridges and penalties: one rule, and how much the test set flatters its own pick."""

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.evaluation.bootstrap import percentile_interval, resampled_means
from kernel_regime.evaluation.scores import normalised_loss

CRITERIA = ("loo_loss", "gcv_loss", "test_loss", "test_accuracy")
"""Validation criteria first; the published code reports the last."""


def best_row(table: pd.DataFrame, criterion: str) -> int | None:
    """Position of the winner: the smallest loss, or the largest accuracy.

    The one rule for ridges, penalties and networks. Ties go to the larger ridge or penalty. What
    is not known, NaN or infinite, never wins; None where nothing is known.

    Parameters
    ----------
    table : DataFrame
        One row per candidate, with its `ridge` or `penalty`.
    criterion : str
        Name of a column; of an accuracy it ends so.

    Raises
    ------
    InputError
        If the table lacks the criterion, or both `ridge` and `penalty`.

    Examples
    --------
    >>> table = pd.DataFrame({"ridge": [0.1, 1.0, 10.0], "loo_loss": [np.nan, 0.2, 0.2]})
    >>> best_row(table, "loo_loss")
    2
    """
    if criterion not in table:
        raise InputError(f"criterion: the table has no column {criterion!r}; {_columns(table)}")
    if "ridge" not in table and "penalty" not in table:
        raise InputError(f"table: no column ridge or penalty to settle ties; {_columns(table)}")
    values = table[criterion].to_numpy(np.float64)
    score = values if criterion.endswith("accuracy") else -values
    known = np.isfinite(score)
    if not known.any():
        return None
    best = np.flatnonzero(known & (score == score[known].max()))
    strength = table["ridge" if "ridge" in table else "penalty"].to_numpy()[best]
    return int(best[strength.argmax()])


def _columns(table: pd.DataFrame) -> str:
    return f"it has {', '.join(map(str, table.columns)) or 'none'}"


def validation_criterion(scores: pd.DataFrame) -> str:
    """Column that chooses a penalty: validation loss, or test loss where there is none.

    Examples
    --------
    >>> validation_criterion(pd.DataFrame(columns=["validation_loss", "test_loss"]))
    'validation_loss'
    """
    return "validation_loss" if "validation_loss" in scores else "test_loss"


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
        With two boolean columns: `selected` by `validation_criterion`, and `selected_on_test` by
        the test accuracy (test loss for regression), as published. Diverged trainings are never
        chosen.

    Examples
    --------
    >>> scores = pd.DataFrame(
    ...     {
    ...         "level": 0,
    ...         "network": "net",
    ...         "seed": 0,
    ...         "status": "finished",
    ...         "penalty": [0.1, 1.0],
    ...         "test_loss": [0.2, 0.3],
    ...     }
    ... )
    >>> mark_selected(scores, classification=False)["selected"].tolist()
    [True, False]
    """
    published = "test_accuracy" if classification else "test_loss"
    criteria = {"selected": validation_criterion(scores), "selected_on_test": published}
    numbered = scores.reset_index(drop=True)  # several rows may share a label
    finished = numbered[numbered["status"] != "diverged"]
    groups = [group for _, group in finished.groupby(["level", "network", "seed"], sort=False)]
    marked = scores.copy()
    for column, criterion in criteria.items():
        rows = [(group, best_row(group, criterion)) for group in groups]
        winners = [group.index[row] for group, row in rows if row is not None]
        marked[column] = numbered.index.isin(winners)
    return marked


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
    """Ridge of every criterion, the test scores there, their intervals, and the selection bias.

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
        the selection biases: `loss_selection_bias`, by how much the loss that the test set picks
        for itself is smaller, `accuracy_selection_bias`, by how much the accuracy that it picks
        is larger. A criterion that is known at no ridge has NaN in all of them.

    Examples
    --------
    >>> path = pd.DataFrame(
    ...     {
    ...         "ridge": [0.1, 1.0],
    ...         "loo_loss": [0.3, 0.2],
    ...         "gcv_loss": [0.3, 0.2],
    ...         "test_loss": [0.25, 0.5],
    ...         "test_accuracy": [1.0, 0.5],
    ...     }
    ... )
    >>> table = select_ridges(
    ...     path,
    ...     np.array([[0.25, 0.25], [0.5, 0.5]]),
    ...     np.array([[1, 1], [0, 1]]),
    ...     np.ones((2, 1)),
    ...     resamples=10,
    ...     confidence=0.9,
    ...     seed=0,
    ... ).set_index("criterion")
    >>> table.loc["loo_loss", ["ridge", "loss_selection_bias"]].tolist()
    [1.0, 0.25]
    """
    rows = [best_row(path, criterion) for criterion in CRITERIA]
    known = np.array([row is not None for row in rows])
    places = [row or 0 for row in rows]
    chosen = path[["ridge", "test_loss", "test_accuracy"]].iloc[places]
    scores: dict[str, Array] = {}
    for name, values in (("test_loss", squared_errors), ("test_accuracy", correct)):
        means = resampled_means(values[places], resamples, seed)
        low, high = percentile_interval(means, confidence)
        scores |= {name: chosen[name].to_numpy(), f"{name}_low": low, f"{name}_high": high}
    table = pd.DataFrame(
        {
            "criterion": CRITERIA,
            "ridge": chosen["ridge"].to_numpy(),
            **scores,
            "test_normalised_loss": normalised_loss(scores["test_loss"], test_targets),
            "loss_selection_bias": scores["test_loss"] - path["test_loss"].min(),
            "accuracy_selection_bias": path["test_accuracy"].max() - scores["test_accuracy"],
        }
    )
    return table.where(known[:, None] | (table.columns == "criterion"))
