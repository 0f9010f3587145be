"""Verdicts on trained networks: kernel regime, feature learning, or undecided."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from kernel_regime.analysis.regime import LIMITS, MEASURES, judge, measure_regime
from kernel_regime.core.arrays import Array
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.pipelines.model_training.network_parameters import (
    NetworkParameters,
    TrainingParameters,
)
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.pipelines.spectral_analysis.parameters import RegimeParameters
from kernel_regime.training.samples import SampleSplits

if TYPE_CHECKING:
    import keras


logger = logging.getLogger(__name__)


def judge_regimes(
    networks: Partitions,
    network_scores: pd.DataFrame,
    train_images: Partitions,
    test_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    network_parameters: NetworkParameters,
    training: TrainingParameters,
    regime: RegimeParameters,
) -> pd.DataFrame:
    """A verdict on every network at every level, from its trainings with several seeds.

    Models that are linear in their weights are their own linearisation and are left out, and so
    are networks trained on cross-entropy, which no kernel flow on the square loss follows.

    Returns
    -------
    DataFrame
        `level`, `network`, `samples`, `trained_on`, and the columns of
        `kernel_regime.analysis.regime.judge`.
    """
    n_classes = count_classes(train_labels)
    targets = encode_targets(train_labels, n_classes), encode_targets(test_labels, n_classes)
    rows = []
    for level in noise_levels["level"]:
        (load_train,), (load_test,) = (
            select(images, [level]).values() for images in (train_images, test_images)
        )
        samples = SampleSplits.divide(
            (load_train(), targets[0]), (load_test(), targets[1]), training.validation
        )
        chosen = network_scores[network_scores["selected"] & (network_scores["level"] == level)]
        for network, _ in _nonlinear(network_parameters):
            seeds = chosen.loc[chosen["network"] == network, "seed"]
            if seeds.empty:
                logger.warning("%s/%s: every training diverged; no verdict", level, network)
                continue
            runs = [
                _measure(networks, f"{level}/{network}/seed_{seed}", samples, regime.samples)
                for seed in seeds
            ]
            trained_on = len(samples.train[0])
            complete = regime.samples >= trained_on
            verdict = judge(pd.DataFrame(runs), regime, complete)
            logger.info("%s/%s: %s", level, network, verdict["sentence"])
            place = {
                "level": level,
                "network": network,
                "samples": min(regime.samples, trained_on),
                "trained_on": trained_on,
            }
            rows.append(place | verdict)
    columns = ["level", "network", "verdict", "sentence", "seeds", "samples", "trained_on"]
    intervals = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=[*columns, *LIMITS, *intervals])


def _nonlinear(parameters: NetworkParameters) -> list[tuple[str, NetworkDescription]]:
    return [
        (name, architecture)
        for entry, name, architecture in parameters.architectures()
        if not architecture.linear_in_weights and entry.loss == "square"
    ]


def _measure(
    networks: Partitions, partition: str, samples: SampleSplits, count: int
) -> dict[str, float]:
    from kernel_regime.ntk.training_kernel import observe, weight_movement

    loads: list[Callable[[], keras.Model]] = list(
        select(networks, [f"{partition}.initial", partition]).values()
    )
    initial, final = (load() for load in loads)
    (train, train_targets), (test, test_targets) = (
        (x[:count], y[:count]) for x, y in (samples.train, samples.test)
    )
    (before, first), (after, last) = observe([initial, final], train, test)
    movement = weight_movement(initial, final)
    return measure_regime(before, after, first, last, (train_targets, test_targets), movement)
