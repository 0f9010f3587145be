"""Evolution of a tangent kernel along training: drift, speed, alignment, and what it predicts."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import NonNegativeInt, PositiveInt
from scipy import linalg

from kernel_regime.analysis.spectrum.summaries import alignment
from kernel_regime.core.arrays import Array
from kernel_regime.core.parameters import ParameterType
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.evaluation.selection import best_row
from kernel_regime.ntk.observations import NetworkOutputs, TangentKernels
from kernel_regime.regression.fit import ridge_path

_RIDGES = 10.0 ** np.arange(-6, 2)  # in units of the kernel's mean eigenvalue

COLUMNS = (
    *("epoch", "drift", "cosine", "speed", "alignment", "kernel_loss", "kernel_accuracy"),
    *("network_loss", "network_accuracy"),
)


@dataclass(frozen=True)
class KernelEvolutionStudy(ParameterType):
    """When, and on how many samples, to look at a tangent kernel while its network trains.

    Parameters
    ----------
    times : int
        Epochs, evenly spaced in the logarithm, the last among them; 0 leaves the study out.
    samples : int
        Training and test samples for the kernels, at most.
    seeds : int
        Trainings of each network.

    Examples
    --------
    >>> KernelEvolutionStudy(times=4, samples=100).epochs(27)
    [1, 3, 9, 27]
    """

    times: NonNegativeInt
    samples: PositiveInt
    seeds: PositiveInt = 1

    def epochs(self, total: int) -> list[int]:
        """After so many epochs of a training of `total`; fewer where they would coincide."""
        if not self.times:
            return []
        spaced = np.geomspace(1, total, self.times) if self.times > 1 else np.array([total])
        return sorted(set(np.rint(spaced).astype(int).tolist()))


def kernel_evolution(
    moments: Iterable[tuple[int, TangentKernels, NetworkOutputs]], targets: tuple[Array, Array]
) -> pd.DataFrame:
    r"""Measures of a tangent kernel K_t at successive epochs t.

    drift
        :math:`\|K_t - K_0\|/\|K_0\|` on the training samples.
    cosine
        :math:`\langle K_t, K_0\rangle/(\|K_t\|\|K_0\|)`: what of the drift is no rescaling.
    speed
        :math:`(1 - \cos(K_t, K_{t'}))/(t - t')` per epoch since the time t' before: how fast the
        kernel turns (the kernel velocity of Fort et al. 2020).
    alignment
        Centred alignment with the training targets: see `alignment`.
    kernel_loss, kernel_accuracy
        Of kernel ridge regression with K_t on the test samples, ridges by leave-one-out.
    network_loss, network_accuracy
        Of the network itself there and then.

    Parameters
    ----------
    moments : iterable of (epoch, TangentKernels, NetworkOutputs)
        In the order of time; the first is the start.
    targets : pair of arrays (n, K), (m, K)
        Of training and test samples.

    Returns
    -------
    DataFrame
        One row per moment.

    Examples
    --------
    >>> kernels = [TangentKernels(np.diag([scale, 1.0]), np.eye(2)) for scale in (1.0, 3.0)]
    >>> y = np.array([[1.0], [-1.0]])
    >>> moments = [(epoch, k, NetworkOutputs(y, y)) for epoch, k in zip((0, 2), kernels)]
    >>> table = kernel_evolution(moments, (y, y))
    >>> table["drift"].round(3).tolist(), table["speed"].round(3).tolist()
    ([0.0, 1.414], [nan, 0.053])
    """
    rows = []
    first = last = None
    for epoch, kernels, outputs in moments:
        first = kernels.train if first is None else first
        speed = np.nan
        if last is not None:
            speed = max(0.0, 1 - _cosine(kernels.train, last[1])) / (epoch - last[0])
        rows.append({
            "epoch": epoch,
            "drift": linalg.norm(kernels.train - first) / linalg.norm(first),
            "cosine": _cosine(kernels.train, first),
            "speed": speed,
            "alignment": alignment(kernels.train, targets[0], centred=True),
            **_scores(kernels, outputs, targets),
        })  # fmt: skip
        last = epoch, kernels.train
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cosine(first: Array, second: Array) -> float:
    one, other = first.astype(np.float64), second.astype(np.float64)
    return float(np.vdot(one, other) / (linalg.norm(one) * linalg.norm(other)))


def _scores(
    kernels: TangentKernels, outputs: NetworkOutputs, targets: tuple[Array, Array]
) -> dict[str, float]:
    """Test scores of regression with the kernel, and of the network."""
    train, test = (np.asarray(part, np.float64) for part in targets)
    ridges = _RIDGES * np.trace(kernels.train) / len(kernels.train)
    path = ridge_path(kernels.train, kernels.test, train, test, ridges)
    best = best_row(path, "loo_loss")
    scores = {
        f"kernel_{score}": np.nan if best is None else float(path[f"test_{score}"].iloc[best])
        for score in ("loss", "accuracy")
    }
    return scores | {
        "network_loss": float(squared_errors(outputs.test, test).mean()),
        "network_accuracy": float(correct(outputs.test, test).mean()),
    }
