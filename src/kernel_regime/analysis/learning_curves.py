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

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from kernel_regime.analysis.hermite_forecast import HermiteForecast
from kernel_regime.analysis.learning_curve_settings import LearningCurveSettings
from kernel_regime.core.arrays import Array, ArrayLike, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_targets
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Matrix
from kernel_regime.evaluation.scores import squared_errors
from kernel_regime.linalg.eigenvalues import eigensystem
from kernel_regime.regression.conditioning import refuse_indefinite
from kernel_regime.regression.solvers.direct import solve_directly


@dataclass(frozen=True)
class LearningCurveForecast:
    r"""Forecast of a learning curve from the kernel matrix of p labelled samples.

    Parameters
    ----------
    eigenvalues : array of shape (p,)
        Of K itself, not negative.
    power : array of shape (p,)
        Squared coefficients of the targets in its eigenvectors, summed over outputs.

    Examples
    --------
    A huge ridge predicts 0, and the loss is the mean square of the labels:

    >>> forecast = LearningCurveForecast.of(np.eye(4), [1.0, -1.0, 1.0, -1.0])
    >>> round(forecast.loss(n=2, ridge=1e6), 4)
    1.0
    """

    eigenvalues: Array
    power: Array

    @classmethod
    def of(cls, kernel: Matrix, targets: ArrayLike) -> "LearningCurveForecast":
        """From a kernel matrix (p, p) and targets (p,) or (p, outputs), as array-likes.

        Raises
        ------
        InputError
            If the kernel is not finite, symmetric and positive up to round-off, or targets are not
            finite or not one each.
        """
        values, vectors = eigensystem(as_floating(kernel, "kernel"))
        refuse_indefinite(float(values.min()), float(values.max()))
        columns = checked_targets(targets, "targets", len(values))
        return cls(np.maximum(values, 0), ((vectors.T @ columns) ** 2).sum(axis=1))

    def loss(self, n: int, ridge: float) -> float:
        r"""Expected squared loss, summed over outputs, on new samples after training on n.

        At n = p this is generalised cross-validation itself. In general, with s the eigenvalues
        of K and ε the ridge at which p samples have the threshold that n samples have at δ:

        .. math::
            κ &= 1 / \mathrm{tr} (K + εI)^{-1} = 1 / \textstyle\sum 1/(s + ε) \\
            D_1 &= p - ε/κ = \textstyle\sum s/(s + ε) \\
            D_2 &= D_1 + κ\, \partial D_1/\partial κ, \qquad
                \partial κ/\partial ε = κ^2 \textstyle\sum 1/(s + ε)^2 \\
            B &= (1 - D_2/p) \, \mathrm{GCV}(p, ε)
               = (p - D_2) \, κ^2 \, y^T (K + εI)^{-2} y .

        The first is the threshold that a sample shows (Jacot et al. 2020), the second its
        definition solved for D₁, the third the identity λ/(λ + κ) − κλ/(λ + κ)² = λ²/(λ + κ)²
        under the sum, and the fourth the formula of L at n = p solved for B.

        Raises
        ------
        InputError
            If n exceeds p, or the ridge is not positive.
        """
        p = len(self.power)
        if not 0 < n <= p or not 0 < ridge < np.inf:
            raise InputError(
                f"n = {n}, ridge = {ridge}: a forecast from {p} samples is for 1…{p} samples "
                "and positive ridges"
            )
        shifted = self.eigenvalues + self._equivalent_ridge(n, ridge)
        kappa = 1 / (1 / shifted).sum()
        learned = (self.eigenvalues / shifted).sum()
        learned_by_ridge = -(self.eigenvalues / shifted**2).sum()
        kappa_by_ridge = kappa**2 * (1 / shifted**2).sum()
        learned_squared = learned + kappa * learned_by_ridge / kappa_by_ridge
        bias = (p - learned_squared) * kappa**2 * (self.power / shifted**2).sum()
        return float(n / (n - learned_squared) * bias)

    def _equivalent_ridge(self, n: int, ridge: float) -> float:
        """The ε with which p samples have the threshold of n: D₁ + δ/κ = Σ (s + δ)/(s + ε) = n."""
        s = self.eigenvalues

        def excess(log_ridge: float) -> float:
            return float(((s + ridge) / (s + np.exp(log_ridge))).sum() - n)

        lowest = np.log(ridge)
        highest = np.log((s + ridge).sum() / n)
        return float(np.exp(brentq(excess, lowest - 1e-9, highest + 1e-9, xtol=1e-12)))


def learning_curve(
    kernel: Matrix,
    test_kernel: Matrix,
    targets: ArrayLike,
    test_targets: ArrayLike,
    settings: LearningCurveSettings,
    hermite: HermiteForecast | None = None,
) -> pd.DataFrame:
    """Learning curve forecast from the first samples, beside regressions trained on the others.

    Parameters
    ----------
    kernel : array-like of shape (N, N)
        Kernel of all training samples; read row by row, so it may be memory-mapped.
    test_kernel : array-like of shape (m, N)
        Kernel between test and training samples.
    targets, test_targets : array-likes (N, outputs), (m, outputs)
        Targets; one output may come as (N,), (m,).
    settings : LearningCurveSettings
        Sizes, ridges and repeats.
    hermite : HermiteForecast, optional
        Second forecast, made from the same samples.

    Returns
    -------
    DataFrame
        n, ridge (relative), forecast_from, forecast (NaN beyond p), hermite_forecast (NaN where
        there is none), and over the repeats the means of test_loss (with test_low and test_high, a
        95 % t-interval; NaN where there is one), gcv_loss and kare_loss (two names of one
        estimate, see `docs/regression.md`); repeats. All measured ones are NaN at further sizes.

    Raises
    ------
    InputError
        If a size exceeds the samples left, or shapes do not match.
    """
    kernel, test_kernel = as_floating(kernel, "kernel"), as_floating(test_kernel, "test_kernel")
    targets = checked_targets(targets, "targets", len(kernel))
    test_targets = checked_targets(test_targets, "test_targets", len(test_kernel))
    for name, matrix, rows in (
        ("kernel", kernel, targets),
        ("test_kernel", test_kernel, test_targets),
    ):
        if matrix.shape != (len(rows), len(targets)):
            raise InputError(
                f"{name}: shape {matrix.shape} does not fit {len(rows)} and {len(targets)} "
                "samples; columns are training samples"
            )
    first = settings.forecast_from
    left = len(kernel) - first
    if max(settings.sizes) > left:
        raise InputError(
            f"learning_curves.sizes: {max(settings.sizes)} exceeds the {left} samples that the "
            "forecast leaves to train on; lower sizes or forecast_from"
        )
    own = np.asarray(kernel[:first, :first], np.float64)
    scale = float(np.trace(own)) / first
    ridges = scale * np.array(settings.ridges)
    forecast = LearningCurveForecast.of(own, targets[:first])
    rng = seeded(settings.seed)
    tables = []
    for n in settings.sizes + (settings.further_sizes if hermite else []):
        repeats = settings.repeats if n in settings.sizes else 0
        draws = (first + rng.choice(left, n, replace=False) for _ in range(repeats))
        losses = [
            _score(kernel, test_kernel, targets, test_targets, np.sort(chosen), ridges)
            for chosen in draws
        ]
        columns = {
            "forecast": _losses(forecast if n <= first else None, n, ridges),
            "hermite_forecast": _losses(hermite, n, ridges),
            **_summarise(np.array(losses).reshape(repeats, 3, len(ridges))),
        }
        place = {"n": n, "ridge": settings.ridges, "forecast_from": first}
        tables.append(pd.DataFrame({**place, **columns, "repeats": repeats}))
    return pd.concat(tables, ignore_index=True)


def _losses(
    forecast: LearningCurveForecast | HermiteForecast | None, n: int, ridges: Array
) -> Array:
    """Forecast of every ridge, NaN where there is none."""
    if forecast is None:
        return np.full(len(ridges), np.nan)
    return np.array([forecast.loss(n, ridge) for ridge in ridges])


def _summarise(losses: Array) -> dict[str, Array]:
    """Losses (repeats, 3, ridges) as mean and interval, NaN where there are too few."""
    repeats, _, ridges = losses.shape
    test, gcv, kare = losses.mean(axis=0) if repeats else np.full((3, ridges), np.nan)
    margin = np.full(ridges, np.nan)
    if repeats > 1:
        margin = stats.t.ppf(0.975, repeats - 1) * stats.sem(losses[:, 0], axis=0)
    return {
        "test_loss": test,
        "test_low": test - margin,
        "test_high": test + margin,
        "gcv_loss": gcv,
        "kare_loss": kare,
    }


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
