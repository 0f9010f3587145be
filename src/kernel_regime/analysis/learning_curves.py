r"""Learning curves of kernel ridge regression, forecast from one labelled sample.

In the eigenvalue framework (Bordelon, Canatar & Pehlevan 2020; Simon et al. 2023) n samples and
ridge δ in (K + δI)α = y learn the modes above a threshold κ, and the expected test loss is

.. math::
    L(n, δ) = \frac{n}{n - D_2(κ)} B(κ), \qquad D_1(κ) + δ/κ = n, \qquad
    D_j = \sum_i \Big(\frac{λ_i}{λ_i + κ}\Big)^j, \quad B = \sum_i \frac{κ^2 c_i^2}{(λ_i + κ)^2} .

D₁, D₂ and B belong to the population and do not depend on n. A sample of p points reveals them
without plugging in its own, biased eigenvalues: ridge regression on it at any ridge ε has
threshold κ = 1/tr (K + εI)⁻¹ (Jacot et al. 2020), and its generalised cross-validation estimates
L(p, ε). So one eigendecomposition forecasts every n ≤ p and every ridge.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.evaluation.scores import squared_errors
from kernel_regime.linalg.eigenvalues import eigensystem
from kernel_regime.regression.solvers.direct import solve_directly


@dataclass(frozen=True)
class LearningCurveForecast:
    """The kernel matrix of p labelled samples, diagonalised.

    Parameters
    ----------
    eigenvalues : array of shape (p,)
        Of K itself.
    power : array of shape (p,)
        Squared coefficients of the targets in its eigenvectors, summed over outputs.
    """

    eigenvalues: Array
    power: Array

    @classmethod
    def of(cls, kernel: Array, targets: Array) -> "LearningCurveForecast":
        """From a kernel matrix (p, p) and targets (p, outputs)."""
        values, vectors = eigensystem(kernel)
        return cls(np.maximum(values, 0), ((vectors.T @ targets) ** 2).sum(axis=1))

    def loss(self, n: int, ridge: float) -> float:
        """Expected squared loss, summed over outputs, on new samples after training on n.

        At n = p this is generalised cross-validation itself.

        Raises
        ------
        ValueError
            If n exceeds p, or the ridge is not positive.
        """
        p = len(self.power)
        if not 0 < n <= p or ridge <= 0:
            raise InputError(
                f"n = {n}, ridge = {ridge}: a forecast from {p} samples reaches 1…{p} samples "
                "and positive ridges"
            )
        shifted = self.eigenvalues + self._equivalent_ridge(n, ridge)
        inverse, inverse_square = (1 / shifted).sum(), (1 / shifted**2).sum()
        kappa = 1 / inverse
        first = (self.eigenvalues / shifted).sum()
        second = first - (self.eigenvalues / shifted**2).sum() / (kappa * inverse_square)
        bias = kappa**2 * (p - second) * (self.power / shifted**2).sum()
        return float(n / (n - second) * bias)

    def _equivalent_ridge(self, n: int, ridge: float) -> float:
        """The ε with which p samples have the threshold of n: Σ (s + δ)/(s + ε) = n."""
        s = self.eigenvalues

        def excess(log_ridge: float) -> float:
            return float(((s + ridge) / (s + np.exp(log_ridge))).sum() - n)

        lowest = np.log(ridge)
        highest = np.log((s + ridge).sum() / n)
        return float(np.exp(brentq(excess, lowest - 1e-9, highest + 1e-9, xtol=1e-12)))


def learning_curve(
    kernel: Array, test_kernel: Array, targets: Array, test_targets: Array,
    forecast_from: int, sizes: Sequence[int], ridges: Sequence[float], repeats: int, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """LearningCurveForecast from the first samples, scored on regressions trained on the others.

    Parameters
    ----------
    kernel : array of shape (N, N)
        Kernel of all training samples; read row by row, so it may be memory-mapped.
    test_kernel : array of shape (m, N)
        Kernel between test and training samples.
    targets, test_targets : arrays (N, outputs), (m, outputs)
        Targets.
    forecast_from : int
        The p samples the forecast is made from. No regression uses them.
    sizes : sequence of int
        Sizes n of the training sets, drawn from the other N − p samples.
    ridges : sequence of float
        In units of the kernel's mean diagonal over those p samples.
    repeats : int
        Training sets per size.
    seed : int
        Of the draws.

    Returns
    -------
    DataFrame
        n, ridge (relative), forecast_from, forecast, and over the repeats the means of test_loss
        (with test_low and test_high, a 95 % t-interval), gcv_loss and kare_loss; repeats.

    Raises
    ------
    ValueError
        If a size exceeds p or the samples left.
    """
    left = len(kernel) - forecast_from
    if max(sizes) > min(left, forecast_from):
        raise InputError(
            f"learning_curves.sizes: {max(sizes)} exceeds the {forecast_from} samples of the "
            f"forecast or the {left} left to train on; lower sizes or change forecast_from"
        )
    own = np.asarray(kernel[:forecast_from, :forecast_from], np.float64)
    scale = float(np.trace(own)) / forecast_from
    forecast = LearningCurveForecast.of(own, targets[:forecast_from])
    rng = np.random.default_rng(seed)
    rows = []
    for n in sizes:
        scores = []
        for _ in range(repeats):
            chosen = np.sort(forecast_from + rng.choice(left, n, replace=False))
            scores.append(
                _score(kernel, test_kernel, targets, test_targets, chosen, scale * np.array(ridges))
            )
        means, errors = np.mean(scores, axis=0), stats.sem(scores, axis=0)
        margin = stats.t.ppf(0.975, max(repeats - 1, 1)) * errors
        for i, ridge in enumerate(ridges):
            test, gcv, kare = means[:, i]
            rows.append({
                "n": n,
                "ridge": ridge,
                "forecast_from": forecast_from,
                "forecast": forecast.loss(n, ridge * scale),
                "test_loss": test,
                "test_low": test - margin[0, i],
                "test_high": test + margin[0, i],
                "gcv_loss": gcv,
                "kare_loss": kare,
                "repeats": repeats,
            })  # fmt: skip
    return pd.DataFrame(rows)


def _score(
    kernel: Array, test_kernel: Array, targets: Array, test_targets: Array,
    chosen: Array, ridges: Array,
) -> Array:  # fmt: skip
    """Test loss, GCV and KARE (3, ridges) of regression on the chosen samples."""
    block = np.ascontiguousarray(kernel[chosen][:, chosen])
    path = solve_directly(block, targets[chosen], ridges)
    predictions = path.predict(np.ascontiguousarray(test_kernel[:, chosen]))
    losses = squared_errors(predictions, test_targets).mean(axis=1)
    return np.stack([losses, path.gcv_loss, path.kare])
