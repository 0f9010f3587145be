"""Kernel regime or feature learning: measures of one trained network, and a verdict over seeds."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, PositiveFloat
from scipy import linalg, optimize, stats

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.parameters import ParameterType
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.evaluation.selection import best_row
from kernel_regime.linalg.eigenvalues import eigensystem
from kernel_regime.ntk.observations import NetworkOutputs, TangentKernels
from kernel_regime.regression.fit import ridge_path

#: Ridges of the kernel regressions, in units of the kernel's mean eigenvalue.
_RIDGES = 10.0 ** np.arange(-6, 2)


@dataclass(frozen=True, kw_only=True)
class Thresholds(ParameterType):
    """Thresholds of the verdict on a network's regime.

    Parameters
    ----------
    kernel_below : float
        Kernel regime: drift and gap, with their intervals, stay below this.
    features_above : float
        Feature learning: both, with their intervals, lie above this.
    confidence : float
        Of the intervals over seeds.

    Raises
    ------
    InputError
        If the two overlap.

    Examples
    --------
    >>> Thresholds(kernel_below=0.05).features_above
    0.3
    """

    kernel_below: PositiveFloat = 0.1
    features_above: PositiveFloat = 0.3
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95

    def __post_init__(self) -> None:
        """Refuse thresholds between which a network would be both."""
        super().__post_init__()
        if self.kernel_below > self.features_above:
            raise InputError(
                f"kernel_below ({self.kernel_below}) must not exceed "
                f"features_above ({self.features_above})"
            )


LIMITS = ("kernel_below", "features_above", "confidence")
"""Columns that say which `Thresholds` a verdict falls by."""

MEASURES = (
    "drift",
    "alignment",
    "gap",
    "weight_movement",
    "network_loss",
    "linearised_loss",
    "before_kernel_loss",
    "after_kernel_loss",
    "network_accuracy",
    "linearised_accuracy",
    "before_kernel_accuracy",
    "after_kernel_accuracy",
)


def measure_regime(
    before: TangentKernels,
    after: TangentKernels,
    initial: NetworkOutputs,
    final: NetworkOutputs,
    targets: tuple[Array, Array],
    weight_movement: float,
) -> dict[str, float]:
    r"""All `MEASURES` of one trained network.

    drift
        :math:`\|K_T - K_0\| / \|K_0\|` (Frobenius) on the training samples.
    alignment
        :math:`\langle K_T, K_0 \rangle / (\|K_T\| \|K_0\|)`; 1 where they differ by a factor.
    gap
        Distance on test samples between the network and its linearisation, in units of how far
        the network moved: the linearisation is trained by gradient flow under K_0 on the same
        samples to the same training loss.
    weight_movement
        As given: :math:`\|\theta_T - \theta_0\| / \|\theta_0\|`.
    …_loss, …_accuracy
        On the test samples: of the network, of its linearisation, of kernel ridge regression
        with K_0 and with K_T (the after-kernel), their ridges chosen by leave-one-out.

    Parameters
    ----------
    before, after : TangentKernels
        K_0 and K_T.
    initial, final : NetworkOutputs
        f_0 and f_T.
    targets : pair of arrays (n, K), (m, K)
        Of training and test samples.
    weight_movement : float
    """
    train_targets, test_targets = (np.asarray(part, np.float64) for part in targets)
    linear = linearised_outputs(before, initial, final.train, train_targets)
    moved = linalg.norm(final.test - initial.test)
    measures = {
        "drift": linalg.norm(after.train - before.train) / linalg.norm(before.train),
        "alignment": np.vdot(after.train, before.train)
        / (linalg.norm(after.train) * linalg.norm(before.train)),
        "gap": linalg.norm(final.test - linear) / moved if moved else 0.0,
        "weight_movement": weight_movement,
    }
    for name, outputs in (("network", final.test), ("linearised", linear)):
        measures[f"{name}_loss"] = squared_errors(outputs, test_targets).mean()
        measures[f"{name}_accuracy"] = correct(outputs, test_targets).mean()
    for name, kernels in (("before_kernel", before), ("after_kernel", after)):
        ridges = _RIDGES * np.trace(kernels.train) / len(kernels.train)
        path = ridge_path(kernels.train, kernels.test, train_targets, test_targets, ridges)
        best = best_row(path, "loo_loss")
        for score in ("loss", "accuracy"):
            known = np.nan if best is None else path[f"test_{score}"].iloc[best]
            measures[f"{name}_{score}"] = known
    return {name: float(measures[name]) for name in MEASURES}


def linearised_outputs(
    kernels: TangentKernels, initial: NetworkOutputs, final_train: Array, targets: Array
) -> Array:
    r"""Test outputs of the linearised network, trained until it fits as well as the network does.

    Gradient flow on the square loss moves the linearisation by
    :math:`K_0(\cdot, X) K_0^{-1} (1 - e^{-K_0 t}) (y - f_0(X))`; t is chosen so that the training
    losses agree. Where the network fits better than the flow can in float64, t is infinite.

    Parameters
    ----------
    kernels : TangentKernels
        K_0.
    initial : NetworkOutputs
        f_0.
    final_train : array (n, K)
        f_T on the training samples.
    targets : array (n, K)
        Of the training samples.
    """
    values, vectors = eigensystem(kernels.train)
    top = values[0]
    rates = np.maximum(values / top, 0)
    residual = vectors.T @ (targets - initial.train)
    goal = squared_errors(final_train, targets).sum()

    def excess(log_time: float) -> float:
        left = np.exp(-rates * 10**log_time)[:, None] * residual
        return float(np.sum(left**2) - goal)

    earliest, latest = -6.0, 12.0
    if excess(earliest) <= 0:
        return initial.test
    log_time = latest if excess(latest) >= 0 else optimize.brentq(excess, earliest, latest)
    time = 10.0**log_time
    # (1 − e^{−rt})/r tends to t where the rate r vanishes.
    gain = -np.expm1(-rates * time) / np.where(rates > 0, rates, 1)
    gain = np.where(rates * time < 1e-12, time, gain)
    return initial.test + kernels.test @ (vectors @ (gain[:, None] * residual)) / top


def judge(
    runs: pd.DataFrame, thresholds: Thresholds, complete: bool = True, unit: str = "seed"
) -> dict[str, Any]:
    """Mean and interval of every measure over seeds, the verdict, and its sentence.

    Parameters
    ----------
    runs : DataFrame
        One row of `MEASURES` per seed.
    thresholds : Thresholds
        When the verdict falls.
    complete : bool
        Whether the kernels are those of all training samples. Otherwise the linearisation saw
        fewer samples than the network did, and the drift alone decides.
    unit : str
        What the rows differ in, if not in the seed.

    Returns
    -------
    dict
        `seeds`, `verdict`, `sentence`, the thresholds, and per measure its mean, `…_low` and
        `…_high`; a Student interval, which one seed leaves as wide as can be.

    Examples
    --------
    >>> runs = pd.DataFrame({name: [0.5, 0.5] for name in MEASURES})
    >>> judge(runs, Thresholds())["verdict"]
    'feature learning'
    """
    count = len(runs)
    row: dict[str, Any] = {"seeds": count} | {name: getattr(thresholds, name) for name in LIMITS}
    for name in MEASURES:
        mean = runs[name].mean()
        half = np.inf
        if count > 1:
            error = runs[name].std(ddof=1) / count**0.5
            half = error * stats.t.ppf((1 + thresholds.confidence) / 2, count - 1)
        row |= {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
    deciding = ("drift", "gap") if complete else ("drift",)
    row["verdict"] = verdict_of(row, thresholds, deciding)
    row["sentence"] = _sentence(row, thresholds, deciding, unit)
    return row


def verdict_of(row: dict[str, Any], thresholds: Thresholds, deciding: tuple[str, ...]) -> str:
    """Verdict that the intervals `<name>_low`, `<name>_high` of the deciding measures allow.

    Examples
    --------
    >>> verdict_of({"drift_low": 0.4, "drift_high": 0.6}, Thresholds(), ("drift",))
    'feature learning'
    """
    if all(row[f"{name}_high"] < thresholds.kernel_below for name in deciding):
        return "kernel regime"
    if all(row[f"{name}_low"] > thresholds.features_above for name in deciding):
        return "feature learning"
    return "undecided"


_FINDINGS = {
    "drift": "the NTK drifts by {}",
    "gap": "the network ends {} of its way apart from its linearisation",
}


def _sentence(
    row: dict[str, Any], thresholds: Thresholds, deciding: tuple[str, ...], unit: str
) -> str:
    findings = [_FINDINGS[name].format(_percent(row, name)) for name in deciding]
    below, above = f"{thresholds.kernel_below:.0%}", f"{thresholds.features_above:.0%}"
    reason = {
        "kernel regime": f"certainly below {below}",
        "feature learning": f"certainly above {above}",
        "undecided": f"not certainly below {below}, nor above {above}",
    }[row["verdict"]]
    if row["seeds"] == 1:
        more = {"seed": "train"}.get(unit, "take")
        reason = f"one {unit} gives no interval; {more} at least two"
    found = " and ".join(findings)
    seeds = f"one {unit}" if row["seeds"] == 1 else f"{row['seeds']} {unit}s"
    return f"{row['verdict'].capitalize()}: over {seeds} {found}: {reason}."


def _percent(row: dict[str, Any], name: str) -> str:
    half = row[f"{name}_high"] - row[name]
    return f"{row[name]:.0%}" + (f" (±{half:.0%})" if np.isfinite(half) else "")
