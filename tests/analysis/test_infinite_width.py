"""Finite networks approach their limits at the rate of theory."""

import numpy as np
import pytest

from kernel_regime.analysis.infinite_width import (
    Task,
    slope_over_width,
    tangent_distances,
    tangent_limit,
    trained_networks,
)
from kernel_regime.analysis.linearisation import linearisation_distances
from kernel_regime.networks.neural_tangent import NeuralTangent


def test_the_limit_is_the_mean_over_many_units():
    x, x_test, _ = Task().draw()
    network = NeuralTangent(200_000, dtype="float64")
    network.build((None, 6))
    left, right = (network.factors(inputs, slice(None)) for inputs in (x, x_test))
    found = network.tile(left, right).numpy() / 200_000
    # Terms of order one with relative spread of a few: 5 · 3 / √200,000.
    np.testing.assert_allclose(found, tangent_limit(x, x_test), atol=5 * 3 / 200_000**0.5 / 2)


@pytest.mark.slow
def test_neural_tangent_models_converge_to_kernel_regression_with_slope_one_half():
    distances = tangent_distances(Task(), widths=2 ** np.arange(6, 13), seeds=range(5))
    # The root mean square of 5 seeds at 7 widths leaves about 0.05 on the slope.
    assert slope_over_width(distances) == pytest.approx(-0.5, abs=0.15)
    assert distances.groupby("width")["distance"].mean().iloc[-1] < 0.05


@pytest.mark.slow
def test_networks_trained_by_small_steps_follow_their_linearisation():
    task = Task()
    x, x_test, y = task.draw()
    trained = trained_networks(task, widths=4 ** np.arange(3, 7), seeds=range(4))
    distances = linearisation_distances(trained, x, x_test, y)
    # Dyer & Gur-Ari (2020): corrections to the linearisation start at order 1/N.
    assert slope_over_width(distances) == pytest.approx(-1, abs=0.25)
    assert distances.groupby("width")["distance"].mean().iloc[-1] < 1e-3
