"""Measures of one trained network: how far its training left the kernel regime."""

import numpy as np
from scipy import linalg, optimize

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.evaluation.selection import best_row
from kernel_regime.linalg.eigenvalues import eigensystem
from kernel_regime.ntk.observations import NetworkOutputs, TangentKernels
from kernel_regime.regression.fit import ridge_path

#: Ridges of the kernel regressions, in units of the kernel's mean eigenvalue.
_RIDGES = 10.0 ** np.arange(-6, 2)


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

    Raises
    ------
    InputError
        If a tangent kernel is zero on the training samples: nothing is relative to it.
    """
    for moment, kernels in (("before", before), ("after", after)):
        if not kernels.train.any():
            raise InputError(
                f"{moment}: the tangent kernel {moment} training is zero on the training samples: "
                "no small change of the weights moves the outputs; give other weights"
            )
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
