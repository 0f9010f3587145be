"""Tables of the report as a reader wants them: few columns, in words and units, rounded."""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.figures.methods import method_name
from kernel_regime.pipelines.reporting.run import ReportedRun

MAX_ROWS = 40
"""Rows that the page shows; the file beside it has all."""

LARGEST_FILE = 200_000
"""Bytes of a table that the page carries as CSV."""


@dataclass(frozen=True)
class ReportTable:
    """A table of the report: which dataset it shows, and how.

    Parameters
    ----------
    name : str
        Catalog entry.
    title : str
        What it says, in a few words.
    shown : callable
        From the run to the table as the page shows it: columns are headings, entries text.
    blank : str
        What an empty entry means.

    Examples
    --------
    >>> ReportTable("spectra", "Eigenvalues", lambda run: pd.DataFrame()).blank
    ''
    """

    name: str
    title: str
    shown: Callable[[ReportedRun], pd.DataFrame]
    blank: str = ""


def report_table(
    name: str, title: str, blank: str
) -> Callable[[Callable[[ReportedRun], pd.DataFrame]], ReportTable]:
    """Declare the function below as what the report shows of a dataset: see `ReportTable`."""
    return lambda shown: ReportTable(name, title, shown, blank)


def number(value: float) -> str:
    """Three significant digits; empty where there is no number.

    Examples
    --------
    >>> number(1234.5), number(-0.00123456), number(float("nan"))
    ('1230', '−0.00123', '')
    """
    if not np.isfinite(value):
        return ""
    if value < 0:
        return f"−{number(-value)}"
    if value == 0 or 1e-3 <= value < 1e5:
        return np.format_float_positional(value, precision=3, fractional=False, trim="-")
    return f"{value:.2e}"


def interval(middle: float, low: float, high: float) -> str:
    """A number with its interval.

    Examples
    --------
    >>> interval(1.04, 0.1, 1.54), interval(1.04, float("nan"), float("nan"))
    ('1.04 (0.1–1.54)', '1.04')
    """
    if not np.isfinite([low, high]).all():
        return number(middle)
    return f"{number(middle)} ({number(low)}–{number(high)})"


def intervals(table: pd.DataFrame, column: str, factor: float = 1.0) -> list[str]:
    """Entries of a column with the intervals of `<column>_low` and `<column>_high`."""
    bounds: Array = table[[column, f"{column}_low", f"{column}_high"]].to_numpy(float) * factor
    return [interval(*map(float, row)) for row in bounds]


def numbers(column: "pd.Series[float]", factor: float = 1.0) -> list[str]:
    """Entries of a column, rounded."""
    return [number(float(value) * factor) for value in column]


def by_level_and_method(
    run: ReportedRun, table: pd.DataFrame, method: str, columns: Mapping[str, Iterable[str]]
) -> pd.DataFrame:
    """A table of columns behind what most begin with: noise, by its value, and method, in words."""
    first = {
        run.quantity: [number(run.value(level)) for level in table["level"]],
        "method": [method_name(str(name)) for name in table[method]],
    }
    return pd.DataFrame({name: list(entries) for name, entries in {**first, **columns}.items()})


def as_html(shown: pd.DataFrame) -> str:
    """The first rows of a table of text."""
    return shown.head(MAX_ROWS).replace("", "–").to_html(index=False, border=0)


def as_csv(table: pd.DataFrame) -> str:
    """The whole table as the address of a CSV file; empty where that would be too large."""
    if table.memory_usage(index=False, deep=True).sum() > 10 * LARGEST_FILE:
        return ""
    text = table.to_csv(index=False).encode()
    return base64.b64encode(text).decode("ascii") if len(text) <= LARGEST_FILE else ""
