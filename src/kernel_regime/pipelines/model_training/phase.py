"""The noise phase diagram of an experiment: kernels and networks over its levels."""

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.evaluation.crossings import phase_diagram
from kernel_regime.evaluation.curves import ScoreCurve, kernel_curves, network_curves
from kernel_regime.evaluation.input_dimension import input_dimensions
from kernel_regime.evaluation.selection import best_row
from kernel_regime.evaluation.targets import count_classes
from kernel_regime.pipelines.model_training.ridge_parameters import SelectionParameters
from kernel_regime.pipelines.partitions import Partitions, select

CURVE_COLUMNS = [
    *("level", "value", "method", "family", "metric", "score", "score_low", "score_high"),
    *("effective_dimension", "participation_ratio"),
]


def trace_phase_diagram(
    kernel_scores: pd.DataFrame,
    kernel_test_errors: Partitions,
    network_scores: pd.DataFrame,
    feature_machine_scores: pd.DataFrame,
    feature_machine_test_errors: Partitions,
    noise_levels: pd.DataFrame,
    train_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    selection: SelectionParameters,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score curves of all methods over noise levels, and where they cross.

    Classification is compared by test accuracy, regression by test loss. Kernels enter with the
    ridge of `selection.criterion`, feature machines with their selected iteration, networks with
    their selected penalty, averaged over seeds.

    Returns
    -------
    phase_curves : DataFrame
        `level`, `value`, `method`, `family` (kernel, feature machine or network), `metric`,
        `score`, `score_low`, `score_high`, `effective_dimension`, `participation_ratio` of the
        training inputs; no row where a method has no score.
    phase_diagram : DataFrame
        See `kernel_regime.evaluation.phase_diagram`, and `effective_dimension` at the crossing.
    """
    metric = "test_accuracy" if count_classes(train_labels) else "test_loss"
    levels = noise_levels.sort_values("value")
    kernels = kernel_curves(
        *_kernel_scores(
            kernel_scores, kernel_test_errors, levels["level"], metric, selection.criterion
        ),
        selection.resamples,
        selection.seed,
    )
    machines = kernel_curves(
        *_machine_scores(
            feature_machine_scores, feature_machine_test_errors, levels["level"], metric
        ),
        selection.resamples,
        selection.seed,
        family="feature machine",
    )
    networks = network_curves(
        _network_scores(network_scores, levels["level"], metric),
        len(test_labels) if metric == "test_accuracy" else _scatter(kernels),
        selection.resamples,
        selection.seed,
    )
    curves = kernels | machines | networks
    dimensions = _dimensions(train_images, levels)
    places = levels.reset_index(drop=True)
    return (
        _curve_table(curves, places, dimensions, metric, selection.confidence),
        _crossings(curves, places, dimensions, metric, selection.confidence),
    )


def _curve_table(
    curves: dict[str, ScoreCurve],
    levels: pd.DataFrame,
    dimensions: dict[str, Array],
    metric: str,
    confidence: float,
) -> pd.DataFrame:
    """The scores of every method at every level, with `CURVE_COLUMNS`."""
    tables = [
        pd.concat([levels, curve.table(confidence)], axis=1).assign(
            method=method, metric=metric, **dimensions
        )
        for method, curve in curves.items()
    ]
    return pd.concat(tables, ignore_index=True).dropna(subset="score")[CURVE_COLUMNS]


def _crossings(
    curves: dict[str, ScoreCurve],
    levels: pd.DataFrame,
    dimensions: dict[str, Array],
    metric: str,
    confidence: float,
) -> pd.DataFrame:
    """Where methods cross, and the dimension of the inputs there."""
    sign = 1 if metric == "test_accuracy" else -1
    diagram = phase_diagram(
        levels["value"].to_numpy(),
        {method: sign * curve.scores for method, curve in curves.items()},
        {method: sign * curve.replicates for method, curve in curves.items()},
        confidence,
    )
    diagram["effective_dimension"] = np.interp(
        diagram["crossing"], levels["value"], dimensions["effective_dimension"]
    )
    return diagram


def _kernel_scores(
    scores: pd.DataFrame, errors: Partitions, levels: pd.Series, metric: str, criterion: str
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Score per kernel and level at the chosen ridge, and of every test sample there.

    NaN where the criterion is not known at any ridge.
    """
    part = 1 if metric == "test_accuracy" else 0
    curves: dict[str, Array] = {}
    samples: dict[str, Array] = {}
    for kernel in scores["kernel"].unique():
        chosen, by_sample = [], []
        for level in levels:
            path = scores[(scores["level"] == level) & (scores["kernel"] == kernel)]
            name, row = f"{level}/{kernel}", best_row(path, criterion)
            stored = select(errors, [name])[name]()[part]
            chosen.append(np.nan if row is None else path[metric].iloc[row])
            by_sample.append(np.full(stored.shape[1], np.nan) if row is None else stored[row])
        curves[kernel], samples[kernel] = np.array(chosen), np.stack(by_sample)
    return curves, samples


def _machine_scores(
    scores: pd.DataFrame, errors: Partitions, levels: pd.Series, metric: str
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Score per feature machine and level at its selected iteration, and of every test sample."""
    part = 1 if metric == "test_accuracy" else 0
    chosen = scores[scores["selected"].astype(bool)].set_index(["machine", "level"])[metric]
    curves = {
        name: np.array([chosen.loc[(name, level)] for level in levels])
        for name in scores["machine"].unique()
    }
    samples = {
        name: np.stack([select(errors, [f"{level}/{name}"])[f"{level}/{name}"]()[part]
                        for level in levels])
        for name in curves
    }  # fmt: skip
    return curves, samples


def _network_scores(scores: pd.DataFrame, levels: pd.Series, metric: str) -> dict[str, list[Array]]:
    """Scores of the seeds of every network at its selected penalty, level by level."""
    chosen = scores[scores["selected"]] if len(scores) else scores
    return {
        str(network): [rows.loc[rows["level"] == level, metric].to_numpy() for level in levels]
        for network, rows in (chosen.groupby("network", sort=False) if len(chosen) else ())
    }


def _scatter(kernels: dict[str, ScoreCurve]) -> Array:
    """Replicates of the loss of the first kernel that has one at every level."""
    whole = (c.replicates for c in kernels.values() if np.isfinite(c.scores).all())
    return next(whole, np.ones_like(next(iter(kernels.values())).replicates))


def _dimensions(images: Partitions, levels: pd.DataFrame) -> dict[str, Array]:
    names = list(levels["level"])
    rows = [input_dimensions(load()) for load in select(images, names).values()]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}
