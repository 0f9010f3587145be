"""The dial of laziness: what theory says of large α, of K₀, and of the definition itself."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import linalg

from kernel_regime.analysis.laziness import (
    LazinessStudy,
    LazyNetwork,
    gap_slope,
    judge_laziness,
    lost_advantage,
    measure_laziness,
    transition_scales,
    width_exponent,
)
from kernel_regime.analysis.regime_verdict import Thresholds
from kernel_regime.core.errors import InputError
from kernel_regime.execution.results import Results
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


def test_training_descends_the_centred_and_scaled_output():
    """A short way against its direction: θ moves along −∇ (1/2α²) Σ (α(f − f₀) − y)²."""
    import jax

    start, alpha = network(5, 0).params, 7.0
    x, y = SAMPLES[0]
    found = train_lazily(apply, start, x, y, alpha, stop_at=0.99, most_gradients=100)
    assert found.share == pytest.approx(0.99, rel=1e-3)
    _, backward = jax.vjp(lambda params: apply(params, x), start)
    (pulled,) = backward(jnp.asarray(y, jnp.float32))
    moved = {name: found.params[name] - start[name] for name in start}
    times = [np.vdot(moved[name], pulled[name]) / np.vdot(pulled[name], pulled[name]) * alpha
             for name in start]  # fmt: skip
    assert times[0] == pytest.approx(times[1], rel=0.02) and times[0] > 0
    for name, time in zip(start, times, strict=True):
        apart = np.linalg.norm(moved[name] - time / alpha * pulled[name])
        assert apart < 0.03 * np.linalg.norm(moved[name])


def test_training_stops_at_its_limit_where_the_goal_is_out_of_reach():
    x, y = np.ones((2, 3)), np.array([[1.0], [-1.0]])  # one input, two targets
    found = train_lazily(apply, network(4, 0, 1).params, x, y, 1.0, stop_at=0.1, most_gradients=60)
    assert found.share == pytest.approx(1, abs=1e-6) and found.gradients >= 60


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


@pytest.mark.slow
def test_the_transition_moves_as_one_over_the_root_of_the_width():
    """In NTK parametrisation α* ∝ width^(−1/2) (Geiger et al. 2020)."""
    networks = [network(width, seed, 1) for width in (64, 1024) for seed in range(4)]
    samples = tuple((x, y[:, :1]) for x, y in SAMPLES)
    study = LazinessStudy(alphas=[0.01, 0.03, 0.1, 0.3], stop_at=0.1)
    transitions = transition_scales(measure_laziness(networks, samples, study), drift=1.0)
    assert len(transitions) == len(networks)
    _, low, high = width_exponent(transitions)
    assert low < -0.5 < high
    assert high - low < 0.3


def test_a_mean_field_alpha_is_that_of_ntk_parametrisation_times_the_root_of_the_width():
    """One network in two parametrisations: the same flow, α√N against α."""
    from kernel_regime.networks.fully_connected import FullyConnected
    from kernel_regime.ntk.keras_models import as_jax
    from kernel_regime.ntk.training_kernel import in_training_units

    model = FullyConnected(width=16, seed=1)
    model.build((None, 3))
    mean_field, scaled = in_training_units(model, *as_jax(model, (3,)))
    names = ("inner", "bias", "outer", "shift")
    weights = dict(zip(names, (np.asarray(v) for v in model.trainable_variables), strict=True))

    def ntk(params, x):
        hidden = jnp.maximum(x @ params["inner"] + params["bias"], 0)
        return hidden @ params["outer"] / 4 + params["shift"]

    samples = tuple((x, y[:, :1]) for x, y in SAMPLES)
    found = [
        measure_laziness(
            [LazyNetwork(apply=apply, params=params, width=16, seed=1)], samples,
            LazinessStudy(alphas=[alpha], stop_at=0.3),
        ).iloc[0]
        for apply, params, alpha in ((mean_field, scaled, 2.0), (ntk, weights, 0.5))
    ]  # fmt: skip
    for measure in ("drift", "gap", "test_loss", "kernel_loss"):
        assert found[0][measure] == pytest.approx(found[1][measure], rel=1e-4), measure


def test_finished_runs_are_found_again_and_those_of_other_networks_are_not(tmp_path):
    results, computed = Results(tmp_path), []

    def keep(description, compute):
        def counted():
            computed.append(description["alpha"])
            return compute()

        return results.get(description, counted)

    study = LazinessStudy(alphas=[10.0, 100.0], stop_at=0.3)
    one, other = (
        LazyNetwork(apply=apply, params=network(8, s).params, width=8, seed=s, content=f"seed {s}")
        for s in (0, 1)
    )
    first = measure_laziness([one], SAMPLES, study, keep=keep)
    assert sorted(computed) == ["10.0", "100.0", "inf"]
    again = measure_laziness([one], SAMPLES, study, keep=keep)
    assert len(computed) == 3
    assert again.equals(first)
    assert not measure_laziness([other], SAMPLES, study, keep=keep)["gap"].equals(first["gap"])


def test_no_advantage_is_lost_where_there_is_none():
    places = [(alpha, seed) for alpha in (1.0, 10.0) for seed in (0, 1, 2)]
    runs = pd.DataFrame(places, columns=["alpha", "seed"]).assign(kernel_loss=1.0)
    runs["test_loss"] = 1 + 0.1 * (runs["seed"] - 1)
    assert np.isnan(lost_advantage(runs)).all()


@pytest.mark.parametrize("alphas", [[0.0], [-1.0], []])
def test_scales_that_make_no_sense_are_refused(alphas):
    with pytest.raises(InputError, match="alphas"):
        LazinessStudy(alphas=alphas)


def test_too_many_samples_for_a_whole_kernel_are_refused():
    many = np.zeros((2001, 3)), np.zeros((2001, 2))
    with pytest.raises(InputError, match="give at most 2000 samples"):
        measure_laziness([], (many, SAMPLES[1]), LazinessStudy(alphas=[1.0], samples=2001))


def test_targets_of_one_output_may_be_of_one_axis():
    one, study = network(8, 0, outputs=1), LazinessStudy(alphas=[1.0], most_gradients=20)
    columns = (X[:8], Y[:8, :1]), (X[8:], Y[8:, :1])
    single = (X[:8], Y[:8, 0]), (X[8:].tolist(), Y[8:, 0].tolist())
    tables = [measure_laziness([one], samples, study) for samples in (columns, single)]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ((X, Y[:9]), (X, Y), r"y: shape \(9, 2\) does not fit 28 samples"),
        ((X, Y), (X, Y[:, 0]), "test: 1 outputs, those of y are 2; give as many"),
        ((X, Y), (X[:, :2], Y), r"new: samples are float64 \(2,\), those of x float64 \(3,\)"),
        ((X[:, 0], Y), (X, Y), r"x: samples are rows \(n, ...\)"),
        ((X, np.nan * Y), (X, Y), "y: row 0 is not finite"),
    ],
)
def test_samples_that_do_not_fit_are_refused(train, test, message):
    with pytest.raises(InputError, match=message):
        measure_laziness([network(8, 0)], (train, test), LazinessStudy(alphas=[1.0]))
