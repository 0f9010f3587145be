"""Learning curves of every kernel at every level, forecast and measured."""

from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd

from kernel_regime.analysis.hermite_eigenstructure import HermiteEigenstructure
from kernel_regime.analysis.hermite_forecast import FEWEST, HermiteForecast
from kernel_regime.analysis.learning_curve_settings import LearningCurveSettings
from kernel_regime.analysis.learning_curves import learning_curve
from kernel_regime.core.arrays import Array
from kernel_regime.core.files import digest
from kernel_regime.core.types import Identity
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.execution.results import Content, Results, partition_content
from kernel_regime.kernels.base import Kernel
from kernel_regime.pipelines.kernel_generation.nodes import partition_names
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.partitions import Partitions, select

# Raised when the same kernels, targets and settings would give other numbers than before.
_FORMAT = 2


def forecast_learning_curves(
    train_kernels: Partitions,
    test_kernels: Partitions,
    train_images: Partitions,
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
        images = select(train_images, [level])[level]
        for kernel, name in zip(kernels.build().items(), names, strict=True):
            loads = {"train": train[name], "test": test[name], "images": images}
            description: Identity = {
                **{"what": "learning curve", "format": _FORMAT, "settings": asdict(settings)},
                "kernels": [partition_content(loads[part]) for part in ("train", "test")],
                "targets": list(map(digest, targets)),
            }
            curve = partial(_curve, kernel[1], loads, targets, settings)
            found = pd.DataFrame(results.get(description, curve)["curve"])
            tables.append(found.assign(level=level, kernel=kernel[0]))
    curves = pd.concat(tables, ignore_index=True)
    return curves[["level", "kernel", *curves.columns.drop(["level", "kernel"])]]


def _curve(
    kernel: Kernel, loads: Partitions, targets: list[Array], settings: LearningCurveSettings
) -> Content:
    train, test, images = (loads[part]() for part in ("train", "test", "images"))
    known, wanted = targets
    hermite = _hermite_forecast(kernel, images, known, settings)
    return {"curve": learning_curve(train, test, known, wanted, settings, hermite)}


def _hermite_forecast(
    kernel: Kernel, images: Array, targets: Array, settings: LearningCurveSettings
) -> HermiteForecast | None:
    """From all inputs and the first labels; None where it is not wanted, or there is none."""
    first = settings.forecast_from
    if settings.hermite is None or first < FEWEST or kernel.on_sphere(1.0, images[0].size) is None:
        return None
    structure = HermiteEigenstructure.of(kernel, images, settings.hermite.modes)
    return HermiteForecast.of(structure, images[:first], targets[:first])
