"""Finite networks and their limits."""

import warnings

import jax
import numpy as np
import pytest

from kernel_regime.analysis.spectral_bias.finite_networks import FiniteNetwork
from kernel_regime.analysis.spectral_bias.flow import network_flow, step_lengths
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.memory import limited_memory
from kernel_regime.kernels.architecture_words import in_stax_words
from kernel_regime.kernels.stax_layers import build_layer
from kernel_regime.ntk.empirical import empirical_ntk

KINDS = ("fully_connected", "convolutional", "residual")


@pytest.mark.parametrize(
    "kind",
    [*KINDS[:-1], pytest.param(KINDS[-1], marks=pytest.mark.slow)],  # compiles for long
)
def test_kernels_of_wide_networks_approach_the_limit(kind):
    images = np.random.default_rng(0).standard_normal((6, 6, 6))
    distances = {}
    for width in (8, 128):
        architecture = FiniteNetwork(kind, width, outputs=1)
        x = architecture.prepare(images)
        limit = architecture.limit(x)
        draws = [empirical_ntk(*architecture.draw(x.shape[1:], seed), x) for seed in range(4)]
        distances[width] = np.mean([np.linalg.norm(k - limit) for k in draws])
    # Sixteen times wider is four times closer, give or take the noise of four draws.
    assert 2 < distances[8] / distances[128] < 8


@pytest.mark.parametrize(
    ("kind", "side"),  # strides of 2 begin at the first pixel or at the second
    [("fully_connected", 6), ("convolutional", 6), ("convolutional", 5), ("residual", 5)],
)
def test_draws_outputs_and_limits_are_those_of_neural_tangents(kind, side):
    pytest.importorskip("neural_tangents")
    architecture = FiniteNetwork(kind, 4, outputs=2)
    images = np.random.default_rng(0).standard_normal((5, side, side))
    with jax_precision(np.float64):
        x = architecture.prepare(images).astype(np.float64)
        init, apply, kernel = build_layer("serial", in_stax_words(architecture.layers()), "test")
        _, expected = init(jax.random.PRNGKey(3), x.shape)
        own_apply, own = architecture.draw(x.shape[1:], seed=3)
        for value, same in zip(jax.tree.leaves(own), jax.tree.leaves(expected), strict=True):
            np.testing.assert_array_equal(value, same)
        np.testing.assert_allclose(own_apply(own, x), apply(expected, x), rtol=1e-12)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`FanIn` layers assume independent inputs")
            limit = kernel(x, None, "ntk")
        np.testing.assert_allclose(architecture.limit(x), limit, rtol=1e-7)
        np.testing.assert_allclose(architecture.limit(x[:2], x[2:]), limit[:2, 2:], rtol=1e-7)


def test_blocks_of_pairs_give_the_same_limit():
    architecture = FiniteNetwork("convolutional", 4, 1)
    x = architecture.prepare(np.random.default_rng(0).standard_normal((9, 5, 5)))
    whole = architecture.limit(x)
    with limited_memory(8 * 32 * 25 * 16):  # blocks of 4×4 pairs
        np.testing.assert_allclose(architecture.limit(x), whole, rtol=1e-5)
        np.testing.assert_allclose(architecture.limit(x[:3], x[3:]), whole[:3, 3:], rtol=1e-5)


def test_vectors_are_refused_by_convolutions():
    with pytest.raises(ValueError, match="give images"):
        FiniteNetwork("residual", 4, 1).prepare(np.zeros((5, 7)))


def test_a_linear_network_follows_its_kernel_exactly():
    """f(x) = w·x has the kernel x·x' at all times: descent must follow the closed form."""
    from kernel_regime.analysis.spectral_bias.flow import kernel_flow

    rng = np.random.default_rng(0)
    train, reference, held_out = (rng.standard_normal((n, 5)).astype("f") for n in (40, 20, 10))
    targets = train @ rng.standard_normal((5, 2)) + 0.1
    times = np.r_[0, np.geomspace(0.05, 30, 14)]
    network, _ = network_flow(
        linear, np.ones((5, 2), np.float32), (train, reference, held_out), targets, times, 0.04
    )
    kernel = kernel_flow(
        train @ train.T, reference @ train.T, held_out @ train.T, targets, network.times
    )
    for name in ("train", "reference", "held_out", "velocity"):
        # Steps of t/25 err by (σt/25)²/6 of σt·e^(−σt), values of about 3; floats by 1e-6 a step.
        np.testing.assert_allclose(getattr(network, name), getattr(kernel, name), atol=2e-3)


def linear(params, x):
    return x @ params


def test_steps_grow_with_the_time_passed_up_to_the_fastest_modes_time():
    times = np.array([0.0, 0.05, 1.0, 40.0])
    lengths = step_lengths(times, 0.1, fastest=2.0)
    np.testing.assert_allclose(np.cumsum([sum(some) for some in lengths]), times, rtol=1e-8)
    steps = np.concatenate(lengths)
    passed = np.cumsum(steps) - steps
    assert (steps <= np.clip(0.1 * passed, 0.05, 0.5) * (1 + 1e-8)).all()
    # The first tenth of 0.5, ln(5/0.5)/ln(1.1) that grow, and half a unit at a time to the end.
    assert len(steps) <= 11 + 25 + 71
