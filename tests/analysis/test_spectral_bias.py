"""The theorem of spectral bias outside the training set, where its answers are known."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.analysis.spectral_bias.bounds import measure_bounds
from kernel_regime.analysis.spectral_bias.flow import kernel_flow
from kernel_regime.analysis.spectral_bias.mode_rates import ModeDecay, pool_runs
from kernel_regime.analysis.spectral_bias.operator import TrainingKernel
from kernel_regime.analysis.spectral_bias.study_settings import (
    SpectralBiasStudy,
    Widths,
)
from kernel_regime.core.errors import InputError


def low_rank_kernel(x1, x2):
    """A kernel on the circle whose eigenfunctions are cosines and sines, eigenvalues known."""
    difference = x1[:, None] - x2[None]
    return 1 + 0.8 * np.cos(difference) + 0.2 * np.cos(2 * difference)


EIGENVALUES = np.array([1, 0.4, 0.4, 0.1, 0.1])


@pytest.fixture(scope="module")
def circle():
    rng = np.random.default_rng(0)
    grid = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    return grid, rng.uniform(0, 2 * np.pi, 300), rng.uniform(0, 2 * np.pi, 200)


@pytest.fixture(scope="module")
def operator(circle):
    return TrainingKernel.of(low_rank_kernel(circle[0], circle[0]))


def target(x):
    return np.stack([np.cos(x) + 0.5 * np.sin(2 * x) + 0.3, np.sin(x) - np.cos(2 * x)], axis=1)


def test_operator_has_the_known_spectrum(operator):
    np.testing.assert_allclose(operator.eigenvalues[:5], EIGENVALUES, rtol=1e-12)
    gram = operator.functions.T @ operator.functions / 400
    np.testing.assert_allclose(gram, np.eye(400), atol=1e-12)


def test_nystrom_extends_eigenfunctions_exactly_for_a_kernel_of_low_rank(circle, operator):
    grid, points, _ = circle
    extended = operator.extend(low_rank_kernel(points, grid), 5)
    basis = np.stack(
        [np.ones_like(points)]
        + [np.sqrt(2) * f(k * points) for k in (1, 2) for f in (np.cos, np.sin)],
        axis=1,
    )
    # Within an eigenspace the basis is free: compare projections onto eigenspaces.
    for space in (slice(0, 1), slice(1, 3), slice(3, 5)):
        np.testing.assert_allclose(
            extended[:, space] @ extended[:, space].T, basis[:, space] @ basis[:, space].T,
            atol=1e-10,
        )  # fmt: skip


def test_applying_the_operator_is_averaging_the_kernel(circle, operator):
    grid, _, _ = circle
    values = target(grid)
    expected = low_rank_kernel(grid, grid) @ values / 400
    np.testing.assert_allclose(operator.apply(values), expected, atol=1e-12)


def test_kernel_flow_solves_its_differential_equation(circle):
    grid, train, held_out = circle
    times = np.r_[0, np.geomspace(0.01, 30, 25)]
    flow = kernel_flow(
        low_rank_kernel(train, train), low_rank_kernel(grid, train),
        low_rank_kernel(held_out, train), target(train), times,
    )  # fmt: skip
    np.testing.assert_allclose(flow.train[0], 0, atol=1e-15)
    pull = low_rank_kernel(grid, train) @ (target(train)[None] - flow.train) / len(train)
    np.testing.assert_allclose(flow.velocity, pull, atol=1e-12)
    early = kernel_flow(
        low_rank_kernel(train, train), low_rank_kernel(grid, train),
        low_rank_kernel(held_out, train), target(train), np.array([1.0, 1.0 + 1e-6]),
    )  # fmt: skip
    slope = (early.reference[1] - early.reference[0]) / 1e-6
    # A difference quotient over 1e-6 is off by half of that times the acceleration.
    np.testing.assert_allclose(slope, early.velocity[0], atol=1e-6)


def test_flow_on_the_reference_law_decays_at_exactly_the_eigenvalues(circle, operator):
    grid, _, _ = circle
    times = np.r_[0, np.geomspace(0.01, 15, 40)]
    kernel = low_rank_kernel(grid, grid)
    flow = kernel_flow(kernel, kernel, kernel, target(grid), times)
    coefficients = operator.project(flow.reference - target(grid))[:, :5]
    fit = ModeDecay(times, coefficients, noise=0.0).fit(operator.eigenvalues[:5])
    np.testing.assert_allclose(fit["ratio"], 1, rtol=1e-4)  # the fit's own tolerance
    assert (fit["r_squared"] > 1 - 1e-6).all()
    bounds = measure_bounds(flow, operator, kernel, target(grid), target(grid), [0, 5])
    assert bounds["left"].max() < 1e-25
    assert bounds["discrepancy"].max() < 1e-25


def test_both_bounds_hold_and_are_not_vacuous(circle, operator):
    grid, train, held_out = circle
    times = np.r_[0, np.geomspace(0.01, 20, 60)]
    few = train[:80]
    to_grid = low_rank_kernel(grid, few)
    flow = kernel_flow(
        low_rank_kernel(few, few), to_grid, low_rank_kernel(held_out, few), target(few), times
    )
    bounds = measure_bounds(flow, operator, to_grid, target(few), target(grid), [0, 1, 3, 5])
    later = bounds[bounds["time"] > 0]
    assert (later["left"] <= later["right"] * (1 + 1e-9)).all()
    # At early times E hardly changes, and both sides are t²·E.
    early = later[later["time"] < 0.02]
    assert (early["left"] / early["right"])[early["modes"] == 0].min() > 0.9
    assert bounds["model_term"].max() < 1e-20
    np.testing.assert_allclose(bounds["discrepancy"], bounds["sample_term"], rtol=1e-9)


def test_modes_that_start_below_the_noise_are_not_resolved():
    decay = ModeDecay(np.array([0, 0.5, 1.0]), np.exp(-np.array([0, 0.5, 1.0]))[:, None, None] *
                      np.array([[[1.0], [1e-3]]]), noise=1e-4)  # fmt: skip
    fit = decay.fit(np.array([1.0, 1.0]))
    assert fit["resolved"].tolist() == [True, False]
    np.testing.assert_allclose(fit["ratio"], 1, rtol=1e-4)


def test_intervals_over_runs_cover_the_mean_of_many():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        fits = pd.DataFrame({
            "run": range(5), "mode": 1, "eigenvalue": 1.0, "rate": 1.0, "r_squared": 1.0,
            "resolved": True, "ratio": 1 + 0.1 * rng.standard_normal(5), "labels": "true",
        })  # fmt: skip
        row = pool_runs(fits, ["labels"]).iloc[0]
        covered += row["ratio_low"] < 1 < row["ratio_high"]
    assert 273 <= covered <= 297  # 285 ± 3 standard deviations


@pytest.fixture(scope="module")
def small_study():
    from sklearn.datasets import load_digits

    from kernel_regime.analysis.spectral_bias.study import run_study
    from kernel_regime.evaluation.targets import encode_targets

    digits = load_digits()
    study = SpectralBiasStudy(
        architectures={"fully_connected": Widths([256, 16])}, train=300, reference=400,
        held_out=400, runs=2, modes=6, horizon=1.5, step=0.2, records=30,
    )  # fmt: skip
    return run_study(study, digits.images, encode_targets(digits.target, 10))


def test_modes_are_learned_on_held_out_inputs_at_the_rates_of_the_kernel(small_study):
    modes = small_study.modes
    wide = modes["width"] != 16  # the kernel, and wide networks
    kept = modes[wide & modes["resolved"] & (modes["measure"] != "held_out")]
    assert set(kept["labels"]) == {"true", "permuted"}
    for (learner, labels), table in kept.groupby(["learner", "labels"]):
        # A training sample of 300 moves single rates by tens of percent, their median by few.
        assert table["ratio"].median() == pytest.approx(1, abs=0.25), (learner, labels)
    order = kept.groupby(["learner", "labels", "measure"]).apply(
        lambda t: t["rate"].corr(t["eigenvalue"], method="spearman"), include_groups=False
    )
    assert order.min() > 0.6


def test_bounds_hold_for_kernel_and_network_alike(small_study):
    later = small_study.bounds[small_study.bounds["time"] > 0]
    ratio = (later["left"] / later["right"]).groupby(later["learner"]).max()
    # E is a supremum over recorded times only, and single precision follows the network.
    assert ratio["kernel"] < 1.001
    assert ratio["network"] < 1.02


def test_wider_networks_are_closer_to_their_limit_and_move_less(small_study):
    widths = small_study.widths
    means = widths[widths["labels"] == "true"].groupby("width")[["distance", "drift"]].mean()
    assert (means.loc[256] < means.loc[16] / 2).all()


def test_too_few_samples_are_refused():
    from kernel_regime.analysis.spectral_bias.study import run_study

    study = SpectralBiasStudy(
        architectures={"fully_connected": Widths([8])},
        **dict.fromkeys(("train", "reference", "held_out"), 50), runs=1, modes=2,
    )  # fmt: skip
    with pytest.raises(ValueError, match="150 samples are asked for, there are 100"):
        run_study(study, np.zeros((100, 4)), np.zeros((100, 1)))


SMALLEST = SpectralBiasStudy(
    architectures={"fully_connected": Widths([8])},
    **{"train": 10, "reference": 10, "held_out": 10, "runs": 1, "modes": 2, "records": 3},
)
DRAWN = np.random.default_rng(0).standard_normal((40, 3))


def test_targets_of_one_axis_are_one_output():
    pytest.importorskip("jax")
    from kernel_regime.analysis.spectral_bias import run_study

    single = run_study(SMALLEST, DRAWN.tolist(), DRAWN[:, 0].tolist())
    columns = run_study(SMALLEST, DRAWN, DRAWN[:, :1])
    pd.testing.assert_frame_equal(single.bounds, columns.bounds)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (DRAWN[:9], r"targets: shape \(9, 3\) does not fit 40 samples"),
        (DRAWN.T, r"targets: shape \(3, 40\) does not fit 40 samples"),
        (np.nan * DRAWN, "targets: row 0 is not finite"),
    ],
)
def test_targets_that_do_not_fit_are_refused(targets, message):
    pytest.importorskip("jax")
    from kernel_regime.analysis.spectral_bias import run_study

    with pytest.raises(InputError, match=message):
        run_study(SMALLEST, DRAWN, targets)
