"""Gradients of kernels in their inputs against finite differences, and the stationary kernels."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from kernel_regime.core.errors import InputError, NotFiniteError
from kernel_regime.kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
    Gaussian,
    Laplace,
    NetworkKernel,
    Polynomial,
    RandomFeatures,
    TwoLayerNTK,
    check_kernel,
)

DENSE = {"Dense": {"out_dim": 1, "W_std": 1.3}}
KERNELS = [
    Gaussian(0.7),
    Laplace(1.5),
    Polynomial(3, intercept=0.5),
    TwoLayerNTK(),
    FullyConnectedNTK(4),
    FullyConnectedNNGP(1),
    NetworkKernel([DENSE, "Abs", DENSE, "Relu", DENSE]),
]


def samples():
    x = np.random.default_rng(0).standard_normal((9, 6))
    return x[:4], x[4:]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: str(kernel)[:30])
def test_the_gradient_is_that_of_central_differences(kernel):
    x, others = samples()
    toward, along = kernel.gradient_weights(x, others)
    found = toward[..., None] * others + along[..., None] * x[:, None]
    step, expected = 1e-5, np.empty_like(found)
    for feature, shift in enumerate(step * np.eye(6)):
        difference = kernel(x + shift, others) - kernel(x - shift, others)
        expected[..., feature] = difference / (2 * step)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7 * np.abs(expected).max())


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: str(kernel)[:30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_at_the_sample_itself_is_finite_and_has_no_kink(kernel, dtype):
    x = samples()[0].astype(dtype)
    x = np.concatenate([x, -x[:1], np.zeros_like(x[:1])])
    toward, along = kernel.gradient_weights(x, x)
    assert toward.dtype == along.dtype == dtype
    assert np.isfinite(toward).all() and np.isfinite(along).all()
    # By symmetry k(x, x) grows twice as fast along x as its gradient in one argument.
    own = (np.diagonal(toward) + np.diagonal(along))[:4]
    grown = (kernel.diagonal(1.001 * x) - kernel.diagonal(0.999 * x))[:4] / 0.002
    norms = (x[:4] ** 2).sum(axis=1)
    np.testing.assert_allclose(2 * own * norms, grown, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("kernel", [Gaussian(0.5), Laplace(2.0)])
def test_stationary_kernels_owe_what_kernels_owe(kernel):
    check_kernel(kernel)


def test_stationary_kernels_are_their_formulas_with_the_width_in_roots_of_the_features():
    x, others = samples()
    gaps = cdist(x, others)
    np.testing.assert_allclose(Laplace(2)(x, others), np.exp(-gaps / (2 * np.sqrt(6))), rtol=1e-12)
    np.testing.assert_allclose(Gaussian(2)(x, others), np.exp(-(gaps**2) / 48), rtol=1e-12)


def test_near_inputs_keep_their_distance_in_single_precision():
    x = np.full((1, 100), 3, np.float32)
    near = x * np.float32(1 + 2**-20)
    apart = float(np.linalg.norm(near.astype(float) - x)) / 10
    assert -np.log(float(Laplace(1e-3)(x, near)[0, 0])) == pytest.approx(apart / 1e-3, rel=1e-4)


def test_a_kernel_without_a_gradient_says_what_to_take():
    with pytest.raises(InputError, match="its gradient is not known; take laplace, gaussian"):
        RandomFeatures(8, seed=0).gradient_weights(np.ones((1, 2)), np.ones((1, 2)))


@pytest.mark.parametrize("kernel", [Gaussian, Laplace])
def test_widths_whose_square_overflows_are_refused(kernel):
    with pytest.raises(InputError, match=r"width: 1e\+300 should be less than or equal to"):
        kernel(1e300)


@pytest.mark.parametrize("kernel", [Gaussian, Laplace])
@pytest.mark.parametrize(
    ("width", "inputs"),
    [
        (1.0, np.full((2, 3), 1e200)),
        (1.0, np.full((2, 3), 1e25, np.float32)),
        (1e-300, np.eye(3)),
    ],
)
def test_squared_distances_beyond_the_range_are_refused(kernel, width, inputs):
    with pytest.raises(NotFiniteError, match="squared distances are beyond float"):
        kernel(width)(inputs)
