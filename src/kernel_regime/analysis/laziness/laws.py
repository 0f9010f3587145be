"""Laws along the dial of laziness: slope of the gap, scale of the transition, lost advantage."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from kernel_regime.analysis.laziness.verdicts import student_interval
from kernel_regime.core.arrays import Array


def gap_slope(runs: pd.DataFrame, smallest_alpha: float, confidence: float = 0.95) -> Array:
    r"""Slope of log gap over log α at large α, and the ends of its interval over networks.

    Theory says −1: corrections to the linearisation start at order 1/α.

    Parameters
    ----------
    runs : DataFrame
        Of `measure_laziness`.
    smallest_alpha : float
        From which on α counts as large.
    confidence : float
        Of the interval.

    Examples
    --------
    >>> rows = [(a, s, (1 + s) / a) for a in (10.0, 100.0) for s in (0, 1, 2)]
    >>> runs = pd.DataFrame(rows, columns=["alpha", "seed", "gap"]).assign(width=8)
    >>> gap_slope(runs, 10.0).round(6).tolist()
    [-1.0, -1.0, -1.0]
    """
    large = runs[runs["alpha"] >= smallest_alpha]
    return _slopes(large.rename(columns={"alpha": "over", "gap": "of"}), ["width", "seed"],
                   confidence)  # fmt: skip


def transition_scales(runs: pd.DataFrame, drift: float) -> pd.DataFrame:
    r"""Scale α* at which the tangent kernel drifts by a given share, per width and seed.

    Interpolated in the logarithms of both; a network whose drift stays on one side is left out.

    Parameters
    ----------
    runs : DataFrame
        Of `measure_laziness`.
    drift : float
        :math:`\|K_T - K_0\|/\|K_0\|` that parts the regimes.

    Returns
    -------
    DataFrame
        `width`, `seed`, `alpha`.

    Examples
    --------
    >>> runs = pd.DataFrame({"alpha": [1.0, 100.0], "drift": [1.0, 0.01], "width": 8, "seed": 0})
    >>> transition_scales(runs, drift=0.1)["alpha"].round(6).tolist()
    [10.0]
    """
    rows = []
    for (width, seed), own in runs.groupby(["width", "seed"]):
        path = own.sort_values("alpha")
        crossed = _crossing(path["alpha"], np.log(path["drift"] / drift))
        if crossed is not None:
            rows.append({"width": width, "seed": seed, "alpha": crossed})
    return pd.DataFrame(rows, columns=["width", "seed", "alpha"])


def width_exponent(transitions: pd.DataFrame, confidence: float = 0.95) -> Array:
    r"""Exponent p of α* ∝ width^p, and the ends of its interval over seeds.

    Geiger et al. (2020) find −1/2 for networks in NTK parametrisation; one with a factor
    1/√width more in front of its output, as in mean-field parametrisation, has 0.

    Parameters
    ----------
    transitions : DataFrame
        Of `transition_scales`, of two widths at least.
    confidence : float
        Of the interval.

    Examples
    --------
    >>> widths = [(16, s, 1.0 + s) for s in (0, 1)] + [(64, s, (1.0 + s) / 2) for s in (0, 1)]
    >>> transitions = pd.DataFrame(widths, columns=["width", "seed", "alpha"])
    >>> width_exponent(transitions).round(6).tolist()
    [-0.5, -0.5, -0.5]
    """
    return _slopes(transitions.rename(columns={"width": "over", "alpha": "of"}), ["seed"],
                   confidence)  # fmt: skip


def lost_advantage(runs: pd.DataFrame, measure: str = "loss", confidence: float = 0.95) -> Array:
    r"""Scale α at which half of the advantage over the kernel is lost, and its interval over seeds.

    The advantage of a network is the test loss (or error) of its linearisation less its own. From
    the scale where the mean over seeds is largest, every seed is followed to the scale at which
    half of its advantage is left, interpolated in log α.

    Parameters
    ----------
    runs : DataFrame
        Of `measure_laziness`, of one width and noise level.
    measure : {"loss", "accuracy"}
        What the advantage is measured by.
    confidence : float
        Of the interval, taken in log α.

    Returns
    -------
    array (3,)
        α and the ends of its interval; nan where the largest advantage is none, its own interval
        over seeds included, or a seed never loses half of it.

    Examples
    --------
    >>> rows = [(a, s, 1 - g, 1.0) for s in (0, 1) for a, g in ((1.0, 0.4), (100.0, 0.0))]
    >>> runs = pd.DataFrame(rows, columns=["alpha", "seed", "test_loss", "kernel_loss"])
    >>> lost_advantage(runs).round(1)
    array([10., 10., 10.])
    """
    sign = 1 if measure == "loss" else -1
    gained = sign * (runs[f"kernel_{measure}"] - runs[f"test_{measure}"])
    table = runs.assign(gained=gained).pivot(index="seed", columns="alpha", values="gained")
    gains, alphas = table.to_numpy(float), table.columns.to_numpy(float)
    best = int(gains.mean(axis=0).argmax())
    mean, half = student_interval(gains[:, best], confidence)
    scales = [_crossing(alphas[best:], row[best:] - row[best] / 2) for row in gains]
    known = [scale for scale in scales if scale is not None]
    if mean <= half or len(known) < len(scales):
        return np.full(3, np.nan)
    return np.exp(_with_interval(np.log(known), confidence))


def _crossing(scales: Iterable[float], heights: Iterable[float]) -> float | None:
    """Scale at which heights first turn from positive to not, interpolated in its logarithm."""
    x, y = np.log(np.asarray(scales, float)), np.asarray(heights, float)
    falls = np.flatnonzero((y[:-1] > 0) & (y[1:] <= 0))
    if not len(falls):
        return None
    i = falls[0]
    return float(np.exp(x[i] + (x[i + 1] - x[i]) * y[i] / (y[i] - y[i + 1])))


def _slopes(table: pd.DataFrame, by: list[str], confidence: float) -> Array:
    """Mean slope of log `of` over log `over` in every group, with its interval."""
    slopes = [
        np.polyfit(np.log(own["over"]), np.log(own["of"]), 1)[0]
        for _, own in table.groupby(by)
        if own["over"].nunique() > 1
    ]
    return _with_interval(slopes, confidence)


def _with_interval(values: Iterable[float], confidence: float) -> Array:
    mean, half = student_interval(list(values), confidence)
    return np.array([mean, mean - half, mean + half])
