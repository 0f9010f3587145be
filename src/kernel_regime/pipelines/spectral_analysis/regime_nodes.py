"""Verdicts on trained networks: kernel regime, feature learning, or undecided."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kernel_regime.analysis.regime import MEASURES, measure_regime
from kernel_regime.analysis.regime_verdict import LIMITS, judge
from kernel_regime.core.arrays import Array
from kernel_regime.core.files import digest
from kernel_regime.core.types import Identity
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.execution.results import Content, Results
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.pipelines.model_training.network_parameters import (
    NetworkParameters,
    TrainingParameters,
)
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.pipelines.spectral_analysis.parameters import RegimeParameters
from kernel_regime.training.samples import SampleSplits, Split

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

# Raised when the same networks and samples would give other numbers than before.
_FORMAT = 1


def judge_regimes(
    networks: Partitions,
    network_scores: pd.DataFrame,
    train_images: Partitions,
    test_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    network_parameters: NetworkParameters,
    training: TrainingParameters,
    regime: RegimeParameters,
) -> pd.DataFrame:
    """A verdict on every network at every level, from its trainings with several seeds.

    Models that are linear in their weights are their own linearisation and are left out, and so
    are networks trained on cross-entropy, which no kernel flow on the square loss follows. The
    measures of every network are kept in `finished_results` as soon as they are known.

    Returns
    -------
    DataFrame
        `level`, `network`, `samples`, `trained_on`, and the columns of
        `kernel_regime.analysis.regime_verdict.judge`.
    """
    n_classes = count_classes(train_labels)
    targets = encode_targets(train_labels, n_classes), encode_targets(test_labels, n_classes)
    results, rows = Results(finished_results), []
    for level in noise_levels["level"]:
        (load_train,), (load_test,) = (
            select(images, [level]).values() for images in (train_images, test_images)
        )
        samples = SampleSplits.divide(
            (load_train(), targets[0]), (load_test(), targets[1]), training.validation
        )
        few = [(x[: regime.samples], y[: regime.samples]) for x, y in (samples.train, samples.test)]
        chosen = network_scores[network_scores["selected"] & (network_scores["level"] == level)]
        for network, _ in _nonlinear(network_parameters):
            seeds = chosen.loc[chosen["network"] == network, "seed"]
            if seeds.empty:
                logger.warning("%s/%s: every training diverged; no verdict", level, network)
                continue
            runs = [
                _found(results, networks, f"{level}/{network}/seed_{seed}", few) for seed in seeds
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


def _found(
    results: Results, networks: Partitions, partition: str, samples: list[Split]
) -> dict[str, float]:
    """Measures of the network of a partition on training and test samples."""
    from kernel_regime.networks.base import gradient_factors
    from kernel_regime.ntk.keras_models import model_content

    loads: list[Callable[[], keras.Model]] = list(
        select(networks, [f"{partition}.initial", partition]).values()
    )
    models = [load() for load in loads]
    shape = samples[0][0].shape[1:]
    description: Identity = {
        **{"what": "regime", "format": _FORMAT},
        "networks": [model_content(model, shape) for model in models],
        "gradient_factors": gradient_factors(models[0]),
        "samples": [digest(part) for split in samples for part in split],
    }
    found = results.get(description, partial(_measure, models, samples))
    row = pd.DataFrame(found["measures"]).iloc[0]
    return {str(name): float(value) for name, value in row.items()}


def _measure(models: "list[keras.Model]", samples: list[Split]) -> Content:
    from kernel_regime.ntk.training_kernel import observe, weight_movement

    (train, train_targets), (test, test_targets) = samples
    (before, first), (after, last) = observe(models, train, test)
    movement = weight_movement(*models)
    targets = train_targets, test_targets
    measures = measure_regime(before, after, first, last, targets, movement)
    return {"measures": pd.DataFrame([measures])}
