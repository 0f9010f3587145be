"""Forecasts of learning curves against cross-validation, theory and regressions."""

import numpy as np
import pytest

from kernel_regime.analysis.learning_curve_settings import LearningCurveSettings
from kernel_regime.analysis.learning_curves import LearningCurveForecast, learning_curve
from kernel_regime.regression.fit import fit_ridge_path


@pytest.fixture(scope="module")
def gaussian_task():
    """Linear features of power-law variances, where the eigenvalue framework is exact."""
    rng = np.random.default_rng(0)
    scales = np.arange(1, 401.0) ** -0.75
    weights = rng.standard_normal(400) * np.arange(1, 401.0) ** -0.5
    features = rng.standard_normal((2600, 400)) * scales
    targets = (features @ weights)[:, None] + 0.3 * rng.standard_normal((2600, 1))
    return features @ features.T, targets


def test_at_its_own_size_a_forecast_is_cross_validation(gaussian_task):
    kernel, targets = gaussian_task[0][:300, :300], gaussian_task[1][:300]
    forecast = LearningCurveForecast.of(kernel, targets)
    for ridge in (0.01, 1.0):
        gcv = fit_ridge_path(kernel, targets, [ridge]).gcv_loss[0]
        assert forecast.loss(300, ridge) == pytest.approx(gcv, rel=1e-9)


@pytest.mark.parametrize(("n", "ridge"), [(10, 0.03), (25, 1.0), (40, 0.5)])
def test_the_loss_is_its_formula_with_matrices_and_a_difference_quotient(n, ridge):
    """κ, D₁, D₂ and B of the docstring, written with inverses of K + εI and no eigenvalue."""
    rng = np.random.default_rng(3)
    p = 40
    features = rng.standard_normal((p, 60)) * np.arange(1, 61.0) ** -0.7
    kernel, y = features @ features.T, rng.standard_normal((p, 2))

    def resolvent(epsilon):
        return np.linalg.inv(kernel + epsilon * np.eye(p))

    def threshold(epsilon):
        return 1 / np.trace(resolvent(epsilon))

    def learned(epsilon):
        return p - epsilon / threshold(epsilon)

    low, high = ridge, 1e6  # more samples than n would need a larger ridge for n's threshold
    for _ in range(200):
        epsilon = np.sqrt(low * high)
        enough = learned(epsilon) + ridge / threshold(epsilon) <= n
        low, high = (low, epsilon) if enough else (epsilon, high)
    around = epsilon * (1 + np.array([-1e-5, 1e-5]))
    slope = np.diff([learned(e) for e in around])[0] / np.diff([threshold(e) for e in around])[0]
    squared = learned(epsilon) + threshold(epsilon) * slope
    smoother = kernel @ resolvent(epsilon)
    gcv = ((y - smoother @ y) ** 2).sum() / p / (1 - np.trace(smoother) / p) ** 2
    bias = (1 - squared / p) * gcv
    found = LearningCurveForecast.of(kernel, y).loss(n, ridge)
    assert found == pytest.approx(n / (n - squared) * bias, rel=1e-6)


def test_forecasts_meet_regressions_on_other_samples(gaussian_task):
    kernel, targets = gaussian_task
    table = learning_curve(
        kernel[:1600, :1600], kernel[1600:, :1600], targets[:1600], targets[1600:],
        LearningCurveSettings(800, sizes=[50, 200, 700], ridges=[1e-2, 1.0], repeats=8),
    )  # fmt: skip
    # Forecast and test set have 800 and 1000 samples of squared error: 5 % and 4.5 % each.
    np.testing.assert_allclose(table["forecast"], table["test_loss"], rtol=0.15)
    assert set(table["forecast_from"]) == {800}
    spread = table["test_high"] - table["test_low"]
    assert ((spread > 0) & (spread < 0.2 * table["test_loss"])).all()


def test_forecasts_agree_with_the_framework_given_the_true_spectrum():
    """Plugging the population's spectrum into the published formulas gives the same curve."""
    rng = np.random.default_rng(1)
    p, d, n, ridge = 1200, 200, 100, 0.5
    scales = np.arange(1, d + 1.0) ** -0.8
    weights = np.arange(1, d + 1.0) ** -0.4
    features = rng.standard_normal((p, d)) * scales
    noise = 0.2
    targets = (features @ weights)[:, None] + noise * rng.standard_normal((p, 1))
    variances, power = scales**2, (weights * scales) ** 2
    low, high = 1e-9, 10.0
    for _ in range(200):
        kappa = np.sqrt(low * high)
        excess = (variances / (variances + kappa)).sum() + ridge / kappa - n
        low, high = (kappa, high) if excess > 0 else (low, kappa)
    learned = variances / (variances + kappa)
    exact = n / (n - (learned**2).sum()) * (((1 - learned) ** 2 * power).sum() + noise**2)
    # 1200 labelled samples know a mean square to √(2/1200) = 4 %.
    assert LearningCurveForecast.of(features @ features.T, targets).loss(n, ridge) == pytest.approx(
        exact, rel=0.12
    )


@pytest.mark.parametrize(("n", "ridge"), [(0, 1.0), (31, 1.0), (10, 0.0)])
def test_forecasts_refuse_what_they_cannot_reach(n, ridge):
    forecast = LearningCurveForecast(np.ones(30), np.ones(30))
    with pytest.raises(ValueError, match="30 samples is for 1…30"):
        forecast.loss(n, ridge)


def test_a_single_training_set_has_no_interval(gaussian_task):
    kernel, targets = gaussian_task
    settings = LearningCurveSettings(100, sizes=[50], ridges=[0.1, 1.0], repeats=1)
    table = learning_curve(
        kernel[:200, :200], kernel[1000:, :200], targets[:200], targets[1000:], settings
    )
    assert table[["test_low", "test_high"]].isna().all(axis=None)
    left = table.drop(columns=["test_low", "test_high", "hermite_forecast"])
    assert left.notna().all(axis=None)


def test_sizes_beyond_the_samples_are_refused(gaussian_task):
    kernel, targets = gaussian_task
    with pytest.raises(ValueError, match="501 exceeds"):
        learning_curve(
            kernel[:1000, :1000], kernel[1000:, :1000], targets[:1000], targets[1000:],
            LearningCurveSettings(500, sizes=[501], ridges=[1.0], repeats=1),
        )  # fmt: skip
