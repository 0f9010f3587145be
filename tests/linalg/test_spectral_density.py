"""The density of eigenvalues: what of it is exact, and how far the rest may be off."""

import numpy as np
import pytest

from kernel_regime.linalg.spectral_density import spectral_density
from tests.linalg.matrices import matrix_with


def test_density_counts_eigenvalues_above_thresholds(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    density = spectral_density(matrix, probes=20, steps=40)
    np.testing.assert_allclose(density.weights.sum(axis=1), 1, rtol=1e-10)
    counts = density.count_above([1e-3, 3e-4])
    exact = [(spectrum > t).sum() for t in (1e-3, 3e-4)]
    # Relative error 1/√(20 probes · 100 eigenvalues) ≈ 2 %; quadrature adds a few percent.
    np.testing.assert_allclose(counts, exact, rtol=0.1)
    assert density.nodes.max() == pytest.approx(1, rel=1e-8)


def test_density_of_a_matrix_of_low_rank_is_exact():
    matrix, _ = matrix_with(np.r_[[5.0] * 10, [2.0] * 10, [0.0] * 20])
    density = spectral_density(matrix, probes=400, steps=40)
    moments = [np.sum(density.weights * density.nodes**p) / 400 for p in (0, 1, 2)]
    # Traces from 400 random probes in 40 dimensions: relative error about √(2/16000).
    np.testing.assert_allclose(moments, [1, 70 / 40, 290 / 40], rtol=0.04)
    assert density.count_above(3.0) == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize("value", [1e-20, 3.0, 1e20])
def test_density_of_a_multiple_of_one_is_that_eigenvalue(value):
    np.testing.assert_allclose(spectral_density(value * np.eye(2)).eigenvalues(), [value] * 2)
    np.testing.assert_allclose(spectral_density(value * np.eye(90)).eigenvalues(), [value] * 90)


def test_density_of_a_space_that_is_complete_is_the_spectrum(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    found = spectral_density(matrix, probes=8, steps=64)
    np.testing.assert_allclose(found.eigenvalues(), spectrum, rtol=0, atol=1e-13)


def test_density_in_a_smaller_space_keeps_the_trace_and_the_largest(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    for probes in (2, 8):
        found = spectral_density(matrix, probes=probes, steps=24).eigenvalues()
        assert len(found) == 300
        assert (np.diff(found) <= 0).all()
        np.testing.assert_allclose(found[:3], spectrum[:3], rtol=1e-6)


@pytest.mark.parametrize("probes", [2, 4, 8])
@pytest.mark.parametrize("seed", range(3))
def test_density_has_the_largest_eigenvalues_whatever_the_probes_are(
    power_law_matrix, probes, seed
):
    spectrum, matrix, _ = power_law_matrix
    found = spectral_density(matrix, probes, steps=30, seed=seed)
    assert found.exact >= 15
    values = found.eigenvalues()[: found.exact]
    np.testing.assert_allclose(values, spectrum[: found.exact], rtol=0, atol=1e-6)


def test_density_has_multiple_eigenvalues_that_its_probes_can_tell():
    spectrum = np.repeat([10.0, 5.0, 2.0, 1.0, 0.1], [1, 3, 7, 9, 180])
    density = spectral_density(matrix_with(spectrum)[0], probes=8, steps=20)
    assert density.exact == 11  # nine coinciding ones are more than eight probes see
    np.testing.assert_allclose(density.eigenvalues()[:11], spectrum[:11], atol=1e-5)
    # √(9/8) of the nine, at worst three times that.
    assert abs((density.eigenvalues() > 0.5).sum() - 20) <= 4


def test_a_single_probe_is_refused():
    with pytest.raises(ValueError, match="probes: 1 tells no multiple eigenvalue; give 2 or more"):
        spectral_density(np.eye(3), probes=1)


def test_density_refuses_what_is_no_symmetric_matrix():
    with pytest.raises(ValueError, match="not symmetric"):
        spectral_density(np.triu(np.ones((9, 9))))
