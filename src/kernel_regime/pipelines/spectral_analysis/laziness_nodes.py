"""The dial of laziness at every noise level: every network that descends, at every scale α."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field, NonNegativeInt, PositiveInt

from kernel_regime.analysis.laziness.laws import (
    gap_slope,
    lost_advantage,
    transition_scales,
    width_exponent,
)
from kernel_regime.analysis.laziness.runs import LazinessStudy, LazyNetwork, measure_laziness
from kernel_regime.analysis.laziness.verdicts import MEASURED, judge_laziness
from kernel_regime.analysis.regime_verdict import Thresholds
from kernel_regime.core.arrays import Array
from kernel_regime.core.listed_once import LISTED_ONCE
from kernel_regime.core.types import Row
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.execution.results import Results
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.pipelines.spectral_analysis.parameters import RegimeParameters

RUNS = [
    *("level", "network", "width", "alpha", "seed", "finished", "gradients", "drift", "gap"),
    *("train_loss", "test_loss", "test_accuracy", "kernel_loss", "kernel_accuracy"),
]
VERDICTS = [
    *("level", "network", "width", "alpha", "seeds", "finished", "verdict"),
    *(f"{name}{end}" for name in MEASURED for end in ("", "_low", "_high")),
]
_LAWS = ("gap_slope", "width_exponent", "lost_loss", "lost_accuracy")
LAWS = ["level", "network", "width", *(f"{law}{end}" for law in _LAWS
                                       for end in ("", "_low", "_high"))]  # fmt: skip

ONE_SIZE = 1
"""Width in tables of a network whose class has none to choose."""

_LARGE_ALPHA = 10.0  # from which on the gap is expected to fall as 1/α


@dataclass(frozen=True, kw_only=True)
class LazinessParameters(LazinessStudy):
    """Parameter `laziness`: networks of several widths, trained at every scale of their outputs.

    Parameters
    ----------
    widths : list of int
        Instead of those of `network_sweep`.
    seeds : int
        Trainings of each network; 0 leaves the study out.
    alphas, stop_at, most_gradients, samples
        See `LazinessStudy`.

    Examples
    --------
    >>> LazinessParameters(alphas=[1.0], widths=[64], seeds=0).seeds
    0
    """

    widths: Annotated[list[PositiveInt], Field(min_length=1), LISTED_ONCE]
    seeds: NonNegativeInt


def dial_laziness(
    train_images: Partitions,
    test_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    networks: NetworkParameters,
    laziness: LazinessParameters,
    regime: RegimeParameters,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Train every network with every width, seed and scale α at every level, on all samples.

    Models that are linear in their weights have no scale, and those trained on cross-entropy have
    no kernel flow to turn into; both are left out. Every run is kept in `finished_results` as
    soon as it is finished.

    Returns
    -------
    laziness_runs : DataFrame
        One row per level, network, width, scale and seed: `RUNS`.
    laziness_verdicts : DataFrame
        Means and intervals over seeds, and verdicts: `VERDICTS`.
    laziness_laws : DataFrame
        Per level and network: slope of the gap, exponent of the transition over widths, and where
        the largest width loses its advantage over its own kernel: `LAWS`.
    """
    classes = count_classes(train_labels)
    targets = [encode_targets(labels, classes) for labels in (train_labels, test_labels)]
    keep, tables = Results(finished_results).get, []
    sweep = dialled(networks, laziness)
    for level in noise_levels["level"] if sweep else ():
        inputs = (select(images, [level])[level]() for images in (train_images, test_images))
        train, test = zip(inputs, targets, strict=True)
        for name, width, network in sweep:
            drawn = _drawn(network, width, laziness.seeds, train)
            found = measure_laziness(drawn, (train, test), laziness, keep=keep)
            tables.append(found.assign(level=level, network=name))
    runs = pd.concat(tables, ignore_index=True)[RUNS] if tables else pd.DataFrame(columns=RUNS)
    return runs, _verdicts(runs, regime), _laws(runs, regime)


def dialled(
    networks: NetworkParameters, laziness: LazinessParameters
) -> list[tuple[str, int, NetworkDescription]]:
    """Name, width and description of every network of the study; none if it is left out."""
    found: dict[NetworkDescription, tuple[str, int]] = {}
    for entry, name, network in networks.architectures() if laziness.seeds else ():
        if network.linear_in_weights or entry.loss != "square":
            continue
        given = dict(network.options)
        for width in laziness.widths if "width" in given else [ONE_SIZE]:
            options = {**given, "width": width} if "width" in given else given
            wide = NetworkDescription(network.kind, tuple(sorted(options.items())))
            # A width of the sweep is part of its name, and is replaced.
            found.setdefault(wide, (name.replace(f"_width_{given.get('width')}", ""), width))
    return [(*place, network) for network, place in found.items()]


def _drawn(
    network: NetworkDescription, width: int, seeds: int, train: tuple[Array, Array]
) -> Iterator[LazyNetwork]:
    """The network at initialisation, seed by seed, in units in which descent is plain."""
    shape, outputs = train[0].shape[1:], train[1].shape[1]
    for seed in range(seeds):
        yield lazy_network(network, width, seed, shape, outputs)


def lazy_network(
    network: NetworkDescription, width: int, seed: int, shape: tuple[int, ...], outputs: int
) -> LazyNetwork:
    """A described network with the weights of a seed, as the dial takes it."""
    from kernel_regime.networks.base import gradient_factors
    from kernel_regime.ntk.keras_models import as_jax, model_content
    from kernel_regime.ntk.training_kernel import in_training_units

    model = network.build(shape, outputs=outputs, seed=seed)
    apply, params = in_training_units(model, *as_jax(model, shape))
    content = f"{model_content(model, shape)} {gradient_factors(model)}"
    return LazyNetwork(apply=apply, params=params, width=width, seed=seed, content=content)


def _verdicts(runs: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    if runs.empty:
        return pd.DataFrame(columns=VERDICTS)
    return judge_laziness(runs, thresholds, also_by=("level", "network"))[VERDICTS]


def _laws(runs: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """What theory has numbers for, and the scale at which the advantage is lost."""
    rows = []
    for (level, network), own in runs.groupby(["level", "network"], sort=False):
        confidence, widest = thresholds.confidence, own[own["width"] == own["width"].max()]
        transitions = transition_scales(own, thresholds.features_above)
        laws = {
            "gap_slope": gap_slope(own, _LARGE_ALPHA, confidence),
            "width_exponent": width_exponent(transitions, confidence),
            "lost_loss": lost_advantage(widest, "loss", confidence),
            "lost_accuracy": lost_advantage(widest, "accuracy", confidence),
        }
        row: Row = {"level": level, "network": network, "width": own["width"].max()}
        for law, values in laws.items():
            row |= dict(zip((law, f"{law}_low", f"{law}_high"), map(float, values), strict=True))
        rows.append(row)
    return pd.DataFrame(rows, columns=LAWS).replace([np.inf, -np.inf], np.nan)
