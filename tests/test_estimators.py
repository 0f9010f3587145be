"""Estimators: scikit-learn's own checks, and its kernel ridge regression on the same kernel."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits, load_wine
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from kernel_regime.core.errors import InputError
from kernel_regime.estimators import (
    KernelGaussianProcessRegressor,
    KernelRidgePathClassifier,
    KernelRidgePathRegressor,
)
from kernel_regime.kernels import FullyConnectedNTK, Gaussian, Laplace

RIDGES = [1e-3, 1e-1, 10.0]


@parametrize_with_checks(
    [KernelRidgePathRegressor(), KernelRidgePathClassifier(), KernelGaussianProcessRegressor()]
)
def test_what_scikit_learn_asks_of_estimators(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 4)) * [1, 10, 100, 0.1] + 5
    return x, np.c_[np.sin(x[:, 0]), x[:, 3] ** 2] + 7


@pytest.mark.parametrize("standardise", [True, False])
def test_predictions_are_those_of_kernel_ridge_at_the_best_left_out_loss(regression, standardise):
    x, y = regression
    kernel = Laplace(width=1.0)
    model = KernelRidgePathRegressor(kernel, relative_ridges=RIDGES, standardise=standardise)
    model.fit(x[:40], y[:40])
    scaler = StandardScaler(with_mean=standardise, with_std=standardise).fit(x[:40])
    train, test = scaler.transform(x[:40]), scaler.transform(x[40:])
    gram, mean = kernel.gram(train), y[:40].mean(axis=0)

    def fit(ridge, rows):
        solver = KernelRidge(alpha=ridge, kernel="precomputed")
        return solver.fit(gram[np.ix_(rows, rows)], (y[:40] - mean)[rows])

    losses = []
    for ridge in RIDGES:  # the diagonal of a Laplace kernel is 1
        left_out = [
            fit(ridge, np.delete(np.arange(40), i)).predict(np.delete(gram[i], i)[None])
            for i in range(40)
        ]
        losses.append(np.square(np.vstack(left_out) - (y[:40] - mean)).sum(axis=1).mean())
    assert_allclose(model.path_["loo_loss"], losses, rtol=1e-9)
    assert model.ridge_ == RIDGES[int(np.argmin(losses))]
    expected = fit(model.ridge_, np.arange(40)).predict(kernel.cross(test, train)) + mean
    assert_allclose(model.predict(x[40:]), expected, rtol=1e-9)


@pytest.mark.parametrize("outputs", [1, 2])
def test_posteriors_are_those_of_scikit_learn(regression, outputs):
    """Its Gaussian processes of RBFs, as wide as ours: exp(−‖x − x'‖²/2w²d)."""
    x, y = regression[0], regression[1][:, 0] if outputs == 1 else regression[1]
    model = KernelGaussianProcessRegressor(Gaussian(width=0.7), noise_variance=0.01)
    mean, deviation = model.fit(x[:40], y[:40]).predict(x[40:], return_std=True)
    scaler = StandardScaler().fit(x[:40])
    covariance = RBF(0.7 * 2, length_scale_bounds="fixed")  # √d = 2
    theirs = GaussianProcessRegressor(covariance, alpha=0.01, normalize_y=True)
    theirs.fit(scaler.transform(x[:40]), y[:40])
    expected = theirs.predict(scaler.transform(x[40:]), return_std=True)
    assert_allclose(mean, expected[0], rtol=1e-9)
    assert_allclose(deviation, expected[1], rtol=1e-7)
    evidence = theirs.log_marginal_likelihood_value_
    assert_allclose(model.log_evidence_, evidence, rtol=1e-9)


def test_the_noise_of_the_largest_evidence_is_found():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((200, 2))
    kernel = Gaussian(width=1.0)
    factor = np.linalg.cholesky(kernel.gram(x) + 1e-10 * np.eye(200))
    y = factor @ rng.standard_normal(200) + 0.3 * rng.standard_normal(200)
    model = KernelGaussianProcessRegressor(kernel, standardise=False).fit(x, y)
    for factor in (0.9, 1.1):
        other = factor * model.noise_variance_
        fixed = KernelGaussianProcessRegressor(kernel, noise_variance=other, standardise=False)
        assert fixed.fit(x, y).log_evidence_ < model.log_evidence_
    assert 0.5 < model.noise_variance_ * y.var() / 0.09 < 2


def test_features_on_different_scales_do_no_harm():
    """Wine: proline is a thousand times larger than most other features."""
    x, y = load_wine(return_X_y=True)
    scaled, raw = (
        cross_val_score(KernelRidgePathClassifier(standardise=standardise), x, y).mean()
        for standardise in (True, False)
    )
    assert scaled > 0.96
    assert raw < scaled - 0.03


def test_it_works_in_pipelines_and_searches_over_kernels():
    x, y = load_digits(return_X_y=True)
    model = make_pipeline(StandardScaler(), KernelRidgePathClassifier(standardise=False))
    kernels = [FullyConnectedNTK(3), {"kind": "polynomial", "degree": 1}]
    grid = {"kernelridgepathclassifier__kernel": kernels}
    search = GridSearchCV(model, grid, cv=2).fit(x[:400], y[:400])
    assert search.best_params_["kernelridgepathclassifier__kernel"] is kernels[0]
    assert search.score(x[1000:], y[1000:]) > 0.93


def test_classes_of_any_kind_come_back():
    x = np.arange(12.0)[:, None]
    for classes in (["a", "b", "c"], [3, 7, 9], [False, True]):
        y = np.repeat(classes, 12 // len(classes))
        model = KernelRidgePathClassifier().fit(x, y)
        assert model.predict(x).tolist() == y.tolist()
        assert model.decision_function(x).shape == ((12,) if len(classes) == 2 else (12, 3))


@pytest.mark.parametrize(
    ("kernel", "message"),
    [({"kind": "laplas"}, "did you mean 'laplace'"), ("ntk", "'ntk' is no kernel")],
)
def test_what_is_no_kernel_is_refused(kernel, message):
    with pytest.raises(InputError, match=message):
        KernelRidgePathRegressor(kernel).fit(np.eye(4), np.arange(4))
