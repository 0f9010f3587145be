"""Recursive feature machines against their formula, other code, and a signal to be found."""

import numpy as np
import pytest
from scipy import linalg

from kernel_regime.core.errors import InputError
from kernel_regime.execution.results import Results
from kernel_regime.kernels import Laplace, Polynomial
from kernel_regime.noise import spiked_covariates
from kernel_regime.noise.spiked_covariates import SpikedTarget
from kernel_regime.regression import (
    FeatureMachine,
    average_gradient_outer_product,
    run_feature_machine,
    subspace_overlap,
    top_directions,
)

RIDGE = 1e-3


def problem(n=60, features=5, outputs=2):
    rng = np.random.default_rng(1)
    x, new = rng.standard_normal((2, n, features))
    mixed = rng.standard_normal((features, outputs))
    return x, np.tanh(x @ mixed) + 0.1 * x[:, :1] ** 2, new[:7]


def machine(metric, iterations=3, **changes):
    """The machine whose one ridge is `RIDGE`, since a Laplace kernel's mean diagonal is 1."""
    given = {"kernel": Laplace(1.2), "ridges": (RIDGE,), **changes}
    return FeatureMachine(metric=metric, iterations=iterations, **given)


def laplace_by_the_formula(x, z, metric, width):
    gaps = x[:, None] - z
    squares = np.einsum("ijk,kl,ijl->ij", gaps, metric, gaps)
    return np.exp(-np.sqrt(np.maximum(squares, 0)) / width)


def predictions_by_the_formula(x, y, new, iterations, diagonal):
    """Algorithm 1 of Radhakrishnan et al. (2024), one gradient at a time."""
    width, metric = 1.2 * np.sqrt(x.shape[1]), np.eye(x.shape[1])
    for _ in range(iterations + 1):
        gram = laplace_by_the_formula(x, x, metric, width)
        alpha = linalg.solve(gram + RIDGE * np.eye(len(x)), y)
        yield laplace_by_the_formula(new, x, metric, width) @ alpha
        outer = np.zeros_like(metric)
        for j, point in enumerate(x):
            gaps = np.delete(point - x, j, axis=0)
            lengths = np.sqrt(np.einsum("ij,jk,ik->i", gaps, metric, gaps))
            slopes = -np.delete(gram[j], j) / (width * lengths)
            for output in alpha.T:
                gradient = metric @ (gaps.T @ (slopes * np.delete(output, j)))
                outer += np.outer(gradient, gradient)
        metric = outer / outer.max()
        metric = np.diag(np.diagonal(metric) / np.diagonal(metric).max()) if diagonal else metric


@pytest.mark.parametrize("metric", ["full", "diagonal"])
def test_every_iteration_predicts_what_the_formula_does(metric):
    x, y, new = problem()
    steps = run_feature_machine(machine(metric), x, y, new)
    expected = predictions_by_the_formula(x, y, new, 3, metric == "diagonal")
    for step, predictions in zip(steps, expected, strict=True):
        np.testing.assert_allclose(step.predictions, predictions, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("metric", ["full", "diagonal"])
def test_predictions_are_those_of_the_authors_package(metric):
    torch = pytest.importorskip("torch")
    package = pytest.importorskip("xrfm.rfm_src")
    x, y, new = problem()
    kernel = package.kernels.LaplaceKernel(bandwidth=1.2 * np.sqrt(x.shape[1]), exponent=1.0)
    other = package.RFM(
        kernel, iters=3, diag=metric == "diagonal", device=torch.device("cpu"), verbose=False
    )
    pairs = [tuple(map(torch.from_numpy, pair)) for pair in ((x, y), (x, y))]
    other.fit(*pairs, reg=RIDGE, early_stop_rfm=False, return_best_params=False)
    *_, last = run_feature_machine(machine(metric), x, y, new)
    found = other.predict(torch.from_numpy(new)).numpy()
    np.testing.assert_allclose(last.predictions, found, rtol=1e-6, atol=1e-7)


def test_the_outer_product_averages_those_of_explicit_gradients_in_row_blocks():
    from kernel_regime.core.memory import limited_memory

    x, y, _ = problem()
    kernel, step = Laplace(1.0), 1e-6
    shifts = step * np.eye(5)
    values = [
        [(kernel(x + s, x) - kernel(x - s, x)) @ y[:, k] / (2 * step) for s in shifts]
        for k in range(2)
    ]
    # The kink at the sample itself has no part: both sides of it are alike.
    gradients = np.array(values)
    expected = np.einsum("kin,kjn->ij", gradients, gradients) / len(x)
    with limited_memory(200_000):
        found = average_gradient_outer_product(kernel, x, y)
        diagonal = average_gradient_outer_product(kernel, x, y, diagonal=True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(diagonal, np.diagonal(found), rtol=1e-12)


def test_iterations_on_disk_are_found_and_more_go_on_from_them(tmp_path):
    x, y, new = problem()
    results, computed = Results(tmp_path), []

    def keep(description, compute):
        return results.get(description, lambda: computed.append(description) or compute())

    first = list(run_feature_machine(machine("full", 2), x, y, new, keep=keep))
    again = list(run_feature_machine(machine("full", 4), x, y, new, keep=keep))
    assert [description["iteration"] for description in computed] == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(again[2].predictions, first[2].predictions)
    list(run_feature_machine(machine("diagonal", 1), x, y, new, keep=keep))
    assert len(computed) == 7


def spiked(n, kappa):
    """Inputs of 32 features, the first 4 of which carry the targets."""
    draws = np.random.default_rng(0).standard_normal((n + 500, 32))
    target = SpikedTarget.fit(draws[:n, :4], tuple(np.ones(4 - k) for k in (1, 2, 3)))
    return spiked_covariates(draws, kappa), target(draws[:, :4])[:, None]


def test_the_metric_finds_the_signal_that_the_kernel_has_not_learned_yet():
    x, y = spiked(1000, 0.2)
    given = FeatureMachine(kernel={"kind": "laplace"}, iterations=3)
    steps = list(run_feature_machine(given, x[:1000], y[:1000], x[1000:]))
    signal = np.eye(32)[:, :4]  # random directions overlap with it by 1/8
    overlaps = [subspace_overlap(top_directions(step.next_metric, 4), signal) for step in steps]
    losses = [np.mean((step.predictions - y[1000:]) ** 2) / np.mean(y**2) for step in steps]
    assert losses[0] > 0.85 and losses[-1] < 0.3
    assert overlaps[-1] > 0.9
    # Leave-one-out says 0.8 of the plain kernel, and too little of those that saw the labels.
    leave_one_out = [float(step.scores["loo_loss"].iloc[0]) / np.mean(y**2) for step in steps]
    assert leave_one_out[0] == pytest.approx(losses[0], rel=0.15)
    assert leave_one_out[-1] < 0.8 * losses[-1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kernel": {"kind": "random_features", "width": 4, "seed": 0}}, "gradient is not known"),
        ({"kernel": {"kind": "laplce"}}, "did you mean 'laplace'"),
        ({"kernel": 3}, "3 is no kernel; give a dictionary"),
        ({"kernel": {"kind": "laplace"}, "iterations": 0}, "should be greater than 0"),
        ({"kernel": {"kind": "laplace"}, "metric": "round"}, "'full' or 'diagonal'"),
    ],
)
def test_what_no_machine_can_be_made_of_is_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=message) as refusal:
        FeatureMachine(**given)
    assert "\n" not in str(refusal.value)


def test_constant_regressions_and_ill_fitting_targets_are_refused():
    x, y, new = problem()
    with pytest.raises(InputError, match="the regression is constant"):
        list(run_feature_machine(machine("full"), x, 0 * y, new))
    with pytest.raises(InputError, match="59 do not fit 60 inputs"):
        list(run_feature_machine(machine("full"), x, y[1:], new))


def test_gradients_of_bytes_are_those_of_their_numbers():
    x = np.random.default_rng(0).integers(0, 256, (8, 3)).astype(np.uint8)
    alpha = np.linspace(-1, 1, 8) / 1e4
    found = average_gradient_outer_product(Polynomial(2), x, alpha)
    expected = average_gradient_outer_product(Polynomial(2), x.astype(float), alpha[:, None])
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match=r"coefficients: shape \(7,\) does not fit 8 samples"):
        average_gradient_outer_product(Polynomial(2), x, alpha[:7])
