"""The noise phase diagram of an experiment: kernels and networks over its levels."""

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.evaluation.bootstrap import percentile_interval, resampled_means
from kernel_regime.evaluation.crossings import phase_diagram
from kernel_regime.evaluation.input_dimension import input_dimensions
from kernel_regime.evaluation.selection import selected_row
from kernel_regime.evaluation.targets import count_classes
from kernel_regime.pipelines.model_training.ridge_parameters import SelectionParameters
from kernel_regime.pipelines.partitions import Partitions, select


def trace_phase_diagram(
    kernel_scores: pd.DataFrame,
    kernel_test_errors: Partitions,
    network_scores: pd.DataFrame,
    noise_levels: pd.DataFrame,
    train_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    selection: SelectionParameters,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score curves of all methods over noise levels, and where they cross.

    Classification is compared by test accuracy, regression by test loss. Kernels enter with the
    ridge of `selection.criterion`, networks with their selected penalty, averaged over seeds.

    Returns
    -------
    phase_curves : DataFrame
        `level`, `value`, `method`, `family` (kernel or network), `metric`, `score`, `score_low`,
        `score_high`, `effective_dimension`, `participation_ratio` of the training inputs.
    phase_diagram : DataFrame
        See `kernel_regime.regression.phase_diagram`, and `effective_dimension` at the crossing.
    """
    metric = "test_accuracy" if count_classes(train_labels) else "test_loss"
    levels = noise_levels.sort_values("value")
    kernels, kernel_replicates = _kernel_curves(
        kernel_scores, kernel_test_errors, levels["level"], metric, selection
    )
    networks, network_replicates = _network_curves(
        network_scores, levels["level"], metric, len(test_labels), kernel_replicates, selection
    )
    scores = kernels | networks
    replicates = kernel_replicates | network_replicates
    dimensions = _dimensions(train_images, levels)
    curves = []
    for method, score in scores.items():
        low, high = percentile_interval(replicates[method], selection.confidence)
        family = "kernel" if method in kernels else "network"
        curves.append(
            levels.assign(
                method=method,
                family=family,
                metric=metric,
                score=score,
                score_low=low,
                score_high=high,
                **dimensions,
            )
        )
    sign = 1 if metric == "test_accuracy" else -1
    diagram = phase_diagram(
        levels["value"].to_numpy(),
        {method: sign * score for method, score in scores.items()},
        {method: sign * rows for method, rows in replicates.items()},
        selection.confidence,
    )
    diagram["effective_dimension"] = np.interp(
        diagram["crossing"], levels["value"], dimensions["effective_dimension"]
    )
    return pd.concat(curves, ignore_index=True), diagram


def _kernel_curves(
    scores: pd.DataFrame,
    errors: Partitions,
    levels: pd.Series,
    metric: str,
    selection: SelectionParameters,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Score per level, and replicates (resamples, levels) that share their test samples."""
    part = 1 if metric == "test_accuracy" else 0
    kernels = list(scores["kernel"].unique())
    curves = {kernel: np.empty(len(levels)) for kernel in kernels}
    samples = []
    for position, level in enumerate(levels):
        for kernel in kernels:
            path = scores[(scores["level"] == level) & (scores["kernel"] == kernel)]
            name, row = f"{level}/{kernel}", selected_row(path, selection.criterion)
            curves[kernel][position] = path[metric].iloc[row]
            samples.append(select(errors, [name])[name]()[part, row])
    stacked = np.stack(samples).reshape(len(levels), len(kernels), -1)
    replicates = resampled_means(stacked, selection.resamples, selection.seed)
    return curves, {kernel: replicates[:, :, k] for k, kernel in enumerate(kernels)}


def _network_curves(
    scores: pd.DataFrame,
    levels: pd.Series,
    metric: str,
    n_test: int,
    kernel_replicates: dict[str, Array],
    selection: SelectionParameters,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """As for kernels, from tables alone: seeds are resampled, then the test samples.

    An accuracy over `n_test` samples is binomial; a loss is given the relative spread that the
    first kernel's loss has on the same samples.
    """
    rng = np.random.default_rng(selection.seed)
    curves: dict[str, Array] = {}
    replicates: dict[str, Array] = {}
    spread = next(iter(kernel_replicates.values()))
    chosen = scores[scores["selected"]] if len(scores) else scores
    for network in chosen["network"].unique() if len(chosen) else ():
        rows = chosen[chosen["network"] == network].set_index("level")[metric]
        if not set(levels) <= set(rows.index):
            continue  # a level at which every training diverged has no curve to cross
        by_level = [rows.loc[[level]].to_numpy() for level in levels]
        curves[network] = np.array([seeds.mean() for seeds in by_level])
        means = np.stack(
            [
                rng.choice(seeds, (selection.resamples, len(seeds))).mean(axis=1)
                for seeds in by_level
            ],
            axis=1,
        )
        if metric == "test_accuracy":
            replicates[network] = rng.binomial(n_test, means) / n_test
        else:
            shuffled = rng.permutation(spread, axis=0)
            replicates[network] = means * shuffled / spread.mean(axis=0)
    return curves, replicates


def _dimensions(images: Partitions, levels: pd.DataFrame) -> dict[str, Array]:
    names = list(levels["level"])
    rows = [input_dimensions(load()) for load in select(images, names).values()]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}
