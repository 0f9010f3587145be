"""From raw data to perturbed inputs, one partition per noise level."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from kernel_regime.datasets import LabelledImages
from kernel_regime.datasets.labelled_images import Array
from kernel_regime.noise import PERTURBATIONS
from kernel_regime.pipelines.data_processing.levels import resolve_levels
from kernel_regime.pipelines.data_processing.parameters import DataParameters, NoiseParameters
from kernel_regime.pipelines.data_processing.selection import select_samples
from kernel_regime.pipelines.data_processing.sweep import Sweep
from kernel_regime.pipelines.partitions import level_name


def select_train_and_test(
    raw_train: LabelledImages, raw_test: LabelledImages, data: DataParameters
) -> tuple[Array, Array, Array, Array]:
    """Training inputs, test inputs, training labels, test labels of the selected samples."""
    train, train_labels = select_samples(raw_train, data.n_train, data.seed, "data.n_train")
    test, test_labels = select_samples(raw_test, data.n_test, data.seed, "data.n_test")
    return train, test, train_labels, test_labels


def tabulate_levels(train_samples: Array, noise: NoiseParameters) -> pd.DataFrame:
    """What each partition means: columns level (its number) and value."""
    values = resolve_levels(noise, train_samples.shape[1:])
    return pd.DataFrame({"level": range(len(values)), "value": values})


def perturb_images(
    train_samples: Array, test_samples: Array, noise_levels: pd.DataFrame, noise: NoiseParameters
) -> tuple[dict[str, Callable[[], Array]], dict[str, Callable[[], Array]]]:
    """Perturbed training and test inputs per level, computed when their partition is saved."""
    perturbation = PERTURBATIONS[noise.kind].fit(train_samples)
    sweep = Sweep(perturbation, train_samples, test_samples, noise.seed)
    levels = dict(zip(map(level_name, noise_levels["level"]), noise_levels["value"], strict=True))
    return (
        {name: partial(sweep.train, value) for name, value in levels.items()},
        {name: partial(sweep.test, value) for name, value in levels.items()},
    )
