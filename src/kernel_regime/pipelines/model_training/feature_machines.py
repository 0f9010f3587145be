"""Recursive feature machines at every level: how their metrics turn, and what they predict."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from kedro.pipeline import Node, Pipeline

from kernel_regime.core.arrays import Array
from kernel_regime.core.parameters import ParameterMapping
from kernel_regime.core.types import Arguments
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.evaluation.targets import class_labels, encode_targets
from kernel_regime.execution.results import Results
from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.kernel_generation.parameters import KernelName
from kernel_regime.pipelines.model_training.network_parameters import TrainingParameters
from kernel_regime.pipelines.partitions import SAMPLES, Partitions, select
from kernel_regime.regression.feature_machines import (
    FeatureMachine,
    FeatureMachineStep,
    run_feature_machine,
)
from kernel_regime.regression.metrics import subspace_overlap, top_directions
from kernel_regime.training.samples import SampleSplits

SCORES = [
    *("level", "machine", "iteration", "ridge", "relative_ridge", "train_loss", "train_accuracy"),
    *("loo_loss", "gcv_loss", "validation_loss", "test_loss", "test_accuracy"),
    *("directions", "overlap_before", "overlap_signal", "chance", "selected"),
]
DIAGONALS = ["level", "machine", "iteration", "row", "column", "weight"]

_DIRECTIONS = 16  # of a metric that are compared where the noise names no signal


class FeatureMachineParameters(ParameterMapping[dict[KernelName, FeatureMachine | None]]):
    """Feature machines by name; an environment drops one of base's with null.

    Examples
    --------
    >>> given = {"rfm": {"kernel": {"kind": "laplace"}}, "dropped": None}
    >>> FeatureMachineParameters.model_validate(given).names
    ['rfm']
    """

    @property
    def entries(self) -> dict[str, FeatureMachine]:
        """Those that are left."""
        return {name: machine for name, machine in self.root.items() if machine is not None}

    @property
    def names(self) -> list[str]:
        """Their names, in the order of the configuration."""
        return list(self.entries)


def fit_feature_machines(
    train_images: Partitions,
    test_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    machines: FeatureMachineParameters,
    training: TrainingParameters,
    noise: NoiseParameters,
) -> tuple[pd.DataFrame, dict[str, Array], pd.DataFrame]:
    """Run every feature machine at every level, and pick its iteration.

    They fit the samples that networks are trained on; those that choose the networks' penalties
    choose the iteration, and without them the last one stands. Every iteration is kept in
    `finished_results` as soon as it is finished: see `Results`.

    Returns
    -------
    feature_machine_scores : DataFrame
        One row per level, machine and iteration: `SCORES`.
    feature_machine_test_errors : dict of str to float32 array (2, m)
        Squared error and hit of every test sample at the selected iteration.
    feature_machine_diagonals : DataFrame
        Diagonal of the metric at the last iteration, pixel by pixel: `DIAGONALS`.
    """
    classes = class_labels(train_labels)
    targets = [encode_targets(labels, classes) for labels in (train_labels, test_labels)]
    keep, scores, errors, diagonals = Results(finished_results).get, [], {}, []
    for level in noise_levels["level"] if machines.entries else ():
        inputs = (select(images, [level])[level]() for images in (train_images, test_images))
        train, test = zip(inputs, targets, strict=True)
        samples = SampleSplits.divide(train, test, training.validation)
        shape = samples.train[0].shape[1:]
        signal = noise.perturbation.signal_features(shape)
        for name, machine in machines.entries.items():
            new = np.concatenate([x for x, _ in _held_out(samples)])
            steps = run_feature_machine(machine, *samples.train, new, keep=keep)
            found = _Machine(samples, signal, list(steps))
            place = {"level": level, "machine": name}
            scores.append(found.table().assign(**place))
            errors[f"{level}/{name}"] = found.test_errors(found.chosen)
            diagonals.append(_diagonal(found.steps[-1], shape).assign(**place))
    return _joined(scores, SCORES), errors, _joined(diagonals, DIAGONALS)


def _held_out(samples: SampleSplits) -> Iterator[tuple[Array, Array]]:
    """Validation samples, if there are any, then test samples."""
    return (split for name, split in samples.splits.items() if name != "train")


class _Machine:
    """The finished iterations of one machine at one level."""

    def __init__(
        self, samples: SampleSplits, signal: int | None, steps: list[FeatureMachineStep]
    ) -> None:
        self.samples, self.signal, self.steps = samples, signal, steps

    def table(self) -> pd.DataFrame:
        """One row per iteration."""
        rows = [
            {"iteration": step.iteration, **step.scores.iloc[0], **self._scores(step)}
            for step in self.steps
        ]
        table = pd.DataFrame(rows).assign(**self._overlaps())
        return table.assign(selected=table["iteration"] == self.chosen)

    @property
    def chosen(self) -> int:
        """The iteration of the smallest validation loss, the last without validation samples."""
        if self.samples.validation is None:
            return len(self.steps) - 1
        return int(np.argmin([self._scores(step)["validation_loss"] for step in self.steps]))

    def test_errors(self, iteration: int) -> Array:
        """Squared error and hit of every test sample, (2, m)."""
        targets = self.samples.test[1].astype(np.float64)
        predictions = self.steps[iteration].predictions[-len(targets) :]
        errors = squared_errors(predictions, targets), correct(predictions, targets)
        return np.stack(errors).astype(np.float32)

    def _scores(self, step: FeatureMachineStep) -> dict[str, float]:
        loss, hits = self.test_errors(step.iteration).mean(axis=1, dtype=np.float64)
        found = {"validation_loss": np.nan, "test_loss": loss, "test_accuracy": hits}
        if self.samples.validation is not None:
            targets = self.samples.validation[1]
            predictions = step.predictions[: len(targets)]
            found["validation_loss"] = float(squared_errors(predictions, targets).mean())
        return found

    def _overlaps(self) -> Arguments:
        """Of every metric's top directions: with the one before, with the signal, by chance."""
        features = self.steps[0].metric.shape[0]
        count = min(self.signal or _DIRECTIONS, features)
        tops = [top_directions(step.metric, count) for step in self.steps]
        before = [subspace_overlap(*pair) for pair in pairwise(tops[1:])]
        signal = np.eye(features)[:, : self.signal]
        with_signal = [subspace_overlap(top, signal) if self.signal else np.nan for top in tops]
        chance = count / features
        # The identity prefers no direction.
        return {
            "directions": count,
            "overlap_before": [np.nan, np.nan, *before][: len(tops)],
            "overlap_signal": [chance if self.signal else np.nan, *with_signal[1:]],
            "chance": chance,
        }


def _diagonal(step: FeatureMachineStep, shape: tuple[int, ...]) -> pd.DataFrame:
    """The metric's diagonal where each feature lies; colours are summed, vectors are one row."""
    weights = np.diagonal(step.metric) if step.metric.ndim == 2 else step.metric
    pixels = weights.reshape(*shape[:2], -1).sum(axis=2) if len(shape) > 1 else weights[None]
    row, column = np.indices(pixels.shape)
    return pd.DataFrame({
        "iteration": step.iteration, "row": row.ravel(), "column": column.ravel(),
        "weight": pixels.ravel(),
    })  # fmt: skip


def _joined(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )


def create_feature_machines() -> Pipeline:
    """Samples → feature_machine_scores, their errors by sample, diagonals of their metrics."""
    return Pipeline(
        [
            Node(
                fit_feature_machines,
                inputs=[
                    *(*SAMPLES, "finished_results"),
                    *("params:feature_machines", "params:training", "params:noise"),
                ],
                outputs=[
                    *("feature_machine_scores", "feature_machine_test_errors"),
                    "feature_machine_diagonals",
                ],
                name="fit_feature_machines",
            )
        ]
    )
