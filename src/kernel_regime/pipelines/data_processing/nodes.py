"""From raw data to perturbed inputs, one partition per noise level."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.noise.levels import NoiseParameters, level_name, resolve_levels
from kernel_regime.noise.sweep import Sweep
from kernel_regime.pipelines.data_processing.parameters import DataParameters
from kernel_regime.pipelines.data_processing.subsamples import (
    divide_anew,
    refuse_equal,
    refuse_unlike,
    select_samples,
)


def prepare(
    raw_train: LabelledData,
    raw_test: LabelledData,
    data: DataParameters,
    noise: NoiseParameters,
) -> tuple[Array, Array, Array, Array, pd.DataFrame]:
    """Select samples and say what the noise levels mean for them.

    All that can be wrong with data and noise is found here, before anything is written.

    Returns
    -------
    tuple
        Training inputs, test inputs, training labels, test labels, and the columns level (the
        name of a partition) and value.
    """
    raw_train = raw_train.checked("raw_train")
    raw_test = raw_test.checked("raw_test").in_classes_of(raw_train)
    refuse_unlike(raw_train.inputs, raw_test.inputs)
    refuse_equal(raw_train.inputs, raw_test.inputs)
    if data.split is not None:
        raw_train, raw_test = divide_anew(raw_train, raw_test, data.split.seed)
    values = resolve_levels(noise, raw_train.inputs.shape[1:])
    train, train_labels = select_samples(raw_train, data.n_train, data.seed, "data.n_train")
    test, test_labels = select_samples(raw_test, data.n_test, data.seed, "data.n_test")
    for name, samples in (("train", train), ("test", test)):
        if refused := noise.perturbation.sample_refusal(samples):
            raise InputError(f"{name} samples: {refused}")
    levels = pd.DataFrame({"level": [level_name(value) for value in values], "value": values})
    return train, test, train_labels, test_labels, levels


def perturb_images(
    train_samples: Array, test_samples: Array, noise_levels: pd.DataFrame, noise: NoiseParameters
) -> tuple[dict[str, Callable[[], Array]], dict[str, Callable[[], Array]]]:
    """Perturbed training and test inputs per level, computed when their partition is saved."""
    perturbation = noise.fit(train_samples)
    sweep = Sweep(perturbation, train_samples, test_samples, noise.seed)
    levels = dict(zip(noise_levels["level"], noise_levels["value"], strict=True))
    return (
        {name: partial(sweep.train, value) for name, value in levels.items()},
        {name: partial(sweep.test, value) for name, value in levels.items()},
    )
