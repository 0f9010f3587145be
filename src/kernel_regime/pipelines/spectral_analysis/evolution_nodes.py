"""Tangent kernels of networks while they train, at the first and at the last noise level."""

from functools import partial
from pathlib import Path

import pandas as pd

from kernel_regime.analysis.kernel_evolution import COLUMNS, KernelEvolutionStudy, kernel_evolution
from kernel_regime.core.arrays import Array
from kernel_regime.core.types import Identity
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.execution.results import Content, Results
from kernel_regime.pipelines.model_training.network_parameters import (
    NetworkParameters,
    TrainingParameters,
)
from kernel_regime.pipelines.model_training.network_training import training_jobs
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.training.job import TrainingJob
from kernel_regime.training.methods import GradientDescent
from kernel_regime.training.samples import SampleSplits

# Raised when the same trainings would give other numbers than before.
_FORMAT = 1


def follow_kernels(
    network_scores: pd.DataFrame,
    train_images: Partitions,
    test_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    networks: NetworkParameters,
    training: TrainingParameters,
    study: KernelEvolutionStudy,
) -> pd.DataFrame:
    """Measures of every network's kernel along its training with the selected penalty.

    Trainings are replayed for it, which adds one to those of all penalties; what is measured is
    kept in `finished_results`. Models that are linear in their weights keep their kernel and are
    left out.

    Returns
    -------
    DataFrame
        `level`, `network`, `seed`, and the columns of `kernel_evolution`.
    """
    classes = count_classes(train_labels)
    targets = [encode_targets(labels, classes) for labels in (train_labels, test_labels)]
    results, tables = Results(finished_results), []
    ordered = noise_levels.sort_values("value")["level"]
    for level in dict.fromkeys(ordered.iloc[[0, -1]]) if study.times else ():
        inputs = (select(images, [level])[level]() for images in (train_images, test_images))
        train, test = zip(inputs, targets, strict=True)
        samples = SampleSplits.divide(train, test, training.validation)
        chosen = network_scores[network_scores["selected"] & (network_scores["level"] == level)]
        wanted = chosen.groupby("network", sort=False).head(study.seeds)
        keys = set(wanted[["network", "seed", "penalty"]].itertuples(index=False, name=None))
        for place, job in training_jobs(level, networks, training):
            if (place.network, place.seed, job.penalties[0]) not in keys or not _moves(job):
                continue
            description: Identity = {
                **{"what": "kernel evolution", "format": _FORMAT, "samples": study.samples},
                **{"times": study.times, "job": job.description(samples.digest)},
            }
            found = results.get(description, partial(_follow, job, samples, study))
            table = pd.DataFrame(found["evolution"])
            tables.append(table.assign(level=level, network=place.network, seed=place.seed))
    columns = ["level", "network", "seed", *COLUMNS]
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )


def _moves(job: TrainingJob) -> bool:
    """Whether the kernel of a training can change."""
    return isinstance(job.method, GradientDescent) and not job.architecture.linear_in_weights


def _follow(job: TrainingJob, samples: SampleSplits, study: KernelEvolutionStudy) -> Content:
    from kernel_regime.ntk.training_kernel import observe
    from kernel_regime.training.replay import replay

    few = [
        tuple(part[: study.samples] for part in split) for split in (samples.train, samples.test)
    ]
    (train, train_targets), (test, test_targets) = few
    epochs = (
        study.epochs(job.method.schedule.epochs) if isinstance(job.method, GradientDescent) else []
    )
    moments = (
        (epoch, *observation)
        for epoch, network in replay(job, samples, epochs)
        for observation in observe([network], train, test)
    )
    return {"evolution": kernel_evolution(moments, (train_targets, test_targets))}
