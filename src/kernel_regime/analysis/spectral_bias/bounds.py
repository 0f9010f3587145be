r"""Bounds of the theorem on spectral bias outside the training set, both sides measured.

With δ_t = r_t − e^{−tT} r₀, Duhamel's formula δ_t = ∫ e^{−(t−s)T} (T r_s + ∂_s f_s) ds gives

.. math::
    \|P_k δ_t\|^2 \le \Big[\frac{1 - e^{-σ_k t}}{σ_k}\Big]^2 E_t, \qquad
    \|δ_t\|^2 \le t^2 E_t, \qquad E_t = \sup_{s \le t} \|T r_s + ∂_s f_s\|^2

for the law of the reference sample (Bowman & Montúfar 2022). E is measured along the trajectory
and split into a model and a sample term: with T_n the same operator over the training sample,
T r + ∂f = (T − T_n) r + (T_n r + ∂f), and the second bracket is (1/n) Σ (K^∞ − K_s)(·, x_i) r(x_i).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kernel_regime.analysis.spectral_bias.flow import Trajectory
from kernel_regime.analysis.spectral_bias.operator import TrainingKernel
from kernel_regime.core.arrays import Array


def measure_bounds(
    trajectory: Trajectory,
    operator: TrainingKernel,
    to_reference: Array,
    targets: Array,
    reference_targets: Array,
    ranks: Sequence[int],
) -> pd.DataFrame:
    """Both sides of both bounds, over time and rank.

    Parameters
    ----------
    trajectory : Trajectory
        What was learned.
    operator : TrainingKernel
        T of K^∞.
    to_reference : array of shape (m, n)
        K^∞ between reference and training samples.
    targets, reference_targets : arrays of shape (n, outputs), (m, outputs)
        f* at the training and at the reference samples.
    ranks : sequence of int
        The k of P_k; 0 stands for the second bound, on the whole of δ_t.

    Returns
    -------
    DataFrame
        time, modes (k), left, right, and the terms of E_t: discrepancy (E itself), model_term,
        sample_term (their suprema, E ≤ 2·model + 2·sample).
    """
    residual = trajectory.reference - reference_targets
    pull = np.stack([operator.apply(r) for r in residual])
    train_residual = trajectory.train - targets
    empirical = np.asarray(to_reference, np.float64) @ train_residual / len(targets)
    terms = {
        "discrepancy": pull + trajectory.velocity,
        "model_term": empirical + trajectory.velocity,
        "sample_term": pull - empirical,
    }
    running = {name: np.maximum.accumulate(_norms(term)) for name, term in terms.items()}
    ideal = operator.decayed(residual[0], trajectory.times)
    gap = np.stack([operator.project(r) for r in residual]) - ideal
    power = np.cumsum((gap**2).sum(axis=2), axis=1)
    tables = []
    for rank in ranks:
        left = power[:, rank - 1] if rank else power[:, -1]
        right = _growth(trajectory.times, operator.eigenvalues, rank) ** 2 * running["discrepancy"]
        columns = {"time": trajectory.times, "modes": rank, "left": left, "right": right}
        tables.append(pd.DataFrame(columns | running))
    return pd.concat(tables, ignore_index=True)


def _growth(times: Array, eigenvalues: Array, rank: int) -> Array:
    """(1 − e^{−σ_k t})/σ_k, or t where no mode helps."""
    if not rank:
        return times
    return -np.expm1(-eigenvalues[rank - 1] * times) / eigenvalues[rank - 1]


def _norms(values: Array) -> Array:
    """E|f|² over the reference sample, at every time."""
    return (values**2).sum(axis=2).mean(axis=1)
