"""`check_kernel`: every built-in kernel passes, and each broken one is told what it owes."""

from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
import pytest

from kernel_regime.kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
    Gaussian,
    Kernel,
    Laplace,
    MyrtleNNGP,
    MyrtleNTK,
    NetworkKernel,
    Polynomial,
    RandomFeatures,
    StaxKernel,
    TwoLayerNNGP,
    TwoLayerNTK,
    check_kernel,
)
from kernel_regime.kernels.base import registry

IMAGES = np.random.default_rng(0).standard_normal((5, 8, 8, 2))
DENSE = {"Dense": {"out_dim": 1, "b_std": 0.1}}
CONVOLUTION = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
BUILT_IN = [
    (FullyConnectedNTK(3), None),
    (FullyConnectedNTK(100), None),
    (FullyConnectedNNGP(4), None),
    (TwoLayerNTK(), None),
    (TwoLayerNNGP(), None),
    (Polynomial(1, 0.0), None),
    (Polynomial(4), None),
    (RandomFeatures(700, 2), None),
    (Gaussian(0.5), None),
    (Laplace(2.0), None),
    (MyrtleNTK(5), IMAGES),
    (MyrtleNNGP(10), IMAGES[..., 0]),
    (NetworkKernel([DENSE, "Relu", DENSE]), None),
    (NetworkKernel([DENSE, "LayerNorm", "Gelu", DENSE, {"residual": ["Erf", DENSE]}]), None),
    (NetworkKernel([{"Dense": {"out_dim": 1}}, "Abs", DENSE], "nngp"), None),
    (StaxKernel([DENSE, "Relu", DENSE]), None),
    (StaxKernel([CONVOLUTION, "Relu", "GlobalAvgPool", DENSE], "nngp"), IMAGES),
]


def name_of(value):
    """Short names of tests."""
    return "" if isinstance(value, np.ndarray) else repr(value)[:80]


@pytest.mark.parametrize("kernel, samples", BUILT_IN, ids=name_of)
def test_every_built_in_kernel_passes(kernel, samples):
    check_kernel(kernel, samples)


def test_a_network_that_falls_back_to_neural_tangents_passes():
    check_kernel(NetworkKernel([CONVOLUTION, "Relu", "Flatten", DENSE]), IMAGES)


def test_no_built_in_kernel_is_left_out():
    assert {kernel.kind for kernel, _ in BUILT_IN} == set(registry.kinds())


@dataclass(frozen=True)
class Linear(Kernel):
    """Inner products: all that a user's own kernel must say."""

    def _cross(self, x1, x2):
        return x1 @ x2.T


@pytest.mark.parametrize("size", [1, 5, 300])
def test_a_kernel_needs_to_say_no_more_than_cross(size):
    check_kernel(Linear())
    x = np.random.default_rng(1).standard_normal((size, 3))
    np.testing.assert_allclose(Linear().gram(x), x @ x.T, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(Linear().diagonal(x), (x**2).sum(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(Linear().gram(jnp.ones((2, 3), jnp.float32)), np.full((2, 2), 3))
    np.testing.assert_array_equal(Linear().gram([[1, 2]]), [[5]])


def named(value):
    """The same in every process, as a representation with an address is not."""
    return type(value).__name__ if isinstance(value, Kernel) else str(value)


class Asymmetric(Linear):
    def _gram(self, x):
        return x @ x.T + np.triu(np.full(2 * [len(x)], x.dtype.type(1e-6)), 1)


class Double(Linear):
    def _cross(self, x1, x2):
        return x1.astype(np.float64) @ x2.T.astype(np.float64)


class Cosine(Linear):
    def _cross(self, x1, x2):
        lengths = [np.sqrt((x**2).sum(axis=1)) for x in (x1, x2)]
        with np.errstate(invalid="ignore"):
            return x1 @ x2.T / np.outer(*lengths)


class OtherDiagonal(Linear):
    def _diagonal(self, x):
        return np.ones(len(x), x.dtype)


class Centred(Linear):
    """Depends on what else is in the tile."""

    def _cross(self, x1, x2):
        return x1 @ (x2 - x2.mean(axis=0)).T


class Indefinite(Linear):
    def _cross(self, x1, x2):
        return -(x1 @ x2.T)


class Wide(Linear):
    def diagonal(self, x):
        return super().diagonal(x)[:, None]


@dataclass(frozen=True)
class Weighted(Linear):
    weights: object = field(default_factory=lambda: np.ones(3))


@dataclass(frozen=True)
class Hooked(Linear):
    hook: object = None

    def identity(self):
        return {"kind": self.kind}


@pytest.mark.parametrize(
    "kernel, message",
    [
        (Asymmetric(), "not symmetric to the last bit"),
        (Double(), "float32 samples: gram is float64"),
        (Cosine(), "values of sample 11 are not finite"),
        (OtherDiagonal(), "diagonal and gram differ"),
        (Centred(), "cross of a part and gram's part differ|cross and gram differ"),
        (Indefinite(), "an eigenvalue is -"),
        (Wide(), r"diagonal has shape \(14, 1\)"),
        (Weighted(), "its identity is no JSON"),
        (Hooked(lambda: 0), "cannot be pickled"),
    ],
    ids=named,
)
def test_what_a_kernel_does_not_do_is_named(kernel, message):
    with pytest.raises(ValueError, match=message):
        check_kernel(kernel)


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="2 are too few"):
        check_kernel(Linear(), np.ones((2, 3)))
