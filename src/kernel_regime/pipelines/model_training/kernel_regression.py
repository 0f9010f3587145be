"""Kernel ridge regression: every kernel at every level, and the ridges that criteria pick."""

from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from kedro.pipeline import Node, Pipeline

from kernel_regime.core.arrays import Array
from kernel_regime.core.files import digest
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.evaluation.selection import best_row, select_ridges
from kernel_regime.evaluation.targets import class_labels, encode_targets
from kernel_regime.execution.results import Content, Results, partition_content
from kernel_regime.execution.settings import Execution
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.phase import trace_phase_diagram
from kernel_regime.pipelines.model_training.ridge_coefficients import RidgeCoefficients
from kernel_regime.pipelines.model_training.ridge_parameters import (
    RidgeParameters,
    SelectionParameters,
)
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.regression.fit import fit_ridge_path, score_path
from kernel_regime.regression.ridge_path import RidgePath

# Raised when the same kernels, targets, ridges and solver would give other numbers than before.
_FORMAT = 3


def fit_kernel_ridge(
    train_kernels: Partitions,
    test_kernels: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    kernels: KernelParameters,
    ridge: RidgeParameters,
    selection: SelectionParameters,
    execution: Execution,
) -> tuple[pd.DataFrame, dict[str, Array]]:
    """Score every ridge of every kernel at every level, one kernel in memory at a time.

    Every path is computed on the device of `execution`, and kept in `finished_results` as soon as
    it is finished: see `Results`. So are the coefficients of the ridge that the criterion picks,
    for test samples that come later.

    Returns
    -------
    kernel_scores : DataFrame
        `level`, `kernel`, and the columns of `ridge_path`.
    kernel_test_errors : dict of str to float32 array (2, ridges, m)
        Squared error and hit of every test sample, for intervals.
    """
    classes = class_labels(train_labels)
    targets = [encode_targets(labels, classes) for labels in (train_labels, test_labels)]
    results, tables, errors = Results(finished_results), [], {}
    for level, kernel in product(noise_levels["level"], kernels.names):
        name = f"{level}/{kernel}"
        loads = [select(split, [name])[name] for split in (train_kernels, test_kernels)]
        ridges = np.asarray(ridge.grid(kernel), np.float64)
        description = {
            **{"what": "ridge path", "format": _FORMAT, "solver": ridge.solver},
            **{"kernels": list(map(partition_content, loads)), "ridges": ridges.tolist()},
            "targets": list(map(digest, targets)),
        }
        kept = RidgeCoefficients(results, loads[0], targets[0], ridge.solver)
        fit = partial(fit_ridge_path, ridges=ridges, solver=ridge.solver, device=execution.device)
        score = partial(_score, loads, targets, fit, kept, selection.criterion)
        path = results.get(description, score)
        table = pd.DataFrame(path["scores"])
        table.insert(0, "level", level)
        table.insert(1, "kernel", kernel)
        tables.append(table)
        errors[name] = np.asarray(path["test_errors"])
    return pd.concat(tables, ignore_index=True), errors


def _score(
    loads: list[Callable[[], Array]],
    targets: list[Array],
    fit: Callable[[Array, Array], RidgePath],
    kept: RidgeCoefficients,
    criterion: str,
) -> Content:
    """Table of a ridge path, and squared error and hit of every test sample (2, ridges, m)."""
    (load_train, load_test), (train_targets, test_targets) = loads, targets
    path = fit(load_train(), train_targets)
    predictions = path.predict(load_test())
    scores = score_path(path, predictions, test_targets)
    chosen = best_row(scores, criterion)
    if chosen is not None:
        kept.keep(path, chosen)
    errors = [squared_errors(predictions, test_targets), correct(predictions, test_targets)]
    return {
        "scores": scores,
        "test_errors": np.stack(errors).astype(np.float32),
    }


def select_kernel_ridges(
    kernel_scores: pd.DataFrame,
    kernel_test_errors: Partitions,
    train_labels: Array,
    test_labels: Array,
    selection: SelectionParameters,
) -> pd.DataFrame:
    """`level`, `kernel`, and what each criterion picks: see `select_ridges`."""
    targets = encode_targets(test_labels, class_labels(train_labels))
    tables = []
    for level, kernel in kernel_scores[["level", "kernel"]].drop_duplicates().to_numpy():
        path = kernel_scores.query("level == @level and kernel == @kernel")
        name = f"{level}/{kernel}"
        squared, hits = select(kernel_test_errors, [name])[name]()
        table = select_ridges(
            path,
            squared,
            hits,
            targets,
            resamples=selection.resamples,
            confidence=selection.confidence,
            seed=selection.seed,
        )
        table.insert(0, "level", level)
        table.insert(1, "kernel", kernel)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def create_kernel_regression() -> Pipeline:
    """Kernels and labels → kernel_scores, selection, phase curves and diagram."""
    return Pipeline(
        [
            Node(
                fit_kernel_ridge,
                inputs=[
                    *("train_kernels", "test_kernels", "train_labels", "test_labels"),
                    *("noise_levels", "finished_results", "params:kernels", "params:ridge"),
                    *("params:selection", "params:execution"),
                ],
                outputs=["kernel_scores", "kernel_test_errors"],
                name="fit_kernel_ridge",
            ),
            Node(
                select_kernel_ridges,
                inputs=[
                    *("kernel_scores", "kernel_test_errors", "train_labels", "test_labels"),
                    "params:selection",
                ],
                outputs="ridge_selection",
                name="select_ridges",
            ),
            Node(
                trace_phase_diagram,
                inputs=[
                    *("kernel_scores", "kernel_test_errors", "network_scores"),
                    *("feature_machine_scores", "feature_machine_test_errors"),
                    *("noise_levels", "train_images", "train_labels", "test_labels"),
                    "params:selection",
                ],
                outputs=["phase_curves", "phase_diagram"],
                name="phase_diagram",
            ),
        ]
    )
