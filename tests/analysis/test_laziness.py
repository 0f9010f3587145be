"""The dial of laziness: what theory says of large α, of K₀, and of the definition itself."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg

from kernel_regime.analysis.laziness import (
    LazinessStudy,
    LazyNetwork,
    gap_slope,
    judge_laziness,
    measure_laziness,
)
from kernel_regime.analysis.regime_verdict import Thresholds
from kernel_regime.core.errors import InputError
from kernel_regime.figures.laziness import laziness_dial
from kernel_regime.ntk.empirical import empirical_ntk
from kernel_regime.training.lazy_descent import train_lazily

RNG = np.random.default_rng(0)
X = RNG.standard_normal((28, 3))
Y = np.column_stack([X[:, 0] * X[:, 1], np.sin(X[:, 2])])
SAMPLES = (X[:8], Y[:8]), (X[8:], Y[8:])


def apply(params, x):
    width = params["outer"].shape[0]
    return jnp.tanh(x @ params["inner"]) @ params["outer"] / jnp.sqrt(width)


def network(width, seed, outputs=2):
    draws = np.random.default_rng([width, seed])
    params = {
        "inner": draws.standard_normal((3, width)),
        "outer": draws.standard_normal((width, outputs)),
    }
    return LazyNetwork(apply=apply, params=params, width=width, seed=seed)


@pytest.fixture(scope="module")
def runs():
    networks = [network(width, seed) for width in (16, 64) for seed in (0, 1, 2)]
    study = LazinessStudy(alphas=[0.3, 100.0, 1000.0], stop_at=0.2)
    return measure_laziness(networks, SAMPLES, study)


def test_the_gap_falls_as_one_over_alpha(runs):
    slope, low, high = gap_slope(runs, smallest_alpha=100)
    assert slope == pytest.approx(-1, abs=0.05)
    assert low <= -0.97 and high >= -1.03


def test_a_large_alpha_agrees_with_kernel_regression_as_far_as_the_gap_allows(runs):
    lazy = runs[runs["alpha"] == 1000]
    assert (lazy["gap"] < 0.02).all()
    # Losses are quadratic: a relative distance g of the outputs moves their roots by g at most.
    scale = np.sqrt(np.mean(np.sum(SAMPLES[1][1] ** 2, axis=1)))
    apart = np.abs(np.sqrt(lazy["test_loss"]) - np.sqrt(lazy["kernel_loss"]))
    bound = lazy["gap"] * (np.sqrt(lazy["kernel_loss"]) + scale)
    assert (apart <= bound).all()


def test_small_alpha_and_small_width_leave_the_kernel_regime(runs):
    verdicts = judge_laziness(runs, Thresholds()).set_index(["alpha", "width"])
    assert verdicts.loc[(1000.0, 64), "verdict"] == "kernel regime"
    assert verdicts.loc[(0.3, 16), "drift"] > 0.3
    drifts = verdicts["drift"].unstack("width")
    assert (drifts[64] < drifts[16]).all()


def test_training_is_gradient_descent_on_the_centred_and_scaled_output():
    """A short step against its formula: θ moves by −η ∇ (1/2α²) Σ (α(f − f₀) − y)²."""
    import jax

    start, alpha = network(5, 0).params, 7.0
    x, y = SAMPLES[0]
    found = train_lazily(apply, start, x, y, alpha, stop_at=1e-9, largest_rate=1e6, most_steps=1)
    kernel_step = 0.5 / 1e6
    _, backward = jax.vjp(lambda params: apply(params, x), start)
    (pulled,) = backward(jnp.asarray(y / alpha, jnp.float32))
    for name in start:
        moved = found.params[name] - start[name]
        np.testing.assert_allclose(moved, kernel_step * pulled[name], rtol=1e-4, atol=1e-7)
    assert found.steps == 1


def test_the_lazy_limit_is_the_closed_form_of_kernel_gradient_flow():
    lazy = network(32, 0, outputs=1)
    samples = tuple((x, y[:, :1]) for x, y in SAMPLES)
    row = measure_laziness([lazy], samples, LazinessStudy(alphas=[3000.0], stop_at=0.1)).iloc[0]
    (x, y), (new, test) = samples
    kernel, cross = (empirical_ntk(apply, lazy.params, *pair) for pair in ((x,), (new, x)))
    values, vectors = linalg.eigh(kernel)
    residual = vectors.T @ y
    # The time at which the flow has 10 % of the loss left, by bisection.
    low, high = 0.0, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        left = np.sum((np.exp(-values * middle)[:, None] * residual) ** 2)
        low, high = (middle, high) if left > 0.1 * np.sum(y**2) else (low, middle)
    flow = cross @ vectors @ (((1 - np.exp(-values * low)) / values)[:, None] * residual)
    assert row["test_loss"] == pytest.approx(np.mean((flow - test) ** 2), rel=2e-3)


def test_the_map_shows_a_line_per_width(runs):
    figure = laziness_dial(judge_laziness(runs, Thresholds()), "width", "width", 0.1, 0.3)
    drift, _, loss = figure.axes
    labels = drift.get_legend_handles_labels()[1]
    assert labels == ["width = 16", "width = 64"]
    assert len([line for line in loss.lines if line.get_marker() == "x"]) == 2
    figure.canvas.draw()


@pytest.mark.parametrize("alphas", [[0.0], [-1.0], []])
def test_scales_that_make_no_sense_are_refused(alphas):
    with pytest.raises(InputError, match="alphas"):
        LazinessStudy(alphas=alphas)


def test_too_many_samples_for_a_whole_kernel_are_refused():
    many = np.zeros((2001, 3)), np.zeros((2001, 2))
    with pytest.raises(InputError, match="give at most 2000 samples"):
        measure_laziness([], (many, SAMPLES[1]), LazinessStudy(alphas=[1.0]))
