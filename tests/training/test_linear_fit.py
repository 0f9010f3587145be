"""Conjugate gradients against dense ridge regression with explicit features."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from kernel_regime.core.memory import limited_memory, working_memory
from kernel_regime.linalg.conjugate_gradients import conjugate_gradients
from kernel_regime.networks.neural_tangent import NeuralTangent
from kernel_regime.networks.random_features import RandomFeaturesNetwork
from kernel_regime.training.linear_fit import (
    DualFit,
    PrimalFit,
    StreamedFit,
    gram_matrix,
    linear_fit,
    suitable_fit,
)
from kernel_regime.training.methods import ConjugateGradients

EXACT = ConjugateGradients(iterations=5000, tolerance=1e-11)


def problem(outputs, n=30, features=4):
    draws = np.random.default_rng(2)
    return draws.standard_normal((n, features)), draws.standard_normal((n, outputs))


def built(kind, outputs, features=4, **keywords):
    network = kind(width=12, outputs=outputs, seed=3, dtype="float64", **keywords)
    network.build((None, features))
    return network


def design(network, x):
    """A, one column per trained weight: what the network gives for each unit vector."""
    variables = network.trainable_variables
    columns = []
    for variable in variables:
        for index in np.ndindex(tuple(variable.shape)):
            unit = np.zeros(variable.shape)
            unit[index] = 1
            variable.assign(unit)
            columns.append(network(x).numpy().ravel())
            variable.assign(np.zeros(variable.shape))
    return np.stack(columns, axis=1)


def dense_solution(network, x, y, penalty):
    a = design(network, x)
    return np.linalg.solve(
        a.T @ a / len(x) + penalty * np.eye(a.shape[1]), a.T @ y.ravel() / len(x)
    )


@pytest.mark.parametrize(
    ("fit", "kind", "outputs"),
    [
        (StreamedFit, RandomFeaturesNetwork, 3),
        (DualFit, RandomFeaturesNetwork, 3),
        (PrimalFit, RandomFeaturesNetwork, 3),
        (StreamedFit, NeuralTangent, 1),
        (DualFit, NeuralTangent, 1),
    ],
)
def test_solutions_along_the_grid_are_the_dense_ones(fit, kind, outputs):
    x, y = problem(outputs)
    network = built(kind, outputs)
    equations = fit(network, x, y, EXACT)
    for penalty in (1.0, 1e-2, 1e-4):
        equations.solve(penalty)
        found = np.concatenate([v.numpy().ravel() for v in network.trainable_variables])
        expected = dense_solution(built(kind, outputs), x, y, penalty)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_outputs_that_share_weights_are_fitted_together():
    x, y = problem(outputs=3)
    network = built(NeuralTangent, 3)
    equations = linear_fit(network, x, y, EXACT)
    assert isinstance(equations, StreamedFit)
    equations.solve(1e-3)
    found = np.concatenate([v.numpy().ravel() for v in network.trainable_variables])
    expected = dense_solution(built(NeuralTangent, 3), x, y, 1e-3)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("memory", [working_memory(), 4 * 8 * 30 * 5])
@pytest.mark.parametrize("kind", [RandomFeaturesNetwork, NeuralTangent])
def test_gram_matrix_holds_the_inner_products_of_gradients(kind, memory):
    x, _ = problem(outputs=1)
    network = built(kind, 1)
    a = design(network, x)
    with limited_memory(memory):
        gram = gram_matrix(network, tf.constant(x), height=7)
    np.testing.assert_allclose(gram, a @ a.T, rtol=1e-10)


def test_a_matrix_beyond_memory_is_never_made():
    network = built(NeuralTangent, 1)
    for memory, kind in ((30 * 30 * 8, DualFit), (30 * 30 * 8 - 1, StreamedFit)):
        with limited_memory(memory):
            assert suitable_fit(network, 30, 1) is kind


def test_the_smaller_matrix_is_made():
    network = built(RandomFeaturesNetwork, 3)  # 13 weights an output
    assert suitable_fit(network, 13, 3) is DualFit
    assert suitable_fit(network, 14, 3) is PrimalFit
    with limited_memory(2 * 8 * 13**2 - 1):
        assert suitable_fit(network, 14, 3) is DualFit
        assert suitable_fit(network, 400, 3) is StreamedFit


def test_equations_in_float32_keep_the_smallest_penalty():
    x, y = problem(outputs=2, n=4000, features=4)
    network = RandomFeaturesNetwork(width=600, outputs=2, seed=3)
    network.build((None, 4))
    PrimalFit(network, x.astype(np.float32), y, EXACT).solve(1e-5)
    exact = RandomFeaturesNetwork(width=600, outputs=2, seed=3, dtype="float64")
    exact.build((None, 4))
    a = exact.gradients(tf.constant(x)).numpy()
    weights = np.linalg.solve(a.T @ a / len(x) + 1e-5 * np.eye(601), a.T @ y / len(x))
    found = network(x).numpy() - a @ weights
    assert np.linalg.norm(found) < 1e-3 * np.linalg.norm(a @ weights)


@pytest.mark.parametrize("fit", [StreamedFit, PrimalFit])
def test_batches_do_not_change_the_equations(fit):
    x, y = problem(outputs=2)
    whole = fit(built(RandomFeaturesNetwork, 2), x, y, EXACT).solve(1e-2).values
    with limited_memory(7 * 4 * 8 * 12):
        pieces = fit(built(RandomFeaturesNetwork, 2), x, y, EXACT).solve(1e-2).values
    np.testing.assert_allclose(pieces, whole, rtol=1e-8)


def test_warm_starts_save_iterations():
    x, y = problem(outputs=2, n=200, features=20)
    method = ConjugateGradients(iterations=500, tolerance=1e-4)
    warm = linear_fit(built(RandomFeaturesNetwork, 2, 20), x, y, method)
    warm.solve(1.05e-3)
    cold = linear_fit(built(RandomFeaturesNetwork, 2, 20), x, y, method)
    assert warm.solve(1e-3).iterations < cold.solve(1e-3).iterations


def test_columns_stop_where_they_have_converged():
    draws = np.random.default_rng(0)
    root = draws.standard_normal((20, 20))
    matrix = root @ root.T + np.eye(20)
    right = np.column_stack([draws.standard_normal(20), np.zeros(20), matrix[:, 0]])
    found = conjugate_gradients(lambda v: matrix @ v, right, np.zeros_like(right), 200, 1e-12)
    np.testing.assert_allclose(found.values, np.linalg.solve(matrix, right), atol=1e-9)
    assert found.residual <= 1e-12


def test_an_exhausted_solver_says_how_far_it_got():
    matrix = np.diag(np.logspace(0, 6, 50))
    right = np.ones((50, 1))
    found = conjugate_gradients(lambda v: matrix @ v, right, np.zeros_like(right), 5, 1e-10)
    assert found.iterations == 5
    residual = np.linalg.norm(matrix @ found.values - right) / np.linalg.norm(right)
    np.testing.assert_allclose(found.residual, residual, rtol=1e-6)


@pytest.mark.slow
def test_hundreds_of_thousands_of_features_fit_in_memory():
    code = """
from pathlib import Path

import numpy as np
from kernel_regime.networks import RandomFeaturesNetwork
from kernel_regime.training import ConjugateGradients
from kernel_regime.training.linear_fit import StreamedFit
network = RandomFeaturesNetwork(321_126, outputs=10)
network.build((None, 784))
x, y = np.ones((300, 784), np.float32), np.ones((300, 10), np.float32)
StreamedFit(network, x, y, ConjugateGradients(1, 1e-4)).solve(1.0)
# Not `ru_maxrss`, which a process has from the one that started it.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) / 1e6)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # 1.0 GB of directions, twice more while they are handed to TensorFlow, and 1 GB of program
    # and batch. 60,000 images would add their own 0.2 GB: batches are as large as memory allows.
    assert float(done.stdout) < 4.5
