"""Coefficients of single ridges, kept by content: other test samples need no new fit."""

from functools import partial

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.files import digest
from kernel_regime.core.types import Identity
from kernel_regime.execution.results import Content, Results, partition_content
from kernel_regime.pipelines.partitions import Load
from kernel_regime.regression.fit import fit_ridge_path
from kernel_regime.regression.ridge_path import RidgePath

_FORMAT = 1  # raised when the same kernel, targets, ridge and solver would give other numbers


class RidgeCoefficients:
    """Solutions α (n, outputs) of one kernel, by ridge.

    Parameters
    ----------
    results : Results
        Where they are kept.
    load : callable
        Gives the training kernel.
    targets : array (n, outputs)
    solver : str
        See `fit_ridge_path`.

    Examples
    --------
    >>> import tempfile
    >>> results, load = Results(tempfile.mkdtemp()), lambda: np.eye(2)
    >>> RidgeCoefficients(results, load, np.array([[4.0], [8.0]]), "auto").at(3.0).tolist()
    [[1.0], [2.0]]
    """

    def __init__(self, results: Results, load: Load, targets: Array, solver: str) -> None:
        self._results, self._load = results, load
        self._targets, self._solver = targets, solver

    def keep(self, path: RidgePath, place: int) -> None:
        """Keep those of a path that was solved, at one place of it."""
        content = {"coefficients": path.coefficients[place]}
        self._results.get(self._description(float(path.ridges[place])), lambda: content)

    def at(self, ridge: float) -> Array:
        """Those of one ridge: the ones that were kept, or solved anew."""
        found = self._results.get(self._description(ridge), partial(self._solve, ridge))
        return np.asarray(found["coefficients"])

    def _solve(self, ridge: float) -> Content:
        path = fit_ridge_path(self._load(), self._targets, [ridge], solver=self._solver)
        return {"coefficients": path.coefficients[0]}

    def _description(self, ridge: float) -> Identity:
        return {
            **{"what": "ridge coefficients", "format": _FORMAT, "solver": self._solver},
            **{"kernel": partition_content(self._load), "targets": digest(self._targets)},
            "ridge": float(ridge),
        }
