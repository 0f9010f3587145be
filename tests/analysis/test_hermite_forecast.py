"""Hermite eigenstructures against closed forms and kernels, their forecasts against regressions."""

from itertools import combinations_with_replacement, product

import numpy as np
import pytest

from kernel_regime.analysis.hermite_eigenstructure import (
    HermiteEigenstructure,
    complete_symmetric,
    largest_products,
)
from kernel_regime.analysis.hermite_forecast import HermiteForecast, coefficient_power
from kernel_regime.analysis.learning_curve_settings import HermiteSettings, LearningCurveSettings
from kernel_regime.analysis.learning_curves import LearningCurveForecast, learning_curve
from kernel_regime.kernels import FullyConnectedNTK, Gaussian, MyrtleNTK, NetworkKernel
from kernel_regime.linalg.eigenvalues import eigensystem
from kernel_regime.regression.fit import fit_ridge_path


def with_covariance(variances, samples):
    """Points whose sample mean is 0 and whose sample covariance is exactly diagonal."""
    draws = np.random.default_rng(0).standard_normal((samples, len(variances)))
    basis = np.linalg.qr(draws - draws.mean(axis=0)).Q
    return np.sqrt(samples * variances) * basis


def test_degrees_of_a_gaussian_kernel_share_its_trace_by_a_poisson_law():
    """c_ℓ = exp(−q/σ²)/σ^{2ℓ} in closed form, and the shares of the trace are c_ℓ q^ℓ/ℓ!."""
    variances = np.array([3.0, 2.0, 1.0, 1.0, 0.5])
    kernel = Gaussian(width=1.5)
    structure = HermiteEigenstructure.of(kernel, with_covariance(variances, 50), modes=60)
    mean = variances.sum() / (1.5**2 * 5)  # q/σ², σ² = w² d
    degrees = np.array([len(monomial) for monomial in structure.monomials])
    for degree, share in enumerate(np.exp(-mean) * mean ** np.arange(3) / [1, 1, 2]):
        found = structure.eigenvalues[degrees == degree].sum()
        assert found == pytest.approx(share, rel=1e-9)


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_eigenvalues_of_a_gaussian_kernel_are_mercers_in_closed_form(exponent):
    """Rasmussen & Williams (2006), equation 4.39, a product over the directions of N(0, Γ)."""
    d = 200
    variances = np.arange(1, d + 1.0) ** -exponent
    variances /= variances.sum()
    kernel = Gaussian(width=d**-0.5)  # exp(−‖x − x'‖²/2)
    structure = HermiteEigenstructure.of(kernel, with_covariance(variances, 400), modes=6000)
    a, b = 1 / (4 * variances), 0.5
    total = a + b + np.sqrt(a**2 + 2 * a * b)
    exact, _ = largest_products([np.prod(np.sqrt(2 * a / total))] * 12, b / total, 6000)
    for kappa in (1e-2, 1e-3, 1e-4):
        learned = (structure.eigenvalues / (structure.eigenvalues + kappa)).sum()
        expected = (exact / (exact + kappa)).sum() + (1 - exact.sum()) / kappa
        assert learned + structure.rest / kappa == pytest.approx(expected, rel=0.025)
    np.testing.assert_allclose(structure.eigenvalues[20:], exact[20:], rtol=0.15)


def test_a_large_sample_has_these_eigenvalues_and_eigenvectors():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((1200, 40)) + 0.5  # a mean, which distances do not know
    x *= np.sqrt(40) / np.linalg.norm(x, axis=1)[:, None]
    kernel = FullyConnectedNTK(layers=3)
    structure = HermiteEigenstructure.of(kernel, x, modes=3000)
    values, vectors = eigensystem(kernel.gram(x))
    np.testing.assert_allclose(values[:41] / 1200, structure.eigenvalues[:41], rtol=0.08)
    constant_and_linear = np.linalg.qr(structure.features(x, 41)).Q
    assert ((vectors[:, :41].T @ constant_and_linear) ** 2).sum() / 41 > 0.98


def test_the_heap_finds_what_trying_all_products_finds():
    rng = np.random.default_rng(2)
    variances = np.sort(rng.uniform(0.2, 1, 5))[::-1]
    levels = [1.0, 0.7, 0.9, 0.4, 0.0]
    every = [
        (levels[degree] * np.prod(variances[list(chosen)]), chosen)
        for degree in range(4)
        for chosen in combinations_with_replacement(range(5), degree)
    ]
    products, monomials = largest_products(levels, variances, 1000)
    np.testing.assert_allclose(products, sorted((value for value, _ in every), reverse=True))
    assert sorted(monomials) == sorted(chosen for _, chosen in every)
    of_degree_three = sum(value for value, chosen in every if len(chosen) == 3)
    assert 0.4 * complete_symmetric(variances, 4)[3] == pytest.approx(of_degree_three)


def test_target_powers_have_no_bias():
    rng = np.random.default_rng(3)
    truth, draws = np.array([1.0, 0.5, 0.0, 0.3, 0.0, 0.0, 0.0, 1.0]), []
    for _ in range(400):
        features = rng.standard_normal((40, 8))
        targets = features @ truth[:, None] + rng.normal(size=(40, 1))
        draws.append(coefficient_power(features, targets))
    powers, unlearned = (np.array(part) for part in zip(*draws, strict=True))
    error = powers.std(axis=0) / np.sqrt(400)
    assert (np.abs(powers.mean(axis=0) - truth**2) < 4 * error).all()
    assert unlearned[:, -1].mean() == pytest.approx(1, rel=0.05)


@pytest.fixture(scope="module")
def task():
    """Gaussian inputs, and targets with a power law of coefficients in the modes of a kernel."""
    rng, kernel = np.random.default_rng(4), Gaussian(width=1.5)
    x = rng.standard_normal((3100, 60)) * np.arange(1, 61.0) ** -0.2
    x *= np.sqrt(60 / np.mean(np.sum(x**2, axis=1)))
    structure = HermiteEigenstructure.of(kernel, x, modes=6000)
    coefficients = rng.standard_normal(2000) * np.arange(1, 2001.0) ** -0.7
    return kernel, x, (structure.features(x, 2000) @ coefficients)[:, None], structure


def test_labels_of_600_forecast_what_1500_samples_learn(task):
    kernel, x, targets, structure = task
    forecast = HermiteForecast.of(structure, x[:600], targets[:600])
    present = LearningCurveForecast.of(kernel.gram(x[:600]), targets[:600])
    for n, ridge in product((50, 100, 200, 400), (0.1, 1.0)):  # where both apply, they agree
        assert forecast.loss(n, ridge) == pytest.approx(present.loss(n, ridge), rel=0.05)
    chosen = slice(600, 2100)
    path = fit_ridge_path(kernel.gram(x[chosen]), targets[chosen], [0.1])
    predictions = path.predict(kernel.cross(x[2100:], x[chosen]))[0]
    measured = ((predictions - targets[2100:]) ** 2).mean()
    assert forecast.loss(1500, 0.1) == pytest.approx(measured, rel=0.12)


def test_the_table_goes_on_where_nothing_can_be_measured(task):
    kernel, x, targets, structure = task
    x, targets = x[:200], targets[:200]
    settings = LearningCurveSettings(
        60, [50, 100], [0.1, 1.0], repeats=2, hermite=HermiteSettings(500, further_sizes=[1000])
    )
    table = learning_curve(
        kernel.gram(x[:160]), kernel.cross(x[160:], x[:160]), targets[:160], targets[160:],
        settings, HermiteForecast.of(structure, x[:60], targets[:60]),
    ).set_index("n")  # fmt: skip
    assert table["hermite_forecast"].gt(0).all()
    assert table.loc[50, ["forecast", "test_loss"]].notna().all(axis=None)
    assert table.loc[100, "forecast"].isna().all() and table.loc[100, "test_loss"].notna().all()
    assert table.loc[1000, "test_loss"].isna().all() and table.loc[1000, "repeats"].eq(0).all()


def test_every_dense_network_knows_its_kernel_on_a_sphere():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((20, 6))
    x *= 2 / np.linalg.norm(x, axis=1)[:, None]
    dense = {"Dense": {"out_dim": 3, "W_std": 1.3, "b_std": 0.2, "parameterization": "standard"}}
    for activation in ("Erf", "Relu", "Abs"):
        kernel = NetworkKernel([dense, activation, dense])
        on_sphere = kernel.on_sphere(2.0, features=6)
        np.testing.assert_allclose(on_sphere(x @ x.T / 4), kernel.gram(x), rtol=1e-6)


@pytest.mark.parametrize(
    ("kernel", "inputs", "message"),
    [
        (MyrtleNTK(5), np.random.default_rng(6).random((20, 8, 8)), "more than lengths and angles"),
        (Gaussian(), np.ones((20, 3)), "they are all the same"),
    ],
)
def test_what_has_no_hermite_eigenstructure_is_refused(kernel, inputs, message):
    with pytest.raises(ValueError, match=message):
        HermiteEigenstructure.of(kernel, inputs, modes=10)


def test_samples_that_are_not_finite_are_named(task):
    kernel, x, targets, structure = task
    broken = np.where(np.arange(len(x))[:, None] == 3, np.nan, x)
    with pytest.raises(ValueError, match="inputs: sample 3 is not finite"):
        HermiteEigenstructure.of(kernel, broken, modes=10)
    lost = np.where(np.arange(len(x))[:, None] == 5, np.inf, targets)
    with pytest.raises(ValueError, match="targets: row 5 is not finite"):
        HermiteForecast.of(structure, x, lost)


def test_forecasts_refuse_too_few_labels_and_no_ridge(task):
    _, x, targets, structure = task
    with pytest.raises(ValueError, match="16 labelled samples at least"):
        HermiteForecast.of(structure, x[:15], targets[:15])
    forecast = HermiteForecast.of(structure, x[:100], targets[:100])
    for n, ridge in ((0, 1.0), (10, 0.0)):
        with pytest.raises(ValueError, match="1 sample at least and a positive"):
            forecast.loss(n, ridge)
