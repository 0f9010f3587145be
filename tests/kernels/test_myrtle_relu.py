"""Polynomials of the dual activations, and the vector arithmetic they are evaluated with."""

import numba
import numpy as np
import pytest

from kernel_regime.kernels.convolutional.relu import relu_step, relu_step_of_input
from kernel_regime.linalg.simd import VECTOR_SIZE, aligned_zeros, load, store

COSINES = np.cos(np.linspace(0, np.pi, 4001))[: 250 * VECTOR_SIZE].reshape(-1, VECTOR_SIZE)


def after_relu(cosines, tangents, dtype):
    """(Σ, Σ + Θ) behind a ReLU, of pixels of variance 1, compiled."""
    inputs = np.stack([cosines, cosines + tangents, np.ones_like(cosines)]).astype(dtype)
    out = aligned_zeros((3, *cosines.shape), dtype)
    _after_relu(inputs, out)
    return out


@numba.njit
def _after_relu(inputs, out):
    for i in range(inputs.shape[1]):
        one = load(inputs, (2, i))
        nngp, total = relu_step(load(inputs, (0, i)), load(inputs, (1, i)), one, one, one, one)
        store(out, (0, i), nngp)
        store(out, (1, i), total)
        store(out, (2, i), relu_step_of_input(load(inputs, (0, i)), one, one, one, one)[1])


@pytest.mark.parametrize(("dtype", "atol"), [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_dual_activations_at_every_angle(dtype, atol):
    cosines = COSINES.astype(dtype).astype(float)
    theta = np.arccos(cosines)
    value = (np.sin(theta) + (np.pi - theta) * cosines) / np.pi
    slope = 1 - theta / np.pi
    nngp, total, total_of_input = after_relu(cosines, np.full_like(cosines, 2.0), dtype)
    np.testing.assert_allclose(nngp, value, atol=atol)
    np.testing.assert_allclose(total, value + (cosines + 2) * slope, atol=4 * atol)
    np.testing.assert_allclose(total_of_input, value + cosines * slope, atol=2 * atol)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_orthogonal_pixels_whatever_the_sign_of_their_zero(zero):
    nngp, total, _ = after_relu(
        np.full((1, VECTOR_SIZE), zero), np.ones((1, VECTOR_SIZE)), np.float64
    )
    np.testing.assert_allclose(nngp, 1 / np.pi, rtol=1e-14)
    np.testing.assert_allclose(total, 1 / np.pi + 0.5, rtol=1e-14)
