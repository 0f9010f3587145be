"""Section of the report on distribution shift: its text and its table."""

import pandas as pd

from kernel_regime.figures.methods import method_name
from kernel_regime.pipelines.reporting.run import ReportedRun
from kernel_regime.pipelines.reporting.tables import (
    by_level_and_method,
    number,
    numbers,
    report_table,
)


def shift_text(run: ReportedRun) -> str:
    """Which method loses least off its training level, and how good the forecasts are."""
    table: pd.DataFrame = run.tables["distribution_shift"]
    text = (
        "Every method trained at one noise level and tested at every other. Kernels keep the ridge "
        "that was picked where they were trained, networks their penalty. "
    )
    lost = shift_losses(table, classification=bool(run.unit))
    if lost.empty:
        return text + "There is one level, and nothing to compare."
    parts = [f"{method_name(str(name))} {number(value)}{run.unit}" for name, value in lost.items()]
    return text + (
        f"By how much the {run.measure} is above that of the same method trained where it is "
        f"tested, on average over all pairs of levels, from the least on: {', '.join(parts)}. "
    ) + _forecasts(table)  # fmt: skip


def _forecasts(table: pd.DataFrame) -> str:
    """How far forecasts are off the measured losses of kernels."""
    known = table[table["trained_level"] != table["tested_level"]].dropna(subset="predicted_loss")
    if known.empty:
        return ""
    off = 100 * (known["predicted_loss"] / known["loss"] - 1).abs()
    return (
        "The loss of kernels is also forecast, from training samples at both levels alone (after "
        f"Canatar, Bordelon and Pehlevan 2021): off the measured loss by {off.median():.2g}\u00a0% "
        f"in the median, by {off.max():.2g}\u00a0% at most."
    )


def shift_losses(table: pd.DataFrame, *, classification: bool) -> "pd.Series[float]":
    """By how much methods are worse off their training level than trained where they are tested.

    Parameters
    ----------
    table : DataFrame
        `distribution_shift`.
    classification : bool
        Whether errors in per cent are compared, else losses.

    Returns
    -------
    Series
        Means over pairs of levels by method, increasing.

    Examples
    --------
    >>> levels = [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]
    >>> table = pd.DataFrame(levels, columns=["trained_level", "tested_level"])
    >>> table = table.assign(method="ntk", loss=[1.0, 5.0, 2.0, 3.0])
    >>> shift_losses(table, classification=False).to_dict()
    {'ntk': 1.5}
    """
    errors = 100 * (1 - table["accuracy"]) if classification else table["loss"]
    rows = table.assign(error=errors)
    own = rows["trained_level"] == rows["tested_level"]
    keys = ["method", "tested_level"]
    pairs = rows[~own].merge(rows.loc[own, [*keys, "error"]], on=keys, suffixes=("", "_own"))
    worse = (pairs["error"] - pairs["error_own"]).groupby(pairs["method"], sort=False).mean()
    return worse.sort_values(kind="stable")


@report_table(
    "distribution_shift",
    "Trained and tested levels",
    "networks have no forecast, and kernels of too many samples to invert have none",
)
def shifts_table(run: ReportedRun) -> pd.DataFrame:
    """Scores of every method at every pair of levels, and the forecast loss of kernels."""
    table = run.tables["distribution_shift"].rename(columns={"trained_level": "level"})
    columns = {
        f"tested at {run.quantity}": [number(run.value(name)) for name in table["tested_level"]],
        "test loss": numbers(table["loss"]),
        "forecast": numbers(table["predicted_loss"]),
    }
    if run.unit:
        columns["test error, %"] = numbers(1 - table["accuracy"], 100)
    shown = by_level_and_method(run, table, "method", columns)
    return shown.rename(columns={run.quantity: f"trained at {run.quantity}"})
