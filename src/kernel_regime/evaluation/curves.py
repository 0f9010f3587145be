"""Score curves over noise levels, with bootstrap replicates: of kernels and of networks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.core.seeds import seeded
from kernel_regime.evaluation.bootstrap import percentile_interval, resampled_means


@dataclass(frozen=True)
class ScoreCurve:
    """Test score of one method at every noise level.

    Parameters
    ----------
    family : str
        kernel, feature machine or network.
    scores : array (levels,)
        NaN at a level where there is none.
    replicates : array (resamples, levels)
        Bootstrap replicates of the scores.

    Examples
    --------
    >>> curve = ScoreCurve("kernel", np.array([0.9, 0.8]), np.array([[0.9, 0.7], [0.9, 0.9]]))
    >>> curve.table(confidence=0.5)["score_low"].tolist()
    [0.9, 0.75]
    """

    family: str
    scores: Array
    replicates: Array

    def table(self, confidence: float) -> pd.DataFrame:
        """Columns `family`, `score`, and the interval `score_low`, `score_high`, by level."""
        low, high = percentile_interval(self.replicates, confidence)
        return pd.DataFrame(
            {"family": self.family, "score": self.scores, "score_low": low, "score_high": high}
        )


def kernel_curves(
    scores: Mapping[str, Array],
    samples: Mapping[str, Array],
    resamples: int,
    seed: int,
    family: str = "kernel",
) -> dict[str, ScoreCurve]:
    """Curves of methods that were tested on the same samples, which are resampled together.

    Parameters
    ----------
    scores : mapping of str to array (levels,)
        Score per method.
    samples : mapping of str to array (levels, m)
        The score of every test sample.
    resamples, seed : int
        Number of replicates, and of their draws.
    family : str
        What the methods are.

    Examples
    --------
    >>> curves = kernel_curves({"rbf": np.ones(1)}, {"rbf": np.ones((1, 5))}, 3, seed=0)
    >>> curves["rbf"].replicates.tolist()
    [[1.0], [1.0], [1.0]]
    """
    if not scores:
        return {}
    stacked = np.stack([samples[name] for name in scores], axis=1)
    replicates = resampled_means(stacked, resamples, seed)
    return {
        name: ScoreCurve(family, score, replicates[:, :, k])
        for k, (name, score) in enumerate(scores.items())
    }


def network_curves(
    scores: Mapping[str, list[Array]], noise: Array | int, resamples: int, seed: int
) -> dict[str, ScoreCurve]:
    """Curves of networks from their scores alone: seeds are resampled, then the test samples.

    Parameters
    ----------
    scores : mapping of str to list of array (seeds,)
        Score of every seed, level by level; empty where every training diverged. That level has
        no score, the others stay.
    noise : int or array (resamples, levels)
        Size of the test set, over which an accuracy is binomial; or, for losses, replicates of a
        loss on the same samples, whose relative scatter theirs is given.

    Examples
    --------
    >>> curves = network_curves({"net": [np.array([0.5, 0.7]), np.array([])]}, 100, 50, seed=0)
    >>> curves["net"].scores.round(12).tolist()
    [0.6, nan]
    """
    rng = seeded(seed)
    curves = {}
    for network, by_level in scores.items():
        known = np.array([len(seeds) > 0 for seeds in by_level])
        means = np.full((resamples, len(known)), np.nan)
        for level in np.flatnonzero(known):
            seeds = by_level[level]
            means[:, level] = rng.choice(seeds, (resamples, len(seeds))).mean(axis=1)
        if isinstance(noise, np.ndarray):
            means *= rng.permutation(noise, axis=0) / noise.mean(axis=0)
        else:
            means[:, known] = rng.binomial(noise, means[:, known]) / noise
        averages = [seeds.mean() if len(seeds) else np.nan for seeds in by_level]
        curves[network] = ScoreCurve("network", np.array(averages), means)
    return curves
