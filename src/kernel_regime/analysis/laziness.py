r"""Laziness as a dial: from feature learning to the kernel regime by the scale α of the outputs.

A network trained as α(f(x; θ) − f(x; θ₀)) with the loss divided by α² (Chizat, Oyallon & Bach 2019)
moves its weights by O(1/α): the larger α, the nearer it stays to its linearisation, and at α = ∞ it
is kernel regression under the kernel at initialisation, whatever its width.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from scipy import linalg, stats

from kernel_regime.analysis.regime import linearised_outputs
from kernel_regime.analysis.regime_verdict import Thresholds, verdict_of
from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.parameters import ParameterType
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.ntk.observations import NetworkOutputs, TangentKernels

MEASURED = ("drift", "gap", "test_loss", "test_accuracy", "kernel_loss", "kernel_accuracy",
            "train_loss")  # fmt: skip
_LARGEST = 4000  # rows of a kernel over all outputs, which is decomposed whole


@dataclass(frozen=True, kw_only=True)
class LazinessStudy(ParameterType):
    """Which scales, and how long to train.

    Parameters
    ----------
    alphas : list of float
        Scales α.
    stop_at : float
        Share of the initial training loss at which training ends.
    most_steps : int
        After which it ends in any case.

    Examples
    --------
    >>> LazinessStudy(alphas=[0.1, 10.0]).stop_at
    0.01
    """

    alphas: Annotated[list[PositiveFloat], Field(min_length=1)]
    stop_at: Annotated[float, Field(gt=0, lt=1)] = 0.01
    most_steps: PositiveInt = 20_000


@dataclass(frozen=True, kw_only=True)
class LazyNetwork:
    """A network at initialisation as a JAX function, to be trained at every scale.

    Parameters
    ----------
    apply : callable
        `apply(params, x) -> (n, K)`.
    params : pytree of arrays
        θ₀.
    width, seed : int
        What it is called by in tables.
    """

    apply: Any
    params: Any
    width: PositiveInt
    seed: NonNegativeInt


def measure_laziness(
    networks: Iterable[LazyNetwork],
    samples: tuple[tuple[Array, Array], tuple[Array, Array]],
    study: LazinessStudy,
) -> pd.DataFrame:
    r"""Drift, gap and test error of every network at every scale α.

    drift
        :math:`\|K_T - K_0\|/\|K_0\|` of the tangent kernel of f, over all outputs.
    gap
        Distance on test samples between α(f − f₀) and its linearisation, trained by gradient flow
        to the same training loss, relative to the norm of the linearisation.
    test_loss, test_accuracy; kernel_loss, kernel_accuracy
        Of the network, and of that linearisation, which is kernel regression under K₀ stopped
        there.

    Parameters
    ----------
    networks : iterable of LazyNetwork
        Of several widths and seeds.
    samples : pairs (x, y) of training and of test samples
        Targets (n, K).
    study : LazinessStudy

    Returns
    -------
    DataFrame
        One row per network and α: `alpha`, `width`, `seed`, `train_loss`, `steps`, and these.

    Raises
    ------
    InputError
        If samples times outputs are too many to decompose their kernel.

    References
    ----------
    Chizat, Oyallon & Bach (2019); Geiger, Spigler, Jacot & Wyart (2020).
    """
    from kernel_regime.ntk.empirical import empirical_ntk
    from kernel_regime.training.lazy_descent import train_lazily

    (x, y), (new, test) = (tuple(np.asarray(part, np.float64) for part in s) for s in samples)
    if y.size > _LARGEST:
        raise InputError(
            f"laziness: {len(y)} samples of {y.shape[1]} outputs make a kernel of {y.size} rows; "
            f"give at most {_LARGEST // y.shape[1]} samples"
        )
    rows = []
    for network in networks:

        def kernel(params: Any, left: Array, right: Array | None = None, f: Any = network) -> Array:
            full = empirical_ntk(f.apply, params, left, right, "full")
            return full.reshape(full.shape[0] * full.shape[1], -1)

        before = kernel(network.params, x)
        kernels = TangentKernels(before, kernel(network.params, new, x))
        largest = float(linalg.eigvalsh(before, subset_by_index=[len(before) - 1] * 2)[0])
        for alpha in study.alphas:
            trained = train_lazily(
                network.apply, network.params, x, y, alpha, stop_at=study.stop_at,
                largest_rate=largest, most_steps=study.most_steps,
            )  # fmt: skip
            outputs = [_moved(network, trained.params, alpha, part) for part in (x, new)]
            linear = _linearised(kernels, outputs[0], y, len(new))
            rows.append({
                "alpha": alpha, "width": network.width, "seed": network.seed,
                "train_loss": trained.train_loss, "steps": trained.steps,
                "drift": linalg.norm(kernel(trained.params, x) - before) / linalg.norm(before),
                "gap": linalg.norm(outputs[1] - linear) / linalg.norm(linear),
                "test_loss": squared_errors(outputs[1], test).mean(),
                "test_accuracy": correct(outputs[1], test).mean(),
                "kernel_loss": squared_errors(linear, test).mean(),
                "kernel_accuracy": correct(linear, test).mean(),
            })  # fmt: skip
    return pd.DataFrame(rows)


def _moved(network: LazyNetwork, params: Any, alpha: float, x: Array) -> Array:
    """F = α(f − f₀) in float64."""
    from kernel_regime.core.jax_precision import jax_precision

    with jax_precision(np.float64):
        after, before = (np.asarray(network.apply(p, x)) for p in (params, network.params))
    return alpha * (after - before)


def _linearised(kernels: TangentKernels, train: Array, targets: Array, tests: int) -> Array:
    """Outputs of the linearisation on the test samples, all outputs of a sample in one column."""
    columns = train.shape[1]
    start = NetworkOutputs(np.zeros((train.size, 1)), np.zeros((tests * columns, 1)))
    flat = linearised_outputs(kernels, start, train.reshape(-1, 1), targets.reshape(-1, 1))
    return flat.reshape(tests, columns)


def judge_laziness(runs: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Means and Student intervals over seeds, and a verdict, at every α and width.

    Parameters
    ----------
    runs : DataFrame
        Of `measure_laziness`.
    thresholds : Thresholds
        Drift and gap, intervals included, on one side of them give a verdict.

    Examples
    --------
    >>> runs = pd.DataFrame(
    ...     {"alpha": 100.0, "width": 8, "seed": [0, 1], "drift": 0.01}
    ...     | {name: 0.01 for name in MEASURED if name != "drift"}
    ... )
    >>> judge_laziness(runs, Thresholds())["verdict"].tolist()
    ['kernel regime']
    """
    rows = []
    for (alpha, width), group in runs.groupby(["alpha", "width"]):
        row: dict[str, Any] = {"alpha": alpha, "width": width, "seeds": len(group)}
        for name in MEASURED:
            half = np.inf
            if len(group) > 1:
                quantile = stats.t.ppf((1 + thresholds.confidence) / 2, len(group) - 1)
                half = quantile * stats.sem(group[name])
            mean = group[name].mean()
            row |= {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
        row["verdict"] = verdict_of(row, thresholds, ("drift", "gap"))
        rows.append(row)
    return pd.DataFrame(rows)


def gap_slope(runs: pd.DataFrame, smallest_alpha: float, confidence: float = 0.95) -> Array:
    r"""Slope of log gap over log α at large α, and the ends of its interval over networks.

    Theory says −1: corrections to the linearisation start at order 1/α.

    Parameters
    ----------
    runs : DataFrame
        Of `measure_laziness`: three networks at least.
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
    slopes = np.array([
        np.polyfit(np.log(own["alpha"]), np.log(own["gap"]), 1)[0]
        for _, own in large.groupby(["width", "seed"])
    ])  # fmt: skip
    half = stats.t.ppf((1 + confidence) / 2, len(slopes) - 1) * stats.sem(slopes)
    return np.array([slopes.mean(), slopes.mean() - half, slopes.mean() + half])
