"""Validator of the result tables in the catalog: their columns, types and ranges.

One column name has one meaning in all tables, so its type and range are said once, and a table is
the list of its columns. Checked is what other nodes, the report and readers count on; a table may
have more columns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api import types
from pandas.api.extensions import ExtensionDtype

from kernel_regime.core.arrays import Dtype
from kernel_regime.core.errors import InputError

Kind = Literal["text", "whole", "number", "truth"]


@dataclass(frozen=True)
class ColumnType:
    """Type and range of a column.

    Parameters
    ----------
    kind : {"text", "whole", "number", "truth"}
        Numbers may be missing, where they are not defined or were not computed; others may not.
    low, high : float
        Smallest and largest value.

    Examples
    --------
    >>> share = ColumnType("number", 0, 1)
    >>> share.fault(pd.Series([0.5, float("nan")]))
    >>> share.fault(pd.Series([0.5, 1.5]))
    '1.5 is not between 0 and 1'
    """

    kind: Kind
    low: float = -np.inf
    high: float = np.inf

    def fault(self, values: pd.Series) -> str | None:
        """What is wrong with the values of a column, if anything."""
        if not _IS_KIND[self.kind](values.dtype):
            return f"holds {values.dtype}, not {_NOUNS[self.kind]}"
        if self.kind != "number" and values.isna().any():
            return "has missing values"
        if self.kind in ("whole", "number"):
            outside = values[(values < self.low) | (values > self.high)]
            if len(outside):
                return f"{outside.iloc[0]:g} is not {self._range()}"
        return None

    def _range(self) -> str:
        if np.isinf(self.high):
            return f"at least {self.low:g}"
        return f"between {self.low:g} and {self.high:g}"


_IS_KIND: dict[Kind, Callable[[Dtype | ExtensionDtype], bool]] = {
    "text": lambda dtype: types.is_string_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype),
    "whole": types.is_integer_dtype,
    "number": lambda dtype: types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype),
    "truth": types.is_bool_dtype,
}
_NOUNS = {"text": "text", "whole": "whole numbers", "number": "numbers", "truth": "truth values"}

_TEXT = (
    *("level", "kernel", "network", "method", "machine", "process", "kind", "solver", "status"),
    *("criterion", "family", "metric", "first", "second", "ahead_before", "ahead_after"),
    *("trained_level", "tested_level", "source", "architecture", "learner", "labels", "measure"),
    *("verdict", "sentence"),
)
_COUNTED = (
    *("seed", "seeds", "run", "runs", "epoch", "epochs", "iteration", "index", "mode", "modes"),
    *("width", "n", "samples", "degree", "multiplicity", "gradients", "repeats", "row", "column"),
)
_SHARES = (
    *("accuracy", "train_accuracy", "test_accuracy", "kernel_accuracy", "network_accuracy"),
    *("crossing_share", "coverage_50", "coverage_95"),
)
_NOT_NEGATIVE = (
    *("ridge", "penalty", "loss", "train_loss", "validation_loss", "test_loss", "loo_loss"),
    *("gcv_loss", "kernel_loss", "network_loss", "predicted_loss", "noise_variance", "alpha"),
    *("time", "seconds", "probe_error", "asymmetry", "drift", "gap", "distance"),
    *("trace_rank", "participation_rank", "power", "left", "right", "exact", "mean"),
)
COLUMN_TYPES = {
    **dict.fromkeys(_TEXT, ColumnType("text")),
    **dict.fromkeys(_COUNTED, ColumnType("whole", 0)),
    **dict.fromkeys(_SHARES, ColumnType("number", 0, 1)),
    **dict.fromkeys(_NOT_NEGATIVE, ColumnType("number", 0)),
    **dict.fromkeys(("selected", "resolved", "finished"), ColumnType("truth")),
}
"""Type and range of columns by name; of any other, only its presence is checked."""

RESULT_TABLES: dict[str, tuple[str, ...]] = {
    name: tuple(columns.split())
    for name, columns in {
        "noise_levels": "level value",
        "kernel_audit": "level kernel samples asymmetry smallest_eigenvalue probe_error seconds",
        "kernel_scores": "level kernel ridge train_loss train_accuracy test_loss test_accuracy"
        " loo_loss gcv_loss solver",
        "ridge_selection": "level kernel criterion ridge test_loss test_accuracy",
        "gaussian_process_scores": "level process kernel noise_variance time coverage_50"
        " coverage_95 test_loss selected",
        "feature_machine_scores": "level machine iteration ridge train_loss test_loss"
        " test_accuracy loo_loss selected",
        "feature_machine_diagonals": "level machine iteration row column weight",
        "network_scores": "level network kind seed penalty train_loss train_accuracy"
        " validation_loss test_loss test_accuracy epochs seconds status selected",
        "training_curves": "level network kind seed penalty epoch train_loss test_loss seconds",
        "distribution_shift": "method family trained_level tested_level loss accuracy"
        " predicted_loss",
        "phase_curves": "level value method family metric score score_low score_high",
        "phase_diagram": "first second ahead_before ahead_after crossing crossing_share",
        "spectra": "level source run index eigenvalue",
        "spectral_summary": "level source run trace_rank participation_rank",
        "target_power": "level source run index power",
        "spectral_bias": "architecture learner width labels measure mode eigenvalue rate ratio"
        " resolved runs",
        "spectral_bias_curves": "architecture learner width labels measure mode time share",
        "spectral_bias_bounds": "architecture learner width labels run time modes left right",
        "spectral_bias_widths": "architecture learner width labels run distance drift",
        "learning_curves": "level kernel n ridge forecast test_loss gcv_loss repeats",
        "sphere_spectrum": "degree multiplicity exact mean",
        "shallow_convergence": "width run distance",
        "kernel_evolution": "level network seed epoch drift kernel_loss kernel_accuracy"
        " network_loss network_accuracy",
        "laziness_runs": "level network width alpha seed finished gradients drift gap train_loss"
        " test_loss test_accuracy kernel_loss kernel_accuracy",
        "laziness_verdicts": "level network width alpha seeds verdict drift gap test_loss",
        "laziness_laws": "level network width gap_slope width_exponent lost_loss lost_accuracy",
        "regime": "level network verdict sentence seeds samples drift gap",
    }.items()
}
"""Columns of every result table."""


class ResultTableValidator:
    """Refuses a result table whose columns, types or ranges are not what they are said to be.

    Parameters
    ----------
    table : str
        Name of the entry in the catalog; tables that are not in `RESULT_TABLES` are one's own,
        and not checked.

    Examples
    --------
    >>> table = pd.DataFrame({"width": [8], "run": [0], "distance": [-1.0]})
    >>> ResultTableValidator(table="shallow_convergence").validate(table)
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: shallow_convergence.distance: -1 is not at least 0
    """

    def __init__(self, *, table: str) -> None:
        self._table = table

    def validate(self, data: pd.DataFrame) -> pd.DataFrame:
        """The same table, if it is as it should be.

        Raises
        ------
        InputError
            Naming the first column that is missing or wrong.
        """
        for column in RESULT_TABLES.get(self._table, ()):
            if column not in data:
                raise InputError(
                    f"{self._table}: column {column!r} is missing; delete the file and run the "
                    "pipeline that writes it again"
                )
            known = COLUMN_TYPES.get(column)
            fault = known and len(data) and known.fault(data[column])
            if fault:
                raise InputError(f"{self._table}.{column}: {fault}")
        return data
