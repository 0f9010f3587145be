"""Dual activations against two-dimensional quadrature, and near full correlation."""

import logging

import numpy as np
import pytest
from scipy.special import erf

from kernel_regime.core.errors import InputError
from kernel_regime.kernels.dual_activations import GaussianPairs
from kernel_regime.kernels.dual_activations import exponentials as e
from kernel_regime.kernels.dual_activations import numerical as n
from kernel_regime.kernels.dual_activations import polynomial_powers as p
from kernel_regime.kernels.dual_activations import rectified as r
from kernel_regime.kernels.dual_activations import rectified_powers as rp
from kernel_regime.kernels.dual_activations import smooth as s

# Each activation, and what it and its derivative are as functions.
CASES = {
    "relu": (r.ReluActivation(), lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "leaky": (
        r.LeakyReluActivation(0.2),
        lambda x: np.where(x > 0, x, 0.2 * x),
        lambda x: np.where(x > 0, 1, 0.2),
    ),
    "abrelu": (
        r.ABReluActivation(-0.3, 1.2),
        lambda x: np.where(x > 0, 1.2 * x, -0.3 * x),
        lambda x: np.where(x > 0, 1.2, -0.3),
    ),
    "abs": (r.AbsActivation(), np.abs, np.sign),
    "sign": (r.SignActivation(), np.sign, None),
    "step": (rp.RectifiedMonomialActivation(0), lambda x: (x > 0) * 1.0, None),
    "rectified square": (
        rp.RectifiedMonomialActivation(2),
        lambda x: (x > 0) * x**2.0,
        lambda x: (x > 0) * 2 * x,
    ),
    "rectified fifth power": (
        rp.RectifiedMonomialActivation(5),
        lambda x: (x > 0) * x**5.0,
        lambda x: (x > 0) * 5 * x**4,
    ),
    "erf": (
        s.ErfActivation(1.1, 0.7, 0.2),
        lambda x: 1.1 * erf(0.7 * x) + 0.2,
        lambda x: 1.54 / np.sqrt(np.pi) * np.exp(-0.49 * x**2),
    ),
    "sigmoid like": (
        s.SigmoidLikeActivation(),
        lambda x: erf(x / 2.4020563531719796) / 2 + 0.5,
        lambda x: np.exp(-((x / 2.4020563531719796) ** 2)) / np.sqrt(np.pi) / 2.4020563531719796,
    ),
    "gelu": (
        s.GeluActivation(),
        lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
        lambda x: (1 + erf(x / np.sqrt(2))) / 2 + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi),
    ),
    "sin": (
        e.SinActivation(1.1, 0.7, 0.4),
        lambda x: 1.1 * np.sin(0.7 * x + 0.4),
        lambda x: 0.77 * np.cos(0.7 * x + 0.4),
    ),
    "cos": (
        e.CosActivation(1.1, 0.7, 0.4),
        lambda x: 1.1 * np.cos(0.7 * x + 0.4),
        lambda x: -0.77 * np.sin(0.7 * x + 0.4),
    ),
    "rbf": (
        e.RbfActivation(0.6),
        lambda x: np.sqrt(2) * np.sin(np.sqrt(1.2) * x + np.pi / 4),
        lambda x: np.sqrt(2.4) * np.cos(np.sqrt(1.2) * x + np.pi / 4),
    ),
    "exp": (
        e.ExpActivation(0.8, 0.5),
        lambda x: 0.8 * np.exp(0.5 * x),
        lambda x: 0.4 * np.exp(0.5 * x),
    ),
    "gaussian": (
        s.GaussianActivation(0.8, -0.5),
        lambda x: 0.8 * np.exp(-(x**2) / 2),
        lambda x: -0.8 * x * np.exp(-(x**2) / 2),
    ),
    "gabor": (
        s.GaborActivation(),
        lambda x: np.exp(-(x**2)) * np.sin(x),
        lambda x: np.exp(-(x**2)) * (np.cos(x) - 2 * x * np.sin(x)),
    ),
    "monomial": (p.MonomialActivation(4), lambda x: x**4, lambda x: 4 * x**3),
    "hermite": (
        p.HermiteActivation(3),
        lambda x: (x**3 - 3 * x) / np.sqrt(6),
        lambda x: (3 * x**2 - 3) / np.sqrt(6),
    ),
    "polynomial": (
        p.PolynomialActivation((0.3, -1, 0.5, 0.2)),
        lambda x: 0.3 - x + 0.5 * x**2 + 0.2 * x**3,
        lambda x: -1 + x + 0.6 * x**2,
    ),
    "tanh": (n.ElementwiseActivation("tanh"), np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "silu": (
        n.ElementwiseActivation("silu"),
        lambda x: x / (1 + np.exp(-x)),
        lambda x: (1 + np.exp(-x) + x * np.exp(-x)) / (1 + np.exp(-x)) ** 2,
    ),
    "softplus": (
        n.ElementwiseNumericalActivation("softplus", 25),
        lambda x: np.log1p(np.exp(x)),
        lambda x: 1 / (1 + np.exp(-x)),
    ),
}
STDS = np.array([[1.0, 1.0], [0.7, 2.0], [1.5, 1.5], [0.1, 0.3]])
ANGLES = np.array([0.0, 1e-3, 0.3, np.pi / 2, 2.5, np.pi])


def quadrature(function, std1, std2, angle):
    """E[φ(u)φ(v)] in polar coordinates, by Gauss-Legendre between the kinks of both factors."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = np.linspace(0, 13, 9)
    half = (edges[1] - edges[0]) / 2
    radius = (half * nodes + (edges[:-1, None] + half)).ravel()
    radial = np.tile(half * weights, 8) * radius * np.exp(-(radius**2) / 2) / (2 * np.pi)
    cuts = np.sort(np.mod(np.pi / 2 + np.array([0, np.pi, angle, angle + np.pi]), 2 * np.pi))
    total = 0.0
    for low, high in zip(cuts, [*cuts[1:], cuts[0] + 2 * np.pi], strict=True):
        turn = (high + low) / 2 + (high - low) / 2 * nodes
        u = std1 * radius[:, None] * np.cos(turn)
        v = std2 * radius[:, None] * np.cos(turn - angle)
        total += radial @ (function(u) * function(v)) @ weights * (high - low) / 2
    return total


@pytest.mark.parametrize("name", CASES)
def test_expectations_equal_two_dimensional_quadrature(name):
    activation, function, derivative = CASES[name]
    angle = ANGLES[:, None]
    activated = activation.activate(GaussianPairs.at_angles(STDS[:, 0], STDS[:, 1], angle))
    for i, (std1, std2) in enumerate(STDS):
        bound = np.sqrt(quadrature(function, std1, std1, 0) * quadrature(function, std2, std2, 0))
        values = np.array([quadrature(function, std1, std2, a) for a in ANGLES])
        pairs = activated.pairs
        np.testing.assert_allclose(pairs.covariance[:, i], values, atol=1e-12 * bound)
        np.testing.assert_allclose(pairs.upper[:, i], bound - values, atol=1e-12 * bound)
        np.testing.assert_allclose(pairs.lower[:, i], bound + values, atol=1e-12 * bound)
        if derivative is None:
            assert (activated.slope == 0).all()
            continue
        slopes = np.array([quadrature(derivative, std1, std2, a) for a in ANGLES])
        largest = np.sqrt(
            quadrature(derivative, std1, std1, 0) * quadrature(derivative, std2, std2, 0)
        )
        np.testing.assert_allclose(activated.slope[:, i], slopes, atol=1e-12 * largest)


@pytest.mark.parametrize("angle", [1e-12, 1e-8, 1e-4])
def test_layers_of_relus_keep_small_angles(angle):
    """θ' = θ − θ²/(3π) + O(θ³), whatever the lengths: 1 − cos θ' = θ²/2 − θ³/(3π) + …"""
    pairs = GaussianPairs.at_angles(np.array([3.0]), np.array([0.2]), np.array([angle]))
    for layers in range(1, 4):
        pairs = r.ReluActivation().activate(pairs).pairs
        expected = angle - layers * angle**2 / (3 * np.pi)
        np.testing.assert_allclose(pairs.angle, expected, rtol=1e-7)


@pytest.mark.parametrize("angle", [1e-8, 1e-4])
def test_absolute_values_see_opposite_inputs_as_equal(angle):
    stds = np.array([1.5]), np.array([1.5])
    near = GaussianPairs.at_angles(*stds, np.array([angle]))
    opposite = GaussianPairs(near.std1, near.std2, near.lower, near.upper)
    ours, mirrored = (r.AbsActivation().activate(pairs).pairs for pairs in (near, opposite))
    np.testing.assert_allclose(mirrored.upper, ours.upper, rtol=1e-10)


def test_sums_of_pairs_keep_small_gaps():
    """Gaps of (u + b, v + b) where u and v are nearly equal, against exact integers."""
    std1, std2 = np.array([3.0]), np.array([3.0 + 2**-20])
    pairs = GaussianPairs(std1, std2, np.zeros(1), 2 * std1 * std2).plus_constant(4.0)
    # √((9 + 16)(q + 16)) − 3√q − 16 = 16(3 − √q)²/(√(25(q + 16)) + 3√q + 16)
    q = std2[0] ** 2
    exact = 16 * 2.0**-40 / (np.sqrt(25 * (q + 16)) + 3 * std2[0] + 16)
    np.testing.assert_allclose(pairs.upper, exact, rtol=1e-14)
    np.testing.assert_allclose(pairs.std2**2, q + 16, rtol=1e-15)


def test_any_function_equals_its_closed_form():
    pairs = GaussianPairs.at_angles(np.array([[0.0], [1.3]]), np.array([[0.4, 2.0]]), np.array(0.9))
    closed = s.GeluActivation().activate(pairs)
    series = n.ElementwiseActivation(CASES["gelu"][1]).activate(pairs)
    np.testing.assert_allclose(series.pairs.covariance, closed.pairs.covariance, atol=1e-12)
    np.testing.assert_allclose(series.slope, closed.slope, atol=1e-9)
    named = n.ElementwiseActivation("scipy.special:erf").activate(pairs)
    closed = s.ErfActivation().activate(pairs)
    np.testing.assert_allclose(named.pairs.covariance, closed.pairs.covariance, atol=1e-12)


def test_what_a_series_leaves_out_is_said_once(caplog):
    pairs = GaussianPairs.at_angles(np.ones(1), np.ones(1), np.ones(1))
    steep = n.ElementwiseActivation(lambda x: np.clip(x, -1, 1)).at("architecture[7]")
    with caplog.at_level(logging.WARNING):
        steep.activate(pairs)
        steep.activate(pairs)
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 1
    assert "architecture[7]: Elementwise: known to 1e-0" in messages[0]


@pytest.mark.parametrize(
    "fn, message",
    [
        ("tahn", "architecture[0]: Elementwise: fn 'tahn' is no function; did you mean 'tanh'?"),
        ("numpy:tahn", "fn 'numpy:tahn' cannot be imported"),
        (lambda x: x.sum(), "fn gives shape () for"),
        (lambda x: x.astype(np.float32), "fn computes in float32; kernels need float64"),
    ],
)
def test_functions_that_cannot_serve_are_refused(fn, message):
    with pytest.raises(InputError) as error:
        n.ElementwiseActivation(fn).at("architecture[0]").variance(np.ones(1))
    assert message in str(error.value)
