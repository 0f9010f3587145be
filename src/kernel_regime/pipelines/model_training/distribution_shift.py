"""Distribution shift: every method trained at one noise level and tested at every other."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from kedro.pipeline import Node, Pipeline

from kernel_regime.analysis.distribution_shift import cross_blocks, shifted_cross_validation
from kernel_regime.core.arrays import Array
from kernel_regime.core.files import digest
from kernel_regime.core.parameters import ParameterModel
from kernel_regime.core.types import Arguments
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.evaluation.selection import best_row
from kernel_regime.evaluation.targets import class_labels, encode_targets
from kernel_regime.execution.results import Content, Results, partition_content
from kernel_regime.kernels.base import Kernel
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters
from kernel_regime.pipelines.model_training.ridge_coefficients import RidgeCoefficients
from kernel_regime.pipelines.model_training.ridge_parameters import (
    RidgeParameters,
    SelectionParameters,
)
from kernel_regime.pipelines.partitions import SAMPLES, Load, Partitions, select
from kernel_regime.regression.fit import fit_ridge_path

if TYPE_CHECKING:
    import keras

COLUMNS = [
    *("method", "family", "trained_level", "tested_level"),
    *("loss", "accuracy", "predicted_loss"),
]

COPIES = 500
"""Training samples, the first ones, whose shifted copies forecast the loss."""

_FORMAT = 1  # raised when the same kernels, targets and ridges would give other numbers than before
_BATCH = 500  # images in a pass through a network

Row = Arguments


class ShiftParameters(ParameterModel):
    """Parameter `distribution_shift_study`: which methods are tested off their training level."""

    methods: list[str] | None
    """Kernels and networks by name; null for all, empty for none."""

    def chosen(self, names: list[str]) -> list[str]:
        """Those of the names that are to be tested."""
        return names if self.methods is None else [name for name in names if name in self.methods]


def measure_shifts(
    train_kernels: Partitions,
    networks: Partitions,
    kernel_scores: pd.DataFrame,
    network_scores: pd.DataFrame,
    train_images: Partitions,
    test_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    kernels: KernelParameters,
    network_sweep: NetworkParameters,
    ridge: RidgeParameters,
    selection: SelectionParameters,
    shift: ShiftParameters,
) -> pd.DataFrame:
    """Test loss and accuracy of every method at every pair of levels, and the forecast of kernels.

    Kernels have the ridge that `selection.criterion` picks at the level they are trained at, with
    the coefficients of the ridge path; networks have their selected penalty, and scores are means
    over seeds. What follows from kernels is kept in `finished_results`: see `Results`.

    Returns
    -------
    DataFrame
        `COLUMNS`: no accuracy for regressions, and no prediction for networks.
    """
    classes = class_labels(train_labels)
    targets = [encode_targets(labels, classes) for labels in (train_labels, test_labels)]
    levels, built = list(noise_levels["level"]), kernels.build()
    images = select(train_images, levels), select(test_images, levels)
    results, rows = Results(finished_results), []
    for name, level in product(shift.chosen(kernels.names), levels):
        place = kernel_scores["level"].eq(level) & kernel_scores["kernel"].eq(name)
        path, partition = kernel_scores[place], f"{level}/{name}"
        chosen = best_row(path, selection.criterion)
        if chosen is None:
            continue
        load = select(train_kernels, [partition])[partition]
        coefficients = RidgeCoefficients(results, load, targets[0], ridge.solver)
        regression = level, built[name], path.iloc[chosen], load, coefficients
        trained = _TrainedKernel(*regression, targets, images, results)
        rows += [{"method": name, "family": "kernel", **row} for row in trained.rows()]
    tested = shift.chosen([name for _, name, _ in network_sweep.architectures()])
    rows += _network_rows(networks, network_scores, network_sweep, images[1], targets[1], tested)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table if len(classes) else table.assign(accuracy=np.nan)


@dataclass(frozen=True)
class _TrainedKernel:
    """Regression with one kernel at one level, with the chosen row of its ridge path."""

    level: str
    kernel: Kernel
    scores: pd.Series
    load: Load  # of its training kernel
    coefficients: RidgeCoefficients
    targets: list[Array]
    images: tuple[Partitions, Partitions]
    results: Results

    def rows(self) -> Iterator[Row]:
        """One row per tested level; at its own, the scores of the ridge path and the GCV loss."""
        for level in self.images[0]:
            row = self._own() if level == self.level else self._elsewhere(level)
            yield {"trained_level": self.level, "tested_level": level, **row}

    def _own(self) -> Row:
        known = self.scores[["test_loss", "test_accuracy", "gcv_loss"]]
        return dict(zip(COLUMNS[-3:], map(float, known), strict=True))

    def _elsewhere(self, level: str) -> Row:
        copies, inputs = (images[level]() for images in self.images)
        copies = copies[:COPIES]
        description = {
            **{"what": "regression under shift", "format": _FORMAT, "ridge": self._ridge},
            **{"kernel": partition_content(self.load), "solver": self.scores["solver"]},
            **{"targets": list(map(digest, self.targets))},
            **{"inputs": list(map(digest, (copies, inputs)))},
        }
        found = self.results.get(description, partial(self._score, copies, inputs))
        return dict(pd.DataFrame(found["scores"]).iloc[0])

    @property
    def _ridge(self) -> float:
        return float(self.scores["ridge"])

    @cached_property
    def _train(self) -> Array:
        inputs: Array = self.images[0][self.level]()
        return inputs

    @cached_property
    def _alpha(self) -> Array:
        return self.coefficients.at(self._ridge)

    @cached_property
    def _inverse(self) -> Array:
        """Columns of (K + λ)⁻¹ for the samples whose copies forecast, (n, copies)."""
        units = np.eye(len(self._train), min(COPIES, len(self._train)))
        return fit_ridge_path(self.load(), units, [self._ridge]).coefficients[0]

    def _score(self, copies: Array, inputs: Array) -> Content:
        """Scores on shifted inputs, whose kernel is computed and left row block by row block."""
        blocks = cross_blocks(self.kernel, inputs, self._train)
        predictions = np.concatenate([block @ self._alpha for _, block in blocks])
        loss = squared_errors(predictions, self.targets[1]).mean()
        accuracy = correct(predictions, self.targets[1]).mean()
        row = dict(zip(COLUMNS[-3:], (loss, accuracy, self._forecast(copies)), strict=True))
        return {"scores": pd.DataFrame([row])}

    def _forecast(self, copies: Array) -> float:
        """From shifted copies of training samples; none where no solver inverts the kernel."""
        if self.scores["solver"].startswith("iterative"):
            return np.nan
        predictions, own = [], []
        for rows, block in cross_blocks(self.kernel, copies, self._train):
            predictions.append(block @ self._alpha)
            own.append(np.einsum("ij,ji->i", block, self._inverse[:, rows]))
        return shifted_cross_validation(
            self.targets[0][: len(copies)],
            np.concatenate(predictions),
            self._alpha[: len(copies)],
            np.concatenate(own),
            np.diagonal(self._inverse),
        )


def _network_rows(
    networks: Partitions,
    network_scores: pd.DataFrame,
    sweep: NetworkParameters,
    images: Partitions,
    targets: Array,
    tested: list[str],
) -> Iterator[Row]:
    """Scores of the selected networks at every level, means over seeds."""
    losses = {name: entry.loss for entry, name, _ in sweep.architectures()}
    selected = network_scores[network_scores["selected"]] if len(network_scores) else network_scores
    for name, level in product(tested, images if len(selected) else ()):
        place = selected["level"].eq(level) & selected["network"].eq(name)
        partitions = [f"{level}/{name}/seed_{seed}" for seed in selected.loc[place, "seed"]]
        models = [load() for load in select(networks, partitions).values()]
        for other, load in images.items() if models else ():
            scores = np.mean(
                [_score_network(model, load(), targets, losses[name]) for model in models], axis=0
            )
            row = dict(zip(COLUMNS[-3:], (*map(float, scores), np.nan), strict=True))
            yield {"method": name, "family": "network", "trained_level": level,
                   "tested_level": other, **row}  # fmt: skip


def _score_network(
    model: "keras.Model", inputs: Array, targets: Array, loss: str
) -> tuple[float, float]:
    """Mean loss and accuracy of a network on whole test inputs, in inference mode."""
    from kernel_regime.training.objective import LOSSES, hits

    pairs = [
        (np.asarray(targets[rows], np.float32), model(inputs[rows], training=False))
        for start in range(0, len(inputs), _BATCH)
        for rows in [slice(start, start + _BATCH)]
    ]
    found = [
        np.concatenate([np.asarray(of(*pair), np.float64) for pair in pairs])
        for of in (LOSSES[loss], hits)
    ]
    return float(found[0].mean()), float(found[1].mean())


def create_distribution_shift() -> Pipeline:
    """Kernels, networks and samples → distribution_shift."""
    return Pipeline(
        [
            Node(
                measure_shifts,
                inputs=[
                    *("train_kernels", "networks", "kernel_scores", "network_scores"),
                    *(*SAMPLES, "finished_results", "params:kernels", "params:network_sweep"),
                    *("params:ridge", "params:selection", "params:distribution_shift_study"),
                ],
                outputs="distribution_shift",
                name="measure_shifts",
            )
        ]
    )
