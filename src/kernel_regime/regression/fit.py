"""Ridge path: fit a whole grid of ridges, and score it."""

import logging
from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd
from psutil import virtual_memory

from kernel_regime.core.arrays import Array, ArrayLike, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_targets
from kernel_regime.core.types import Matrix
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.execution.devices import Device
from kernel_regime.linalg.products import as_matrix, is_distributed
from kernel_regime.regression.ridge_path import RidgePath
from kernel_regime.regression.solvers.choice import choose_solver, require_solver
from kernel_regime.regression.symmetric_kernel import SymmetricKernel

logger = logging.getLogger(__name__)


def ridge_path(
    train_kernel: Matrix,
    test_kernel: Matrix,
    train_targets: ArrayLike,
    test_targets: ArrayLike,
    ridges: Sequence[float] | Array,
    *,
    solver: str = "auto",
) -> pd.DataFrame:
    r"""Table of losses and accuracies of kernel ridge regression, one row per ridge.

    Parameters
    ----------
    train_kernel : array-like (n, n)
        Kernel of the training points: any array-like, memory-mapped or Dask.
    test_kernel : array-like (m, n)
        Kernel between test and training points.
    train_targets, test_targets : array-likes (n, outputs), (m, outputs)
        See `encode_targets`; one-dimensional targets are one output.
    ridges : sequence of float
        λ ≥ 0 in :math:`(K + \lambda I)\,\alpha = y`; 0 interpolates.
    solver : str
        "auto", or the name of a solver: see `fit_ridge_path`.

    Returns
    -------
    DataFrame
        `ridge`, `train_loss`, `train_accuracy`, `test_loss`, `test_accuracy`, `loo_loss`,
        `gcv_loss`, `loo_error`, `gcv_error`, `solver`: squared losses summed over outputs and
        averaged over samples. The errors say by how much leave-one-out and GCV losses may be off
        (`RidgePath`); a loss that is not known to a tenth is NaN.

    Raises
    ------
    InputError
        If shapes do not match, a ridge is negative, or a kernel is not finite or not symmetric.

    Examples
    --------
    >>> table = ridge_path([[1, 0], [0, 1]], [[1, 0]], [1, -1], [1], ridges=[0.0, 1.0])
    >>> table["test_loss"].round(12).tolist()
    [0.0, 0.25]
    """
    targets = checked_targets(test_targets, "test_targets")
    outputs = checked_targets(train_targets, "train_targets").shape[1]
    train, test = as_matrix(train_kernel, "train_kernel"), as_matrix(test_kernel, "test_kernel")
    if not len(targets):
        raise InputError("test_targets: there are none; give at least one test point")
    if targets.shape[1] != outputs:
        raise InputError(
            f"test_targets: {targets.shape[1]} outputs, train_targets have {outputs}; encode both "
            "by the same classes"
        )
    if test.shape != (len(targets), train.shape[0]):
        raise InputError(
            f"test_kernel: shape {test.shape} does not fit {len(targets)} test and "
            f"{train.shape[0]} training points; rows are test points"
        )
    path = fit_ridge_path(train, train_targets, ridges, solver=solver)
    return score_path(path, path.predict(test), targets)


def fit_ridge_path(
    kernel: Matrix | SymmetricKernel,
    targets: ArrayLike,
    ridges: Sequence[float] | Array,
    *,
    solver: str = "auto",
    device: Device = "cpu",
) -> RidgePath:
    """Solve (K + λ) α = y for every ridge λ at once.

    Parameters
    ----------
    kernel : array-like (n, n), or KernelOnDevice
        As in `ridge_path`; or one that lies on a GPU, where its path is computed then.
    targets : array-like (n, outputs)
    ridges : sequence of float
    solver : str
        "auto" chooses by size and memory (`choose_solver`). "direct" and "cholesky" are exact,
        "iterative" estimates `loo_loss` and `gcv_loss`, and by how much these may be off.
    device : {"cpu", "gpu"}
        Where to solve. A kernel that does not fit the first GPU is solved on the host, as the log
        says.

    Raises
    ------
    InputError
        As `ridge_path`, or if there is no such solver.
    MissingDeviceError
        If there is no GPU, and one was asked for.
    TooLargeError
        If the path cannot fit the memory that is free.

    Examples
    --------
    >>> path = fit_ridge_path(np.eye(2), [1.0, -1.0], [1.0])
    >>> path.coefficients.ravel()
    array([ 0.5, -0.5])
    """
    targets, ridges = checked_targets(targets, "train_targets"), _checked_ridges(ridges)
    require_solver(solver)
    if device not in get_args(Device):
        raise InputError(f"device: {device!r}; give one of {', '.join(get_args(Device))}")
    matrix: Matrix = kernel
    if not isinstance(matrix, SymmetricKernel):
        matrix = as_matrix(kernel, "train_kernel")
    n, outputs = targets.shape
    if matrix.shape != (n, n) or n < 2:
        raise InputError(
            f"train_kernel: shape {matrix.shape} does not fit {n} training targets; "
            "give the square kernel of at least two points"
        )
    if device == "gpu" or isinstance(matrix, SymmetricKernel):
        from kernel_regime.regression.gpu.kernel_on_device import KernelOnDevice
        from kernel_regime.regression.gpu.path_on_device import brought_to_gpu, solve_on_device

        matrix = brought_to_gpu(matrix, outputs, solver=solver)
        if isinstance(matrix, KernelOnDevice):
            return solve_on_device(matrix, targets, ridges, solver=solver)
    plan = choose_solver(
        n,
        outputs,
        len(ridges),
        virtual_memory().available,
        solver=solver,
        distributed=is_distributed(matrix),
    )
    logger.info(
        "%s solver: %s; %.2f GB beside the kernel", plan.solver, plan.reason, plan.peak_bytes / 1e9
    )
    return plan.solve(matrix, targets, ridges)


def score_path(path: RidgePath, predictions: Array, targets: Array) -> pd.DataFrame:
    """Table of `ridge_path`, from predictions (ridges, m, outputs) at the test points.

    Examples
    --------
    >>> path = fit_ridge_path(np.eye(2), [1.0, -1.0], [1.0])
    >>> score_path(path, path.predict(np.eye(2)), path.targets)["test_accuracy"].tolist()
    [1.0]
    """
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
            "loo_error": path.loo_error,
            "gcv_error": path.gcv_error,
            "solver": path.solver,
        }
    )


def _checked_ridges(ridges: Sequence[float] | Array) -> Array:
    values = as_floating(ridges, "ridges").astype(np.float64, copy=False).reshape(-1)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any() or not len(values):
        found = values[bad][0] if bad.any() else "an empty list"
        raise InputError(f"ridges: got {found}; give finite numbers, 0 or larger")
    return values
