"""Gradient descent against NumPy steps; its epochs, its seeds, its way back after a kill."""

import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import enable_x64

from kernel_regime.networks.fully_connected import FullyConnected
from kernel_regime.training.checkpoint import Checkpoint
from kernel_regime.training.descent import Descent, DivergenceError
from kernel_regime.training.methods import GradientDescent
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.schedule import Batches, Schedule
from tests.networks.cases import CONVOLUTIONAL, SMALL, make_case
from tests.training import interrupted
from tests.training.problems import classification


def numerical_gradient(function, weights, step=1e-6):
    """Central differences, one entry after the other; good to about 1e-9 in float64."""
    gradients = [np.zeros_like(w) for w in weights]
    for array, gradient in zip(weights, gradients, strict=True):
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + step
            above = function(weights)
            array[index] = kept - step
            gradient[index] = (above - function(weights)) / (2 * step)
            array[index] = kept
    return gradients


def automatic_gradient(function, weights):
    """By JAX, in float64, for networks with too many weights for differences."""
    with enable_x64():
        return [np.asarray(g) for g in jax.grad(function)([jnp.asarray(w) for w in weights])]


def square(y, f):
    return ((y - f) ** 2).sum(axis=1).mean()


def cross_entropy(y, f):
    xp = f.__array_namespace__()
    true = f[np.arange(len(y)), y.argmax(axis=1)]
    return (xp.log(xp.exp(f).sum(axis=1)) - true).mean()


class NumpyOptimiser:
    """SGD, momentum and Adam as their papers write them."""

    def __init__(self, kind, weights):
        self.kind, self.time = kind, 0
        self.first = [np.zeros_like(w) for w in weights]
        self.second = [np.zeros_like(w) for w in weights]

    def step(self, weights, gradients, rate):
        self.time += 1
        for w, g, v, s in zip(weights, gradients, self.first, self.second, strict=True):
            if self.kind == "sgd":
                w -= rate * g
            elif self.kind == "momentum":
                v[...] = 0.9 * v - rate * g
                w += v
            else:
                v[...] = 0.9 * v + 0.1 * g
                s[...] = 0.999 * s + 0.001 * g**2
                # The efficient form at the end of section 2 of Kingma & Ba (2015).
                correction = np.sqrt(1 - 0.999**self.time) / (1 - 0.9**self.time)
                w -= rate * correction * v / (np.sqrt(s) + 1e-7)


def full_batch(epochs, rate, optimiser="momentum", loss="square", n=1000):
    return GradientDescent(Schedule(epochs, rate, warm_up=0), Batches(((0, n),)), optimiser, loss)


def steps_and_oracle(name, optimiser, loss, gradient):
    """Weights after two compiled steps, and after two steps written out."""
    case = make_case(name)
    x = case.x.astype(np.float32)
    outputs = case.network.outputs
    y = (np.eye(outputs)[np.arange(len(x)) % outputs] - 1 / outputs).astype(np.float32)
    weights = case.weights
    oracle = NumpyOptimiser(optimiser, weights)
    distance = {"square": square, "cross_entropy": cross_entropy}[loss]

    def objective(w):
        return distance(y, case.forward(w, x.astype(float))) + 0.1 * case.penalty(w)

    method = full_batch(2, 1e-3, optimiser, loss)
    Descent(case.network, method).train(SampleSplits((x, y), (x, y)), penalty=0.1, seed=0)
    for epoch in range(2):
        gradients = gradient(objective, weights)
        scaled = [k * g for k, g in zip(case.multipliers, gradients, strict=True)]
        oracle.step(weights, scaled, method.schedule(epoch))
    return zip(case.weights, weights, strict=True)


# Every network, and with one of them every optimiser and every loss: they do not know each other.
COMBINATIONS = [(name, "momentum", "square") for name in SMALL] + [
    ("fully_connected_2", optimiser, loss)
    for optimiser in ("sgd", "momentum", "adam")
    for loss in ("square", "cross_entropy")
    if (optimiser, loss) != ("momentum", "square")
]


@pytest.mark.parametrize(("name", "optimiser", "loss"), COMBINATIONS)
def test_two_steps_are_those_of_numpy(name, optimiser, loss):
    # Differences are good to 1e-9 of a gradient of order one; Adam divides by its size, or by 1e-7.
    tolerance = 1e-5 if optimiser == "adam" else 1e-8
    for ours, theirs in steps_and_oracle(name, optimiser, loss, numerical_gradient):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("name", "optimiser", "loss"),
    [
        *((name, "momentum", "square") for name in CONVOLUTIONAL),
        (CONVOLUTIONAL[-1], "adam", "cross_entropy"),
    ],
)
def test_two_steps_of_convolutions_are_those_of_their_formulas(name, optimiser, loss):
    # Keras takes learning rates and Adam's corrections in float32: the first step is off by up to
    # 2e-8, and with it the second gradient, which Adam divides by its size.
    tolerance = 1e-6 if optimiser == "adam" else 1e-8
    for ours, theirs in steps_and_oracle(name, optimiser, loss, automatic_gradient):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


def network(seed=0, dropout=0.0):
    built = FullyConnected(20, outputs=3, dropout=dropout, seed=seed)
    built.build((None, 6))
    return built


def test_a_partial_batch_weighs_its_samples_like_the_others():
    samples = classification(n=50)
    method = GradientDescent(Schedule(2, 1e-3, warm_up=1), Batches(((0, 16),)))
    row, _ = Descent(network(), method).train(samples, penalty=0.0, seed=0)
    # Epoch 0 of a warm-up has rate 0, so the average over batches is that of all 50 samples.
    outputs = network()(samples.train[0]).numpy()
    np.testing.assert_allclose(row["train_loss"], square(samples.train[1], outputs), rtol=1e-6)
    right = outputs.argmax(axis=1) == samples.train[1].argmax(axis=1)
    assert row["train_accuracy"] == pytest.approx(right.mean())


def test_rows_hold_the_scores_of_every_split():
    samples = classification(n=60, n_test=37, validation=0.2)
    descent = Descent(network(), full_batch(3, 0.05, n=16))
    curve = descent.train(samples, penalty=1e-3, seed=0)
    assert [row["epoch"] for row in curve] == [0, 1, 2]
    outputs = descent.network(samples.test[0]).numpy()
    assert curve[-1]["test_loss"] == pytest.approx(square(samples.test[1], outputs), rel=1e-5)
    scores = descent.scores(samples)
    for split, (x, y) in samples.splits.items():
        expected = square(y, descent.network(x).numpy())
        assert scores[f"{split}_loss"] == pytest.approx(expected, rel=1e-5)
    assert curve[-1]["weight_penalty"] == pytest.approx(float(descent.network.penalty()))
    assert all(np.isfinite(list(row.values())).all() for row in curve)


def without_seconds(curve):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in curve]


@pytest.mark.parametrize("optimiser", ["momentum", "adam"])
def test_the_same_seed_gives_the_same_numbers(optimiser):
    samples = classification()
    method = full_batch(5, 0.01, optimiser, n=16)
    descent = Descent(network(dropout=0.3), method)
    curves = []
    for seed in (4, 4, 5):
        descent.start_from(network(seed, dropout=0.3))
        curves.append(without_seconds(descent.train(samples, penalty=1e-4, seed=seed)))
    assert curves[0] == curves[1] != curves[2]


def test_training_fits_a_learnable_problem():
    samples = classification(n=300, n_test=300)
    wide = FullyConnected(200, outputs=3)
    wide.build((None, 6))
    method = GradientDescent(Schedule(60, 0.05, warm_up=5), Batches(((0, 50),)))
    last = Descent(wide, method).train(samples, penalty=1e-5, seed=0)[-1]
    assert last["test_accuracy"] > 0.65


def test_divergence_stops_with_the_reason_and_the_remedy():
    with pytest.raises(DivergenceError, match=r"epoch \d+: loss .* smaller learning_rate") as error:
        Descent(network(), full_batch(50, 1e4, n=16)).train(classification(), 0.0, seed=0)
    assert 0 < len(error.value.curve) < 50


def test_a_killed_training_resumes_and_gives_the_same_curve(tmp_path):
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", every=2)
    process = subprocess.Popen([sys.executable, interrupted.__file__, str(checkpoint.path)])
    deadline = time.monotonic() + 120
    while not checkpoint.path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    _, before = checkpoint.load()
    assert 0 < len(before) < 12
    assert interrupted.train(checkpoint) == interrupted.train()
