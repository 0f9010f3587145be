"""Learning curves of every kernel at every level, forecast and measured."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd

from kernel_regime.analysis.learning_curves import LearningCurveSettings, learning_curve
from kernel_regime.core.arrays import Array
from kernel_regime.core.files import digest
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.execution.results import Content, Results, partition_content
from kernel_regime.pipelines.kernel_generation.nodes import partition_names
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.partitions import Partitions, select

# Raised when the same kernels, targets and settings would give other numbers than before.
_FORMAT = 1


def forecast_learning_curves(
    train_kernels: Partitions,
    test_kernels: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    kernels: KernelParameters,
    forecasts: LearningCurveSettings,
) -> pd.DataFrame:
    """Forecast and measured test loss of every kernel at every level, over n and ridge.

    Every curve is kept in `finished_results` as soon as it is finished: see `Results`.
    """
    classes = count_classes(train_labels)
    targets = [encode_targets(labels, classes) for labels in (train_labels, test_labels)]
    settings = forecasts.within(len(train_labels))
    results, tables = Results(finished_results), []
    for level in noise_levels["level"]:
        names = partition_names([level], kernels.names)
        train, test = select(train_kernels, names), select(test_kernels, names)
        for name in names:
            loads = [train[name], test[name]]
            description = {
                **{"what": "learning curve", "format": _FORMAT, "settings": asdict(settings)},
                "kernels": list(map(partition_content, loads)),
                "targets": list(map(digest, targets)),
            }
            found = results.get(description, partial(_curve, loads, targets, settings))
            kernel = name.removeprefix(f"{level}/")
            tables.append(pd.DataFrame(found["curve"]).assign(level=level, kernel=kernel))
    curves = pd.concat(tables, ignore_index=True)
    return curves[["level", "kernel", *curves.columns.drop(["level", "kernel"])]]


def _curve(
    loads: list[Callable[[], Array]], targets: list[Array], settings: LearningCurveSettings
) -> Content:
    train, test = (load() for load in loads)
    train_targets, test_targets = targets
    return {"curve": learning_curve(train, test, train_targets, test_targets, settings)}
