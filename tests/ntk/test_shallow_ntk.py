"""Shallow kernels against the published code, their limits, and each other."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kernel_regime.core.memory import limited_memory
from kernel_regime.ntk.activation_functions import ACTIVATIONS
from kernel_regime.ntk.empirical import empirical_ntk
from kernel_regime.ntk.shallow_network import (
    PARTS,
    ShallowNTK,
    distance_to_limit,
    shallow_ntk,
    shallow_relu_limit,
)

OF_JAX = {
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "softplus": jax.nn.softplus,
    "erf": jax.lax.erf,
    "gelu": lambda u: jax.nn.gelu(u, approximate=False),
}


def weights_of(values):
    return [values[name] for name in ("inner_weights", "inner_biases", "outer_weights")]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "softplus"])
def test_equals_the_published_kernel(shallow_golden, activation, part):
    kernel = shallow_ntk(shallow_golden["x"], None, *weights_of(shallow_golden), activation, part)
    np.testing.assert_allclose(kernel, shallow_golden[f"{activation}_{part}"], rtol=1e-14)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_equals_the_empirical_kernel_of_the_same_network(shallow_golden, activation):
    inner, biases, outer = weights_of(shallow_golden)

    def network(params, x):
        u = x @ params["inner"].T + params["biases"]
        f = OF_JAX[activation](u) @ params["outer"] / np.sqrt(len(outer))
        return f[:, None] + params["output_bias"]

    params = {"inner": inner, "biases": biases, "outer": outer, "output_bias": np.zeros(1)}
    x = shallow_golden["x"]
    kernel = shallow_ntk(x[:4], x[2:], inner, biases, outer, activation)
    np.testing.assert_allclose(kernel, empirical_ntk(network, params, x[:4], x[2:]), rtol=1e-13)


def in_long_double(activation, u):
    """Values and slopes by the textbook formulas, with 64 bits and exponents beyond e^5000."""
    u = u.astype(np.longdouble)
    if activation == "relu":
        return np.maximum(u, 0), (u > 0) * 1
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-u)), 1 / (2 + np.exp(u) + np.exp(-u))
    if activation == "tanh":
        return np.tanh(u), 1 / np.cosh(u) ** 2
    if activation == "softplus":
        return np.log1p(np.exp(u)), 1 / (1 + np.exp(-u))
    below = np.vectorize(lambda v: math.erfc(-v / math.sqrt(2)) / 2)(u.astype(float))
    if activation == "gelu":
        return u * below, below + u * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
    return np.vectorize(math.erf)(u.astype(float)), 2 / np.sqrt(np.pi) * np.exp(-(u**2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_stay_finite_and_exact_at_both_ends(activation, dtype):
    u = np.array([-5e3, -90, -30, -9, -1, 0, 1, 9, 30, 90, 5e3], dtype)
    value, slope = ACTIVATIONS[activation](u)
    expected = in_long_double(activation, u)
    # e^(−u²/2) carries u²/2 units of round-off relative to itself, 450 at u = 30, in both sides.
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    np.testing.assert_allclose(value, expected[0].astype(float), rtol=1000 * eps, atol=tiny)
    np.testing.assert_allclose(slope, expected[1].astype(float), rtol=1000 * eps, atol=tiny)
    assert value.dtype == slope.dtype == dtype


def test_width_is_streamed_in_any_block_size(shallow_golden):
    whole = shallow_ntk(shallow_golden["x"], None, *weights_of(shallow_golden), "softplus")
    with limited_memory(16 * 20 * 8 * 7):
        blocked = shallow_ntk(shallow_golden["x"], None, *weights_of(shallow_golden), "softplus")
    np.testing.assert_allclose(blocked, whole, rtol=1e-14)


def test_random_kernel_is_reproducible_symmetric_and_has_its_diagonal():
    x = np.random.default_rng(0).standard_normal((6, 5))
    kernel = ShallowNTK(width=5000, activation="gelu", seed=3)
    matrix = kernel(x)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(kernel(x[:2], x[2:]), matrix[:2, 2:], rtol=1e-13)
    np.testing.assert_allclose(kernel.diagonal(x), np.diag(matrix), rtol=1e-13)
    assert not np.allclose(matrix, ShallowNTK(5000, "gelu", 4)(x))


def test_approaches_the_arc_cosine_limit_at_rate_one_over_root_width():
    x = np.random.default_rng(0).standard_normal((20, 8)) / np.sqrt(8)
    table = distance_to_limit(x, [4**k for k in range(4, 9)], runs=8)
    means = table.groupby("width")["distance"].mean()
    slope = np.polyfit(np.log(means.index), np.log(means), 1)[0]
    # Eight runs a width give each mean about 20 %, hence the slope over 4⁴ about 0.05.
    assert slope == pytest.approx(-0.5, abs=0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"activation": "swish"}, "relu, sigmoid"), ({"part": "middle"}, "inner, outer, total")],
)
def test_unknown_names_are_refused(shallow_golden, change, message):
    arguments = {"activation": "relu"} | change
    with pytest.raises(ValueError, match=message):
        shallow_ntk(shallow_golden["x"], None, *weights_of(shallow_golden), **arguments)


def test_weights_of_the_wrong_shape_are_refused(shallow_golden):
    inner, biases, outer = weights_of(shallow_golden)
    with pytest.raises(ValueError, match="do not fit"):
        shallow_ntk(shallow_golden["x"], None, inner, biases[1:], outer, "relu")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 0}, "ShallowNTK.width: 0 should be greater than 0"),
        ({"seed": -1}, "ShallowNTK.seed: -1 should be greater than or equal to 0"),
        ({"activation": "relo"}, "'relo' / 'total': activation must be one of relu"),
        ({"part": "whole"}, "'relu' / 'whole': activation must be one of .* part one of inner"),
    ],
)
def test_what_is_no_shallow_network_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        ShallowNTK(**{"width": 4, "activation": "relu", "seed": 0} | given)


def test_an_unknown_part_of_the_limit_is_refused():
    with pytest.raises(ValueError, match="part one of inner, outer, total"):
        shallow_relu_limit(np.ones((2, 3)), part="whole")
