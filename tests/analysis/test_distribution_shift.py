"""Test loss under a shift: theory against closed forms and refits, and cross-validation."""

import numpy as np
import pytest

from kernel_regime.analysis.distribution_shift import (
    cross_blocks,
    loss_under_shift,
    shifted_cross_validation,
)
from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import limited_memory
from kernel_regime.kernels import Polynomial

RIDGE = 5.0


def test_least_squares_under_a_shift_has_the_error_of_wishart_matrices():
    """E tr(O (XᵀX)⁻¹) = tr O/(n − d − 1): the theory is exact up to 1/(n − d)."""
    overlap = np.diag([3.0, 0.5, 2.0])
    n, noise = 100_000, 0.7
    found = loss_under_shift(np.ones(3), np.ones(3), overlap, n, 1e-9, noise)
    assert found == pytest.approx(noise * np.trace(overlap) / (n - 3 - 1), rel=2e-5)


def test_isotropic_regression_without_a_shift_is_that_of_marchenko_and_pastur():
    """Ridgeless, d > n: bias 1 − n/d and variance σ² n/(d − n) (Hastie et al. 2022)."""
    d, n, noise = 4000, 1000, 0.3
    c = np.full(d, d**-0.5)
    found = loss_under_shift(np.ones(d), c, np.eye(d), n, 1e-6, noise)
    assert found == pytest.approx(1 - n / d + noise * n / (d - n), rel=1e-6)


def linear_problem(n, d):
    rng = np.random.default_rng(1)
    scales = np.linspace(0.3, 2, d)
    return rng, scales, rng.standard_normal(d) / d**0.5, rng.standard_normal((n, d)) * scales


def test_refits_on_gaussian_inputs_have_the_predicted_loss_on_rotated_ones():
    n, d, noise = 120, 60, 0.2
    rng, scales, weights, _ = linear_problem(n, d)
    mixing = rng.standard_normal((d, d)) / d**0.5
    shifted = mixing @ mixing.T  # covariance of the test inputs
    losses = []
    for _ in range(400):
        x = rng.standard_normal((n, d)) * scales
        y = x @ weights + noise**0.5 * rng.standard_normal(n)
        gap = weights - np.linalg.solve(x.T @ x + RIDGE * np.eye(d), x.T @ y)
        losses.append(gap @ shifted @ gap)
    overlap = shifted / np.outer(scales, scales)
    expected = loss_under_shift(scales**2, scales * weights, overlap, n, RIDGE, noise)
    error = np.std(losses) / len(losses) ** 0.5
    assert abs(np.mean(losses) - expected) < 3 * error < 0.1 * expected


def cross_validated(x, y, copies):
    """Of a linear kernel, by explicit inverses."""
    inverse = np.linalg.inv(x @ x.T + RIDGE * np.eye(len(x)))
    cross = copies @ x.T
    alpha = (inverse @ y)[:, None]
    own = np.diagonal(cross @ inverse)
    return shifted_cross_validation(
        y[: len(copies), None], cross @ alpha, alpha[: len(copies)], own,
        np.diagonal(inverse)[: len(copies)],
    )  # fmt: skip


def test_copies_with_added_noise_have_the_loss_of_the_theory():
    """Noise of covariance v I leaves the targets: w then errs by v |w|² more."""
    n, d, noise, added = 3000, 300, 0.2, 1.5
    rng, scales, weights, x = linear_problem(n, d)
    y = x @ weights + noise**0.5 * rng.standard_normal(n)
    found = cross_validated(x, y, x + added**0.5 * rng.standard_normal(x.shape))
    # Loss of w on x' = x + e: E (y − w·x)² + v |w|², two covariate shifts of one fit.
    inverse_covariance = np.diag(1 / scales**2)
    unshifted = loss_under_shift(scales**2, scales * weights, np.eye(d), n, RIDGE, noise) + noise
    fits = np.linalg.solve(x.T @ x + RIDGE * np.eye(d), x.T @ y)
    expected = unshifted + added * (scales * fits) @ inverse_covariance @ (scales * fits)
    assert expected > 1.5 * unshifted  # the shift matters
    assert found == pytest.approx(expected, rel=0.03)


def test_copies_of_some_samples_have_the_loss_that_leaving_each_out_has():
    n, d, few = 80, 20, 30
    rng, _, weights, x = linear_problem(n, d)
    y = x @ weights + rng.standard_normal(n)
    copies = x[:few] + rng.standard_normal((few, d))
    losses = []
    for i, copy in enumerate(copies):
        rest = np.delete(x, i, axis=0), np.delete(y, i)
        alpha = np.linalg.solve(rest[0] @ rest[0].T + RIDGE * np.eye(n - 1), rest[1])
        losses.append((copy @ rest[0].T @ alpha - y[i]) ** 2)
    assert cross_validated(x, y, copies) == pytest.approx(np.mean(losses), rel=0.05)


def test_row_blocks_are_rows_of_the_whole_kernel():
    rng = np.random.default_rng(0)
    x, z, kernel = rng.standard_normal((20, 3)), rng.standard_normal((7, 3)), Polynomial(2)
    with limited_memory(16 * 24 * 20 * 3):
        blocks = list(cross_blocks(kernel, z, x))
    assert [len(block) for _, block in blocks] == [3, 3, 1]
    np.testing.assert_allclose(np.concatenate([block for _, block in blocks]), kernel(z, x))


@pytest.mark.parametrize(("given", "words"), [
    ((np.ones(2), np.ones(2), np.eye(2), 0, 1.0), "n = 0"),
    ((np.ones(2), np.ones(2), np.eye(3), 5, 1.0), r"overlap: shape \(3, 3\)"),
])  # fmt: skip
def test_what_has_no_theory_is_named(given, words):
    with pytest.raises(InputError, match=words):
        loss_under_shift(*given)
