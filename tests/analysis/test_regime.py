"""Regime measures against closed forms and explicit trainings; the verdict at its thresholds."""

import numpy as np
import pandas as pd
import pytest
from scipy import linalg

from kernel_regime.analysis.regime import MEASURES, linearised_outputs, measure_regime
from kernel_regime.analysis.regime_verdict import Thresholds, judge
from kernel_regime.networks.fully_connected import FullyConnected
from kernel_regime.networks.shallow import Shallow
from kernel_regime.ntk.observations import NetworkOutputs, TangentKernels
from kernel_regime.ntk.training_kernel import observe, weight_movement
from kernel_regime.regression.fit import ridge_path


def problem(n=20, m=8, outputs=2):
    """A linear model's features, its kernels, targets and start."""
    draws = np.random.default_rng(1)
    features, test_features = draws.standard_normal((n, 50)), draws.standard_normal((m, 50))
    kernels = TangentKernels(features @ features.T, test_features @ features.T)
    targets = draws.standard_normal((n, outputs)), draws.standard_normal((m, outputs))
    start = draws.standard_normal((50, outputs)) * 0.1
    return features, test_features, kernels, targets, start


def test_linearisation_is_gradient_flow_stopped_at_the_same_loss():
    features, test_features, kernels, targets, start = problem()
    # Gradient flow of a linear model by many small steps.
    weights = start.copy()
    for _ in range(20_000):
        weights -= 1e-5 * features.T @ (features @ weights - targets[0])
    initial = NetworkOutputs(features @ start, test_features @ start)
    found = linearised_outputs(kernels, initial, features @ weights, targets[0])
    # Explicit Euler with steps of 1e-5 times eigenvalues up to 120: an error of 1e-3 per rate.
    np.testing.assert_allclose(found, test_features @ weights, atol=2e-3)


def test_a_perfect_fit_is_the_interpolating_limit():
    features, test_features, kernels, targets, start = problem()
    initial = NetworkOutputs(features @ start, test_features @ start)
    found = linearised_outputs(kernels, initial, targets[0] + 1e-9, targets[0])
    residual = linalg.solve(kernels.train, targets[0] - initial.train)
    np.testing.assert_allclose(found, initial.test + kernels.test @ residual, rtol=1e-4, atol=1e-5)


def test_a_network_that_never_moved_is_where_it_started():
    features, test_features, kernels, targets, start = problem()
    still = NetworkOutputs(features @ start, test_features @ start)
    measures = measure_regime(kernels, kernels, still, still, targets, 0.0)
    assert measures["drift"] == measures["gap"] == measures["weight_movement"] == 0
    assert measures["alignment"] == pytest.approx(1)
    assert set(measures) == set(MEASURES)


def test_drift_and_alignment_of_a_scaled_and_of_a_new_kernel():
    features, test_features, kernels, targets, start = problem()
    outputs = NetworkOutputs(features @ start, test_features @ start)
    doubled = TangentKernels(2 * kernels.train, 2 * kernels.test)
    measures = measure_regime(kernels, doubled, outputs, outputs, targets, 0.0)
    assert measures["drift"] == pytest.approx(1)
    assert measures["alignment"] == pytest.approx(1)
    # Ridges scale with the kernel: both regressions are the same.
    assert measures["after_kernel_loss"] == pytest.approx(measures["before_kernel_loss"])
    ridges = 10.0 ** np.arange(-6, 2) * np.trace(kernels.train) / 20
    path = ridge_path(kernels.train, kernels.test, *targets, ridges)
    best = path.loc[path["loo_loss"].idxmin()]
    assert measures["before_kernel_loss"] == pytest.approx(best["test_loss"])


@pytest.mark.parametrize("kind", [FullyConnected, Shallow])
def test_kernel_is_that_of_explicit_gradients_with_their_multipliers(kind):
    import tensorflow as tf

    network = kind(width=7, outputs=3, seed=2)
    network.build((None, 5))
    x = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    ((kernels, outputs),) = observe([network], x[:4], x[4:])
    with tf.GradientTape(persistent=True) as tape:
        values = network(x)
        entries = [[values[i, k] for k in range(3)] for i in range(6)]
    factors = network.gradient_multipliers()
    jacobian = np.array(
        [
            [
                np.concatenate(
                    [
                        factor**0.5 * np.ravel(g)
                        for factor, g in zip(
                            factors, tape.gradient(entry, network.trainable_variables), strict=True
                        )
                    ]
                )
                for entry in row
            ]
            for row in entries
        ]
    )
    expected = np.einsum("ikp,jkp->ij", jacobian, jacobian) / 3
    np.testing.assert_allclose(kernels.train, expected[:4, :4], rtol=1e-5)
    np.testing.assert_allclose(kernels.test, expected[4:, :4], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(outputs.test, values[4:], rtol=1e-5, atol=1e-6)


def test_weight_movement_is_relative_to_the_start():
    before, after = (Shallow(9, seed=3) for _ in range(2))
    for network in (before, after):
        network.build((None, 4))
    assert weight_movement(before, after) == 0
    for variable in after.trainable_variables:
        variable.assign(1.1 * variable)
    assert weight_movement(before, after) == pytest.approx(0.1, rel=1e-5)


def runs(drift, gap):
    return pd.DataFrame(
        {name: [0.5] * len(drift) for name in MEASURES} | {"drift": drift, "gap": gap}
    )


@pytest.mark.parametrize(
    ("drift", "gap", "verdict"),
    [
        ([0.02, 0.03, 0.02], [0.05, 0.04, 0.05], "kernel regime"),
        ([0.6, 0.7, 0.65], [0.5, 0.55, 0.5], "feature learning"),
        ([0.6, 0.7, 0.65], [0.05, 0.04, 0.05], "undecided"),
        ([0.01, 0.3, 0.02], [0.05, 0.04, 0.05], "undecided"),
        ([0.02], [0.02], "undecided"),
    ],
)
def test_the_verdict_takes_intervals_wholly_on_one_side(drift, gap, verdict):
    row = judge(runs(drift, gap), Thresholds())
    assert row["verdict"] == verdict
    assert row["sentence"].lower().startswith(verdict)
    assert ("train at least two" in row["sentence"]) == (len(drift) == 1)


def test_drift_alone_decides_where_the_kernels_are_of_fewer_samples():
    row = judge(runs([0.6, 0.7, 0.65], [0.05, 0.04, 0.05]), Thresholds(), complete=False)
    assert row["verdict"] == "feature learning"
    assert "linearisation" not in row["sentence"]


def test_intervals_are_students():
    row = judge(runs([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]), Thresholds(confidence=0.95))
    # t(0.975, 2) = 4.3027, standard error 1/√3.
    assert row["drift_high"] - row["drift"] == pytest.approx(4.302653 / 3**0.5)
    assert row["gap_low"] == row["gap_high"] == 0


def test_runs_whose_measure_is_not_known_do_not_narrow_its_interval():
    runs = pd.DataFrame({name: [0.30, 0.34] for name in MEASURES})
    lost = pd.concat([runs, runs * np.nan, runs * np.nan], ignore_index=True)
    two, four = judge(runs, Thresholds()), judge(lost, Thresholds())
    assert four["drift_low"] == pytest.approx(two["drift_low"])
    assert four["verdict"] == two["verdict"] == "undecided"
