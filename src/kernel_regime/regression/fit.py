"""Fit a path of ridges, and score it."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from psutil import virtual_memory

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.regression.ridge_path import RidgePath
from kernel_regime.regression.solvers.choice import Solver, choose_solver
from kernel_regime.regression.solvers.cholesky import NearlySingularError, solve_by_cholesky
from kernel_regime.regression.solvers.direct import solve_directly
from kernel_regime.regression.solvers.iterative import solve_iteratively

logger = logging.getLogger(__name__)


def ridge_path(
    train_kernel: Any,
    test_kernel: Any,
    train_targets: Array,
    test_targets: Array,
    ridges: Sequence[float] | Array,
    *,
    solver: Solver = "auto",
) -> pd.DataFrame:
    r"""Losses and accuracies of kernel ridge regression, one row per ridge.

    Parameters
    ----------
    train_kernel : array (n, n)
        Kernel of the training points: NumPy, memory-mapped or Dask; float32 or float64.
    test_kernel : array (m, n)
        Kernel between test and training points.
    train_targets, test_targets : arrays (n, outputs), (m, outputs)
        See `encode_targets`; one-dimensional targets are one output.
    ridges : sequence of float
        λ ≥ 0 in :math:`(K + \lambda I)\,\alpha = y`; 0 interpolates.
    solver : str
        "auto", "direct" or "iterative": see `fit_ridge_path`.

    Returns
    -------
    DataFrame
        `ridge`, `train_loss`, `train_accuracy`, `test_loss`, `test_accuracy`, `loo_loss`,
        `gcv_loss`, `solver`: squared losses summed over outputs and averaged over samples.

    Raises
    ------
    ValueError
        If shapes do not match, a ridge is negative, or a kernel is not finite or not symmetric.
    """
    targets = as_columns("test_targets", test_targets)
    if test_kernel.shape != (len(targets), train_kernel.shape[0]):
        raise InputError(
            f"test_kernel: shape {test_kernel.shape} does not fit {len(targets)} test and "
            f"{train_kernel.shape[0]} training points; rows are test points"
        )
    path = fit_ridge_path(train_kernel, train_targets, ridges, solver=solver)
    return score_path(path, path.predict(test_kernel), targets)


def fit_ridge_path(
    kernel: Any, targets: Array, ridges: Sequence[float] | Array, *, solver: Solver = "auto"
) -> RidgePath:
    """Solve (K + λ) α = y for every ridge λ at once.

    Parameters and errors as in `ridge_path`, and besides:

    Parameters
    ----------
    solver : str
        "auto" chooses by size and memory (`choose_solver`); "direct" is exact, "iterative"
        estimates `loo_loss` and `gcv_loss`.

    Raises
    ------
    MemoryError
        If the path cannot fit the memory that is free.
    """
    targets = as_columns("train_targets", targets)
    ridges = _checked_ridges(ridges)
    if kernel.shape != (len(targets), len(targets)) or len(targets) < 2:
        raise InputError(
            f"train_kernel: shape {kernel.shape} does not fit {len(targets)} training targets; "
            "give the square kernel of at least two points"
        )
    n, outputs = targets.shape
    plan = choose_solver(
        n,
        outputs,
        len(ridges),
        virtual_memory().available,
        solver=solver,
        distributed=not isinstance(kernel, np.ndarray),
    )
    logger.info(
        "%s solver: %s; %.2f GB beside the kernel", plan.solver, plan.reason, plan.peak_bytes / 1e9
    )
    if plan.solver == "iterative":
        return solve_iteratively(kernel, targets, ridges, max_columns=plan.columns)
    if plan.solver == "cholesky":
        try:
            return solve_by_cholesky(kernel, targets, ridges)
        except NearlySingularError as error:
            logger.info("%s is nearly singular: on to the direct solver", error)
    return solve_directly(kernel, targets, ridges)


def score_path(path: RidgePath, predictions: Array, targets: Array) -> pd.DataFrame:
    """The table of `ridge_path`, from predictions (ridges, m, outputs) at the test points."""
    fitted = path.train_predictions
    return pd.DataFrame(
        {
            "ridge": path.ridges,
            "train_loss": squared_errors(fitted, path.targets).mean(axis=-1),
            "train_accuracy": correct(fitted, path.targets).mean(axis=-1),
            "test_loss": squared_errors(predictions, targets).mean(axis=-1),
            "test_accuracy": correct(predictions, targets).mean(axis=-1),
            "loo_loss": path.loo_loss,
            "gcv_loss": path.gcv_loss,
            "solver": path.solver,
        }
    )


def as_columns(name: str, targets: Array) -> Array:
    """Finite float64 targets (n, outputs)."""
    columns = np.asarray(targets, dtype=np.float64)
    columns = columns.reshape(len(columns), -1)
    if not np.isfinite(columns).all():
        row = int(np.argmin(np.isfinite(columns).all(axis=1)))
        raise InputError(f"{name}: row {row} is not finite; clean the targets first")
    return columns


def _checked_ridges(ridges: Sequence[float] | Array) -> Array:
    values = np.asarray(ridges, dtype=np.float64).reshape(-1)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any() or not len(values):
        found = values[bad][0] if bad.any() else "an empty list"
        raise InputError(f"ridges: got {found}; give finite numbers, 0 or larger")
    return values
