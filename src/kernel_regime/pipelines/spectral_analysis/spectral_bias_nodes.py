"""Test of spectral bias outside the training set, on the samples of a run."""

from pathlib import Path

import numpy as np
import pandas as pd

from kernel_regime.analysis.spectral_bias import SpectralBiasStudy
from kernel_regime.core.arrays import Array
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.execution.results import Results
from kernel_regime.pipelines.partitions import Partitions, select


def measure_spectral_bias(
    train_images: Partitions,
    test_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    study: SpectralBiasStudy,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Run the study on all samples of the first level, training and test alike.

    Every run of a learner is kept in `finished_results` as soon as it is finished.

    Returns
    -------
    spectral_bias : DataFrame
        Rate of every mode beside σ, with intervals, per learner, labels and measure.
    spectral_bias_curves : DataFrame
        Share of every mode's start that is left, over time, mean of all runs.
    spectral_bias_bounds : DataFrame
        Both sides of both bounds, per run.
    spectral_bias_widths : DataFrame
        Distance of K₀ from K^∞ and drift of K_t, per architecture, width and run.
    """
    from kernel_regime.analysis.spectral_bias.study import run_study

    first = str(noise_levels["level"].iloc[0])
    inputs = [
        load()
        for images in (train_images, test_images)
        for load in select(images, [first]).values()
    ]
    labels = np.concatenate([train_labels, test_labels])
    targets = encode_targets(labels, count_classes(train_labels))
    keep = Results(finished_results).get
    tables = run_study(study.within(len(labels)), np.concatenate(inputs), targets, keep)
    return tables.modes, tables.curves, tables.bounds, tables.widths
