"""κ as a function of the angle: power series, sphere spectra, decay rates."""

import numpy as np
import pytest
from scipy.special import eval_legendre, factorial2

from kernel_regime.kernels.dense import zonal


def test_power_series_of_the_arc_cosine_kernel_is_the_known_one():
    """κ₁(ρ) = 1/π + ρ/2 + Σ (2k−3)!!/((2k−1)(2k)!!) ρ^{2k}/π."""
    series = 2 * zonal.relu_nngp(2).power_series(40)
    k = np.arange(1, 20)
    expected = np.zeros(40)
    expected[:2] = 1 / np.pi, 0.5
    expected[2:39:2] = factorial2(2 * k - 3) / (2 * k - 1) / factorial2(2 * k) / np.pi
    expected[2] = 1 / (2 * np.pi)
    np.testing.assert_allclose(series, expected, atol=1e-15)


@pytest.mark.parametrize("layers", [2, 4, 8])
def test_power_series_sums_to_the_function(layers):
    kernel = zonal.relu_ntk(layers)
    cosines = np.linspace(-0.9, 0.9, 7)
    values = np.polynomial.polynomial.polyval(cosines, kernel.power_series(600))
    np.testing.assert_allclose(values, kernel(cosines), rtol=1e-12)


@pytest.mark.parametrize("layers", [2, 3, 8, 64, 400])
@pytest.mark.parametrize("tolerance", [1e-8, 1e-15])
def test_chebyshev_series_reaches_its_tolerance(layers, tolerance):
    angles = np.linspace(0, np.pi, 1001)
    for kernel in (zonal.relu_ntk(layers), zonal.relu_nngp(layers)):
        series = kernel.chebyshev(tolerance)
        values = np.polynomial.chebyshev.chebval(2 * angles / np.pi - 1, series)
        error = np.abs(values - kernel.of_angle(angles)).max() / kernel.of_angle(np.zeros(1))[0]
        assert error < 20 * tolerance * max(1, layers / 64)


@pytest.mark.parametrize("dimension", [2, 3, 7, 12, 100, 784])
def test_sphere_spectrum_sums_back_to_the_kernel(dimension):
    """Σ λ_l N(d, l) = κ(1) − what the degrees left out hold, and all eigenvalues are positive."""
    kernel = zonal.relu_ntk(4)
    spectrum = kernel.sphere_spectrum(dimension, 60)
    total = kernel.of_angle(np.zeros(1))[0]
    held = (spectrum.eigenvalues * spectrum.multiplicities).cumsum() / total
    assert (spectrum.eigenvalues > 0).all()
    assert held[-1] < 1
    assert held[-1] > (0.97 if dimension < 10 else 0.7)


@pytest.mark.parametrize("dimension", [9, 10, 14])
def test_series_and_quadrature_agree(dimension):
    kernel = zonal.relu_ntk(3)
    series = kernel.sphere_spectrum(dimension, 12).eigenvalues
    quadrature = zonal._project(kernel.of_angle, dimension, 12)
    np.testing.assert_allclose(series, quadrature, atol=3e-16)


def test_spectrum_on_the_circle_is_the_fourier_series():
    """λ_l of cos θ·(1 − θ/π)/2 + κ₁/2 on S¹ by the trapezoidal rule on 2¹⁶ points."""
    kernel = zonal.relu_ntk(2)
    angle = 2 * np.pi * np.arange(2**16) / 2**16
    values = kernel.of_angle(np.minimum(angle, 2 * np.pi - angle))
    expected = np.fft.rfft(values)[:8].real / 2**16
    np.testing.assert_allclose(kernel.sphere_spectrum(2, 8).eigenvalues, expected, atol=1e-9)


def test_empirical_spectrum_of_points_on_the_sphere():
    """Eigenvalues of K/n for n uniform points on S² scatter around λ_l by O(n^-½)."""
    x = np.random.default_rng(0).standard_normal((1200, 3))
    x /= np.linalg.norm(x, axis=1)[:, None]
    kernel = zonal.relu_ntk(3)
    empirical = np.linalg.eigvalsh(kernel(x @ x.T))[::-1][:9] / len(x)
    np.testing.assert_allclose(empirical, kernel.sphere_spectrum(3, 8).ranked()[:9], rtol=0.15)


def test_shallow_ntk_with_biases_decays_as_published():
    """λ_i/Σλ → √2/(12π) i^(−3/2) = 0.0375 i^(−1.5) on S².

    Near θ = 0 the kernel is 3 − √(1 − t)/π + …; ∫√(1 − t) P_l dt ≈ −l⁻³/√2 gives
    λ_l ≈ √2/(4π) l⁻³, degree l fills ranks l² to (l + 1)², and the trace is κ(1) = 3. The
    published fit to a finite network, 0.0375 i^(−1.489), is of eigenvalues that sum to one.
    """
    kernel = zonal.shallow_relu_ntk_with_biases()
    eigenvalues = kernel.sphere_spectrum(3, 1000).ranked() / kernel.of_angle(np.zeros(1))[0]
    rank = np.arange(1, len(eigenvalues) + 1)
    tail = slice(10_000, None)
    slope, offset = np.polyfit(np.log(rank[tail]), np.log(eigenvalues[tail]), 1)
    assert slope == pytest.approx(-1.5, abs=0.002)
    assert np.exp(offset) == pytest.approx(np.sqrt(2) / (12 * np.pi), rel=0.02)
    middle = slice(100, 10_000)
    published = 0.0375 * rank[middle] ** -1.489
    assert np.abs(np.log(eigenvalues[middle] / published)).mean() < 0.12


def test_shallow_ntk_with_biases_is_the_augmented_closed_form():
    """Input augmented by 1: (x·x' + 1)(π − θ)/2π + ‖·‖²(sin θ + (π − θ) cos θ)/2π + 1."""
    angle = np.linspace(0, np.pi, 9)
    t = np.cos(angle)
    theta = np.arccos((1 + t) / 2)
    expected = (
        (1 + t) * (np.pi - theta) / (2 * np.pi)
        + 2 * (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / (2 * np.pi)
        + 1
    )
    np.testing.assert_allclose(zonal.shallow_relu_ntk_with_biases().of_angle(angle), expected)


def test_gegenbauer_projection_in_three_dimensions_is_legendre():
    nodes, weights = np.polynomial.legendre.leggauss(500)
    kernel = zonal.relu_nngp(3)
    for degree, value in enumerate(kernel.sphere_spectrum(3, 6).eigenvalues):
        expected = weights @ (kernel(nodes) * eval_legendre(degree, nodes)) / 2
        assert value == pytest.approx(expected, abs=1e-7)  # √(1 − t): error n⁻³


def test_flat_spheres_are_refused():
    with pytest.raises(ValueError, match="dimension 1, degrees 4: the sphere needs dimension ≥ 2"):
        zonal.relu_ntk(2).sphere_spectrum(1, 4)
