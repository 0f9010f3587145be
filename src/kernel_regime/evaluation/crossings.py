"""The noise phase diagram: at which noise level one method overtakes another."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array, ArrayLike, as_floating, checked_numbers
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Row
from kernel_regime.evaluation.bootstrap import percentile_interval


def crossing(levels: Array, advantage: Array) -> float:
    """Noise level beyond which one method stays ahead of another; NaN where none overtakes.

    The last change of sign counts, placed by linear interpolation: curves that start together on
    clean data may touch several times before they part.

    Parameters
    ----------
    levels : array (levels,)
        Increasing.
    advantage : array (levels,)
        Score of one method minus that of the other; levels where it is NaN are left out.

    Raises
    ------
    InputError
        If levels do not increase, or are not one for each advantage.

    Examples
    --------
    >>> crossing(np.array([0.0, 1.0, 2.0]), np.array([0.1, np.nan, -0.1]))
    1.0
    """
    levels, advantage = _increasing(levels), as_floating(advantage, "advantage")
    if advantage.shape != levels.shape:
        raise InputError(f"advantage: shape {advantage.shape} does not fit {len(levels)} levels")
    return _crossing(levels, advantage)


def _increasing(levels: ArrayLike) -> Array:
    found = checked_numbers(levels, "levels")
    if (np.diff(found) <= 0).any():
        raise InputError(f"levels: {found.tolist()} do not increase; sort them, and all scores")
    return found


def _crossing(levels: Array, advantage: Array) -> float:
    known = np.isfinite(advantage)
    levels, advantage = levels[known], advantage[known]
    apart = np.flatnonzero(advantage)
    signs = np.sign(advantage[apart])
    changes = np.flatnonzero(signs[1:] != signs[:-1])
    if not len(changes):
        return float("nan")
    left, right = apart[changes[-1]], apart[changes[-1] + 1]
    step = advantage[left] / (advantage[left] - advantage[right])
    return float(levels[left] + step * (levels[right] - levels[left]))


def phase_diagram(
    levels: Array,
    scores: Mapping[str, Array],
    resampled: Mapping[str, Array],
    confidence: float,
) -> pd.DataFrame:
    """Where the score curves of every two methods cross, one row per pair.

    Parameters
    ----------
    levels : array (levels,)
        Noise levels, increasing.
    scores : mapping of str to array (levels,)
        Score per method, larger is better; a level at which one of a pair has none (NaN) is left
        out of their comparison only.
    resampled : mapping of str to array (resamples, levels)
        Bootstrap replicates of the same; `resampled_means` with one seed pairs the methods.
    confidence : float
        Coverage of the interval.

    Returns
    -------
    DataFrame
        `first`, `second`; `ahead_before` and `ahead_after` the crossing (one method, or "tied",
        in both if there is none); `crossing`, `crossing_low`, `crossing_high` in units of the
        noise level, NaN where the curves do not cross; `crossing_share`, the share of
        replicates that do. The interval is over those.

    Examples
    --------
    >>> scores = {"a": np.array([0.9, 0.5]), "b": np.array([0.8, 0.6])}
    >>> table = phase_diagram(
    ...     np.array([0.0, 1.0]), scores, {k: v[None] for k, v in scores.items()}, 0.9
    ... )
    >>> table[["ahead_before", "ahead_after"]].to_numpy().tolist()
    [['a', 'b']]
    >>> table["crossing"].round(12).tolist()
    [0.5]
    """
    levels = _increasing(levels)
    return pd.DataFrame(
        [
            {
                "first": first,
                "second": second,
                **_compare(
                    levels,
                    (first, scores[first], resampled[first]),
                    (second, scores[second], resampled[second]),
                    confidence,
                ),
            }
            for first, second in combinations(scores, 2)
        ],
        columns=[
            *("first", "second", "ahead_before", "ahead_after"),
            *("crossing", "crossing_low", "crossing_high", "crossing_share"),
        ],
    )


def _compare(
    levels: Array,
    first: tuple[str, Array, Array],
    second: tuple[str, Array, Array],
    confidence: float,
) -> Row:
    known = np.isfinite(first[1] - second[1])
    levels, advantage = levels[known], (first[1] - second[1])[known]
    apart = np.flatnonzero(advantage)
    place = _crossing(levels, advantage)
    replicates = np.array([_crossing(levels, row) for row in (first[2] - second[2])[:, known]])
    crossed = replicates[np.isfinite(replicates)]
    low = high = float("nan")
    if np.isfinite(place) and len(crossed):
        low, high = (float(end) for end in percentile_interval(crossed, confidence))
    names = {1.0: first[0], -1.0: second[0], 0.0: "tied"}
    after = names[float(np.sign(advantage[apart[-1]]))] if len(apart) else "tied"
    before = after
    if np.isfinite(place):
        before = second[0] if after == first[0] else first[0]
    return {
        "ahead_before": before,
        "ahead_after": after,
        "crossing": place,
        "crossing_low": low,
        "crossing_high": high,
        "crossing_share": len(crossed) / len(replicates),
    }
