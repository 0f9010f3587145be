"""Learning curves forecast from a kernel and labels, scored on regressions."""

import pandas as pd
from kedro.pipeline import Node, Pipeline

from kernel_regime.analysis.learning_curves import learning_curve
from kernel_regime.core.arrays import Array
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.pipelines.kernel_generation.nodes import partition_names
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.pipelines.spectral_analysis.parameters import LearningCurveParameters


def forecast_learning_curves(
    train_kernels: Partitions,
    test_kernels: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    kernels: KernelParameters,
    learning_curves: LearningCurveParameters,
) -> pd.DataFrame:
    """Forecast and measured test loss of every kernel at every level, over n and ridge."""
    classes = count_classes(train_labels)
    targets = encode_targets(train_labels, classes), encode_targets(test_labels, classes)
    settings = learning_curves.fitted(len(train_labels)).model_dump()
    tables = []
    for level in noise_levels["level"]:
        names = partition_names([level], kernels.names)
        train, test = select(train_kernels, names), select(test_kernels, names)
        for name in names:
            table = learning_curve(train[name](), test[name](), *targets, **settings)
            kernel = name.removeprefix(f"{level}/")
            tables.append(table.assign(level=level, kernel=kernel))
    curves = pd.concat(tables, ignore_index=True)
    return curves[["level", "kernel", *curves.columns.drop(["level", "kernel"])]]


def create_learning_curves() -> Pipeline:
    """Kernels and labels → learning_curves."""
    return Pipeline([
        Node(
            forecast_learning_curves,
            inputs=[
                "train_kernels",
                "test_kernels",
                "train_labels",
                "test_labels",
                "noise_levels",
                "params:kernels",
                "params:learning_curve_forecasts",
            ],
            outputs="learning_curves",
            name="forecast_learning_curves",
            tags="spectra",
        )
    ])  # fmt: skip
