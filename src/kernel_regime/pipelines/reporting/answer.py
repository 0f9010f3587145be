"""The answer that a report opens with: which method wins where, and what the verdicts are."""

from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from kernel_regime.figures.methods import method_name
from kernel_regime.pipelines.reporting.run import ReportedRun
from kernel_regime.pipelines.reporting.tables import interval, number


@dataclass(frozen=True)
class Answer:
    """First screen of a report.

    Parameters
    ----------
    headline : str
        Which method leads at which levels.
    points : tuple of str
        By how much networks and kernels differ, where one overtakes the other, verdicts.
    """

    headline: str
    points: tuple[str, ...]


def answer(run: ReportedRun) -> Answer:
    """What the tables of a run say to the question of its title."""
    errors = run.errors()
    if errors.empty:
        return Answer("No method has a score at any level.", ())
    points = [*_close_calls(run, errors), *_gaps(run, errors), *_overtakings(run), *_verdicts(run)]
    return Answer(_leaders(run, errors), tuple(points))


def _leaders(run: ReportedRun, errors: pd.DataFrame) -> str:
    """Who has the smallest error, level by level."""
    best = {
        value: _listed([method_name(row["method"]) for row in rows])
        for value, rows in groupby(
            _smallest(errors).sort_values("value", kind="stable").to_dict("records"),
            key=lambda row: row["value"],
        )
    }
    if len(best) == 1:
        return f"Lowest {run.measure}: {next(iter(best.values()))}."
    parts = [
        f"{names} at {_listed([number(value) for value, _ in levels])}"
        for names, levels in groupby(best.items(), key=lambda item: item[1])
    ]
    return f"Lowest {run.measure}: {'; '.join(parts)} ({run.quantity})."


def _smallest(errors: pd.DataFrame) -> pd.DataFrame:
    """Rows of the smallest error at every level, several where methods are level."""
    return errors[errors["error"] == errors.groupby("value")["error"].transform("min")]


def _close_calls(run: ReportedRun, errors: pd.DataFrame) -> list[str]:
    """Levels at which the interval of another method overlaps that of the best one."""
    bound = _smallest(errors).groupby("value")["error_high"].max()
    inside = errors[errors["error_low"] <= errors["value"].map(bound)]
    close = sorted(inside["value"][inside["value"].duplicated()].unique())
    if not close:
        return []
    places = _listed([number(value) for value in close])
    return [f"Intervals of the best method and of others overlap at {run.quantity} = {places}."]


def _listed(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"


def _gaps(run: ReportedRun, errors: pd.DataFrame) -> list[str]:
    """The best network against the best kernel, at the first level and at the last."""
    sentences = []
    for value in sorted({errors["value"].min(), errors["value"].max()}):
        here = errors[errors["value"] == value].sort_values("error", kind="stable")
        best = here.drop_duplicates("family").set_index("family")
        if {"network", "kernel"} <= set(best.index):
            network, kernel = (_score(run, best.loc[name]) for name in ("network", "kernel"))
            sentences.append(
                f"At {run.quantity} = {number(value)}, {run.measure} of the best network and of "
                f"the best kernel: {network}; {kernel}."
            )
    return sentences


def _score(run: ReportedRun, row: pd.Series) -> str:
    """A method with its error and its interval."""
    error = interval(row["error"], row["error_low"], row["error_high"])
    return f"{method_name(row['method'])} {error}{run.unit}"


def _overtakings(run: ReportedRun) -> list[str]:
    """Where a network overtakes a kernel, or the other way round."""
    curves, pairs = run.tables["phase_curves"], run.tables["phase_diagram"]
    family = curves.drop_duplicates("method").set_index("method")["family"]
    crossing = pairs.dropna(subset="crossing")
    mixed = crossing[crossing["first"].map(family) != crossing["second"].map(family)]
    sentences = []
    for row in mixed.to_dict("records"):
        place = interval(row["crossing"], row["crossing_low"], row["crossing_high"])
        after, before = method_name(row["ahead_after"]), method_name(row["ahead_before"])
        sentences.append(f"{_capital(after)} overtakes {before} at {run.quantity} = {place}.")
    return sentences


def _verdicts(run: ReportedRun) -> list[str]:
    """How many levels each verdict was found at, network by network."""
    table: pd.DataFrame = run.tables["regime"]
    sentences = []
    for network, rows in table.groupby("network", sort=False) if len(table) else ():
        found = rows["verdict"].value_counts()
        counts = [f"{verdict} at {count}" for verdict, count in found.items()]
        levels = "level" if len(rows) == 1 else "levels"
        sentences.append(
            f"{_capital(method_name(str(network)))}: {', '.join(counts)} of {len(rows)} {levels}."
        )
    return sentences


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
