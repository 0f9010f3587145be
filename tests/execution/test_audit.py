"""The audit finds what is known about a matrix."""

import numpy as np
import pytest

from kernel_regime.execution.store import audit
from kernel_regime.kernels.dense.fully_connected_kernels import FullyConnectedNTK
from kernel_regime.kernels.polynomial import Polynomial


@pytest.fixture(scope="module")
def samples():
    return np.random.default_rng(0).standard_normal((300, 12)).astype(np.float32)


def test_a_float32_kernel_is_symmetric_and_as_precise_as_float32(samples):
    kernel = FullyConnectedNTK(layers=3)
    found = audit(kernel(samples), kernel, samples)
    spectrum = np.linalg.eigvalsh(kernel(samples.astype(np.float64)))
    assert found.asymmetry == 0
    assert 0 < found.probe_error < 32 * np.finfo(np.float32).eps
    # Rounding every value moves an eigenvalue by some 1e-7 of the largest at most.
    tolerance = 1e-6 * spectrum[-1]
    assert found.largest_eigenvalue == pytest.approx(spectrum[-1], abs=tolerance)
    assert found.smallest_eigenvalue == pytest.approx(spectrum[0], abs=tolerance)


def test_the_jitter_makes_a_singular_kernel_factorisable(samples):
    kernel = Polynomial(degree=1, intercept=1.0)  # rank 13
    matrix = kernel(samples)
    found = audit(matrix, kernel, samples)
    assert found.recommended_jitter > 0
    np.linalg.cholesky(matrix.astype(np.float64) + found.recommended_jitter * np.eye(300))
    assert found.recommended_jitter < 1e-4 * found.largest_eigenvalue


def test_damage_shows(samples):
    kernel = FullyConnectedNTK(layers=2)
    matrix = kernel(samples)
    matrix[3, 200] += 0.5
    assert audit(matrix, kernel, samples).asymmetry == pytest.approx(0.5, rel=1e-6)
    other = audit(1.001 * kernel(samples), kernel, samples)
    assert other.probe_error > 1e-4
