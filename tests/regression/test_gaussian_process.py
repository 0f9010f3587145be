"""Gaussian processes against scikit-learn, neural-tangents, and the formulas of a dense inverse."""

from collections import namedtuple

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from kernel_regime.core.errors import InputError
from kernel_regime.evaluation import interval_coverage, negative_log_likelihood
from kernel_regime.kernels import FullyConnectedNNGP, FullyConnectedNTK
from kernel_regime.regression import GaussianProcess, GradientFlowEnsemble

NOISES = [0.01, 0.3]
Pair = namedtuple("Pair", "ntk nngp")  # of kernels, as neural-tangents passes them


def problem(n=130, m=40, outputs=2):
    rng = np.random.default_rng(0)
    x, new = rng.standard_normal((n, 5)), rng.standard_normal((m, 5))
    truth = rng.standard_normal((5, outputs))
    return x, np.sin(x @ truth) + 0.2 * rng.standard_normal((n, outputs)), new


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_posterior_and_evidence_are_those_of_scikit_learn(scale):
    x, y, new = problem()
    covariance = scale * RBF(2.0)
    process = GaussianProcess.fit(covariance(x), y)
    means, variances = process.predict(covariance(new, x), covariance.diag(new), NOISES)
    evidence = process.log_evidence(NOISES)
    for noise, mean, variance, logarithm in zip(NOISES, means, variances, evidence, strict=True):
        theirs = GaussianProcessRegressor(covariance, alpha=noise, optimizer=None).fit(x, y)
        expected, deviation = theirs.predict(new, return_std=True)
        np.testing.assert_allclose(mean, expected, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(variance, deviation[:, 0] ** 2, rtol=1e-7, atol=1e-9 * scale)
        np.testing.assert_allclose(logarithm, theirs.log_marginal_likelihood(), rtol=1e-10)


@pytest.mark.parametrize("n", [2, 96, 97])
def test_the_evidence_is_the_density_of_the_targets(n):
    """Whatever number of rows rounds up the size of the reduction."""
    x, y, _ = problem(n)
    kernel = FullyConnectedNNGP(layers=2).gram(x)
    law = multivariate_normal(np.zeros(n), kernel + 0.1 * np.eye(n))
    expected = law.logpdf(y.T).sum()
    np.testing.assert_allclose(GaussianProcess.fit(kernel, y).log_evidence([0.1]), expected)


def test_no_noise_near_the_best_has_more_evidence():
    x, y, _ = problem()
    process = GaussianProcess.fit(RBF(2.0)(x), y)
    best = process.best_noise_variance()
    assert 0.02 < best < 0.08  # 0.04 went into the targets
    around = process.log_evidence(best * np.exp([-0.01, 0.0, 0.01, -1.0, 1.0]))
    assert around.argmax() == 1


@pytest.mark.parametrize("time", [0.0, 0.02, 1.0, np.inf])
def test_an_ensemble_is_that_of_neural_tangents(time):
    pytest.importorskip("neural_tangents")
    import jax
    from neural_tangents import predict

    x, y, new = problem(60, 15)
    kernels = FullyConnectedNTK(layers=2), FullyConnectedNNGP(layers=2)
    ntk, nngp = (kernel.gram(x) for kernel in kernels)
    crosses = [kernel.cross(new, x) for kernel in kernels]
    ours = GradientFlowEnsemble.fit(ntk, nngp, y).predict(
        *crosses, kernels[1].diagonal(new), [time]
    )
    blocks = {("x", "x"): (ntk, nngp), ("new", "x"): crosses}
    blocks["new", "new"] = tuple(kernel.gram(new) for kernel in kernels)
    with jax.experimental.enable_x64():
        theirs = _neural_tangents_ensemble(predict, blocks, y, time)
    np.testing.assert_allclose(ours[0][0], theirs.mean, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours[1][0], np.diagonal(theirs.covariance), rtol=1e-7, atol=1e-9)


def _neural_tangents_ensemble(predict, blocks, y, time):
    """Their loss is a mean over all targets, so that their clock is slower by their number."""

    def kernel_fn(x1, x2, get, **_):
        names = {60: "x", 15: "new"}
        key = names[len(x1)], names[len(x1 if x2 is None else x2)]
        found = Pair(*map(np.asarray, blocks[key]))
        return found if isinstance(get, tuple) else getattr(found, get)

    x, new = np.zeros((60, 1)), np.zeros((15, 1))
    ensemble = predict.gradient_descent_mse_ensemble(kernel_fn, x, y, diag_reg=0.0)
    steps = None if np.isinf(time) else time * y.size
    return ensemble(t=steps, x_test=new, get="ntk", compute_cov=True)


def test_a_posterior_is_that_of_neural_tangents():
    pytest.importorskip("neural_tangents")
    import jax
    from neural_tangents import predict

    x, y, new = problem(60, 15)
    kernel = FullyConnectedNNGP(layers=2)
    gram, cross = kernel.gram(x), kernel.cross(new, x)
    means, variances = GaussianProcess.fit(gram, y).predict(cross, kernel.diagonal(new), [0.1])
    with jax.experimental.enable_x64():
        infer = predict.gp_inference(
            Pair(nngp=gram, ntk=None), y, diag_reg=0.1, diag_reg_absolute_scale=True
        )
        theirs = infer(
            get="nngp", k_test_train=Pair(nngp=cross, ntk=None), k_test_test=kernel.gram(new)
        )
    np.testing.assert_allclose(means[0], theirs.mean, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(variances[0], np.diagonal(theirs.covariance), rtol=1e-8, atol=1e-10)


def test_scores_are_those_of_the_normal_density():
    rng = np.random.default_rng(1)
    means, variances = rng.standard_normal((50, 3)), rng.uniform(0.5, 2, 50)
    deviations = np.sqrt(variances)[:, None]
    targets = means + deviations * rng.standard_normal((50, 3))
    expected = -norm.logpdf(targets, means, deviations).mean()
    np.testing.assert_allclose(negative_log_likelihood(means, variances, targets), expected)
    low, high = norm.interval(0.8, means, deviations)
    inside = ((targets >= low) & (targets <= high)).mean()
    assert interval_coverage(means, variances, targets, [0.8]).tolist() == [inside]


def test_a_process_is_calibrated_on_its_own_samples():
    """Targets drawn from the prior lie in 90 % intervals of the posterior nine times in ten."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((400, 3))
    kernel, noise = RBF(1.0)(x), 0.1
    y = rng.multivariate_normal(np.zeros(400), kernel + noise * np.eye(400), 20).T
    train, test = slice(0, 200), slice(200, 400)
    process = GaussianProcess.fit(kernel[train, train], y[train])
    means, variances = process.predict(kernel[test, train], np.ones(200), [noise])
    found = interval_coverage(means[0], variances[0] + noise, y[test], [0.5, 0.9])
    np.testing.assert_allclose(found, [0.5, 0.9], atol=0.03)


@pytest.mark.parametrize(
    ("diagonal", "noise", "message"),
    [
        ([1.0, np.nan], 0.1, "test_diagonal: nan at point 1 is no variance"),
        ([1.0, 1e-3], 0.1, "variance of test point 1 is -"),
        ([1.0], 0.1, r"shape \(2, 2\) does not fit"),
        ([1.0, 1.0], 0.0, "noise_variances: got 0.0; give finite numbers above 0"),
    ],
)
def test_what_no_process_has_is_refused(diagonal, noise, message):
    process = GaussianProcess.fit(np.eye(2), [1.0, 2.0])
    with pytest.raises(InputError, match=message):
        process.predict(np.eye(2), diagonal, [noise])


def test_a_negative_time_is_refused():
    ensemble = GradientFlowEnsemble.fit(np.eye(2), np.eye(2), [1.0, 2.0])
    with pytest.raises(InputError, match="times: got"):
        ensemble.predict(np.eye(2), np.eye(2), [1.0, 1.0], [-1.0])
