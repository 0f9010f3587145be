"""Learning curves of every kernel at every level, forecast and measured."""

import pandas as pd

from kernel_regime.analysis.learning_curves import LearningCurveSettings, learning_curve
from kernel_regime.core.arrays import Array
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.pipelines.kernel_generation.nodes import partition_names
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.partitions import Partitions, select


def forecast_learning_curves(
    train_kernels: Partitions,
    test_kernels: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    kernels: KernelParameters,
    forecasts: LearningCurveSettings,
) -> pd.DataFrame:
    """Forecast and measured test loss of every kernel at every level, over n and ridge."""
    classes = count_classes(train_labels)
    targets = encode_targets(train_labels, classes), encode_targets(test_labels, classes)
    settings = forecasts.within(len(train_labels))
    tables = []
    for level in noise_levels["level"]:
        names = partition_names([level], kernels.names)
        train, test = select(train_kernels, names), select(test_kernels, names)
        for name in names:
            table = learning_curve(train[name](), test[name](), *targets, settings)
            kernel = name.removeprefix(f"{level}/")
            tables.append(table.assign(level=level, kernel=kernel))
    curves = pd.concat(tables, ignore_index=True)
    return curves[["level", "kernel", *curves.columns.drop(["level", "kernel"])]]
