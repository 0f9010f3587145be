"""Training of networks on every noise level, and their scores."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from kedro.pipeline import Node, Pipeline

from kernel_regime.core.arrays import Array
from kernel_regime.core.types import Row
from kernel_regime.evaluation.selection import mark_selected
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.execution.settings import Execution
from kernel_regime.pipelines.model_training.network_parameters import (
    NetworkParameters,
    TrainingParameters,
)
from kernel_regime.pipelines.partitions import SAMPLES, Partitions, select
from kernel_regime.training.job import NamedTraining, TrainingJob, TrainingResult, TrainingStore
from kernel_regime.training.methods import ConjugateGradients
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.sweep import run_sweep

_LOSSES = ["train_loss", "train_accuracy", "test_loss", "test_accuracy"]
_PLACE = ["level", "network", "kind", "seed", "penalty"]
_COLUMNS = {
    "scores": [*_PLACE, *_LOSSES, "epochs", "seconds", "status"],
    "curve": [*_PLACE, "epoch", "learning_rate", *_LOSSES, "weight_penalty", "seconds"],
}
"""Of the two tables, where there is no row that could say them."""


@dataclass(frozen=True)
class TrainingPlace:
    """Where a training stands in the tables."""

    level: str
    network: str
    kind: str
    seed: int

    @property
    def partition(self) -> str:
        """Partition of the catalog in which the network lies."""
        return f"{self.level}/{self.network}/seed_{self.seed}"

    def label(self, rows: list[Row]) -> list[Row]:
        """Rows of a table, each with the place that it belongs to."""
        return [{**vars(self), **row} for row in rows]


def train_networks(
    train_images: Partitions,
    test_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    networks: NetworkParameters,
    training: TrainingParameters,
    execution: Execution,
    trainings: Path,
) -> tuple[dict[str, Path], pd.DataFrame, pd.DataFrame]:
    """Train every network for every level, penalty and seed; those in `trainings` are finished.

    Returns
    -------
    networks : dict
        Per level, network and seed, the files of the network with the penalty chosen on the
        validation samples (without those, on the test samples): trained, and `.initial`.
    network_scores : DataFrame
        One row per level, network, seed and penalty; the validation loss is NaN where no samples
        are held back.
    training_curves : DataFrame
        One row per epoch of each of them.
    """
    n_classes = count_classes(train_labels)
    targets = encode_targets(train_labels, n_classes), encode_targets(test_labels, n_classes)
    levels = list(noise_levels["level"])
    train_loads, test_loads = select(train_images, levels), select(test_images, levels)

    places: list[TrainingPlace] = []

    def asked_for() -> Iterator[NamedTraining]:
        for level in levels:  # one in memory at a time
            train, test = (train_loads[level](), targets[0]), (test_loads[level](), targets[1])
            samples = SampleSplits.divide(train, test, training.validation)
            for place, job in training_jobs(level, networks, training):
                places.append(place)
                yield NamedTraining(place.partition, job, samples)

    store = TrainingStore(trainings)
    results = run_sweep(asked_for(), store, execution, training.checkpoint_every)
    scores = _table(places, results, "scores")
    scores = mark_selected(scores, classification=n_classes > 0)
    if "validation_loss" not in scores:  # nothing is held back: NaN, as other tables have it
        scores = scores.assign(validation_loss=np.nan)
    return _chosen(scores, places, results), scores, _table(places, results, "curve")


def training_jobs(
    level: str, networks: NetworkParameters, training: TrainingParameters
) -> Iterator[tuple[TrainingPlace, TrainingJob]]:
    """Every training of one level, and where it stands in the tables."""
    for entry, name, architecture in networks.architectures():
        method, grid = training.method(entry), entry.grid()
        whole = isinstance(method, ConjugateGradients)
        for seed in training.seeds:
            place = TrainingPlace(level, name, entry.kind, seed)
            for penalties in [grid] if whole else [(penalty,) for penalty in grid]:
                yield place, TrainingJob(architecture, method, penalties, seed)


def _table(places: list[TrainingPlace], results: list[TrainingResult], name: str) -> pd.DataFrame:
    rows = [
        row
        for place, result in zip(places, results, strict=True)
        for row in place.label(result.tables[name])
    ]
    # Without networks, or for curves without any that descends, still a table that can be read.
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=_COLUMNS[name])


def _chosen(
    scores: pd.DataFrame, places: list[TrainingPlace], results: list[TrainingResult]
) -> dict[str, Path]:
    """Files of the chosen penalty of every place."""
    files: dict[str, Path] = {}
    chosen = scores[scores["selected"]].set_index(["level", "network", "seed"])["penalty"]
    for place, result in zip(places, results, strict=True):
        penalties = [row["penalty"] for row in result.tables["scores"]]
        if chosen.get((place.level, place.network, place.seed)) in penalties:
            files[place.partition] = result.final
            files[f"{place.partition}.initial"] = result.initial
    return files


def create_network_training() -> Pipeline:
    """The network half of the pipeline, without what stands before it."""
    return Pipeline(
        [
            Node(
                train_networks,
                inputs=[
                    *SAMPLES,
                    "params:network_sweep",
                    "params:training",
                    "params:execution",
                    "trainings",
                ],
                outputs=["networks", "network_scores", "training_curves"],
                name="train_networks",
            )
        ]
    )
