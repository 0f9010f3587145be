"""What the perturbations promise beyond the published numbers."""

import numpy as np
import pytest
from scipy.fft import dctn

from kernel_regime.noise import spiked_covariates
from kernel_regime.noise.clean import Clean
from kernel_regime.noise.high_frequency import HighFrequencyNoise, high_frequency_noise
from kernel_regime.noise.low_frequency import LowFrequencyNoise
from kernel_regime.noise.spiked_covariates import SpikedCovariates, SpikedTarget, signal_dimension
from kernel_regime.noise.standardisation import Standardisation


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (40, 10, 10)).astype(np.uint8)


def coefficients(images):
    return dctn(images, axes=(1, 2), norm="ortho")


@pytest.mark.parametrize("level", [0.0, 0.7, 3.0])
def test_high_frequency_noise_has_its_share_and_stays_in_its_corner(images, rng, level):
    draws = rng.standard_normal(images.shape)
    noisy = coefficients(high_frequency_noise(images, draws, level))
    clean = coefficients(high_frequency_noise(images, draws, 0.0))
    np.testing.assert_allclose(np.linalg.norm(noisy, axis=(1, 2)), 10, rtol=1e-12)
    # Undo the last scaling on a coefficient that carries no noise: (0, 1) lies outside the corner.
    ratio = clean[:, 0, 1] / noisy[:, 0, 1]
    noise = noisy * ratio[:, None, None] - clean
    np.testing.assert_allclose(np.linalg.norm(noise, axis=(1, 2)), 10 * level, rtol=1e-9, atol=1e-9)
    i, j = np.indices((10, 10))
    corner = (9 - i) ** 2 + (9 - j) ** 2 <= 81
    np.testing.assert_allclose(noise[:, ~corner], 0, atol=1e-10)


def test_low_frequency_noise_replaces_only_its_block(images, rng):
    noise = LowFrequencyNoise.fit(images)
    noisy = coefficients(noise.apply(images, rng.standard_normal(images.shape), 4))
    clean = coefficients(noise.apply(images, rng.standard_normal(images.shape), 0))
    np.testing.assert_allclose(noisy[:, 4:], clean[:, 4:], atol=1e-12)
    np.testing.assert_allclose(noisy[:, :, 4:], clean[:, :, 4:], atol=1e-12)
    assert not np.isclose(noisy[:, :4, :4], clean[:, :4, :4]).all()


@pytest.mark.parametrize("shape", [(6, 6), (5, 5, 3)])
def test_full_low_frequency_noise_has_the_training_mean_and_covariance(rng, shape):
    train = rng.standard_normal((300, *shape)) @ rng.standard_normal((shape[-1], shape[-1])) + 2
    noise = LowFrequencyNoise.fit(train)
    clean = noise.apply(train, np.zeros_like(train), 0).reshape(300, -1)
    many = np.resize(train, (40_000, *shape))
    noisy = noise.apply(many, rng.standard_normal(many.shape), shape[0]).reshape(40_000, -1)
    scale = np.abs(np.cov(clean.T, ddof=0)).max()
    # 40,000 draws: means and covariances to about four standard errors, 4·√2/√40,000.
    np.testing.assert_allclose(noisy.mean(axis=0), clean.mean(axis=0), atol=0.03 * scale**0.5)
    np.testing.assert_allclose(np.cov(noisy.T, ddof=0), np.cov(clean.T, ddof=0), atol=0.03 * scale)


def test_the_fit_is_the_mean_and_covariance_over_all_batches(rng):
    images = rng.standard_normal((5000, 5, 5, 3)) + 2
    noise = LowFrequencyNoise.fit(images)
    rows = coefficients(images).reshape(5000, -1)
    np.testing.assert_allclose(noise.mean, rows.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(noise.root @ noise.root, np.cov(rows.T, ddof=0), atol=1e-12)


def test_round_off_never_makes_a_negative_variance(rng):
    train = np.repeat(rng.standard_normal((3, 8, 8)), 5, axis=0)
    noise = LowFrequencyNoise.fit(train)
    assert np.isfinite(noise.root).all()
    assert np.isfinite(noise.apply(train, rng.standard_normal(train.shape), 8)).all()


@pytest.mark.parametrize("kappa", [0.0, 0.5, 0.9])
def test_spiked_covariates_have_their_norms(rng, kappa):
    x = spiked_covariates(rng.standard_normal((10, 1024)), kappa)
    assert signal_dimension(1024) == 16
    np.testing.assert_allclose(np.linalg.norm(x[:, :16], axis=1), 1024 ** ((0.4 + kappa) / 2))
    np.testing.assert_allclose(np.linalg.norm(x[:, 16:], axis=1), 32)


def test_spiked_target_sums_products_of_neighbours(rng):
    signal = rng.standard_normal((50, 5))
    signal /= np.linalg.norm(signal, axis=1, keepdims=True)
    betas = tuple(rng.exponential(size=6 - k) for k in (2, 3, 4))
    terms = np.zeros((50, 3))
    for column, (k, beta) in enumerate(zip((2, 3, 4), betas, strict=True)):
        for i, b in enumerate(beta):
            terms[:, column] += b * np.prod([signal[:, i + j] for j in range(k)], axis=0)
    expected = (terms / np.sqrt((terms**2).mean(axis=0))).sum(axis=1)
    np.testing.assert_allclose(SpikedTarget.fit(signal, betas)(3 * signal), expected, rtol=1e-12)


def test_standardised_training_images_have_mean_0_and_deviation_1(rng):
    images = rng.standard_normal((20, 4, 4, 3)) * [1, 10, 100] + 50
    channels = Standardisation.fit(images).apply(images).reshape(-1, 3)
    np.testing.assert_allclose(channels.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(channels.std(axis=0), 1, rtol=1e-13)


def test_clean_images_lie_between_0_and_1(images):
    clean = Clean.fit(images).apply(images.astype(np.float64), images, 0)
    np.testing.assert_array_equal(clean, images / images.max())


def test_constant_images_are_refused(images, rng):
    images[7] = 200
    draws = rng.standard_normal(images.shape)
    with pytest.raises(ValueError, match=r"image 7 is constant \(all pixels 200\)"):
        high_frequency_noise(images, draws, 1.0)
    with pytest.raises(ValueError, match="image 7 is constant"):
        LowFrequencyNoise.fit(images)


def test_what_cannot_be_scaled_is_refused(rng):
    draws = rng.standard_normal((5, 64))
    draws[3] = 0
    with pytest.raises(ValueError, match="sample 3 has norm 0"):
        spiked_covariates(draws, 0.5)
    with pytest.raises(ValueError, match="largest training value is 0"):
        Clean.fit(np.zeros((2, 4, 4)))


def test_a_constant_channel_is_refused(rng):
    images = rng.standard_normal((20, 4, 4, 3)).astype(np.float32)
    images[..., 1] = 0.1
    with pytest.raises(ValueError, match="channel 1 is constant"):
        Standardisation.fit(images)


@pytest.mark.parametrize("cutoff", [-1, 2.5, 11, float("nan")])
def test_a_cut_off_is_a_whole_number_up_to_the_side(images, rng, cutoff):
    noise = LowFrequencyNoise.fit(images)
    with pytest.raises(ValueError, match="is not a whole number from 0 to the image side 10"):
        noise.apply(images, rng.standard_normal(images.shape), cutoff)


def test_images_of_another_size_than_the_fit_are_refused(images, rng):
    noise = LowFrequencyNoise.fit(images)
    other = rng.standard_normal((2, 8, 8))
    with pytest.raises(ValueError, match="images have 64 features, those of the fit 100"):
        noise.apply(other, other, 3)


@pytest.mark.parametrize(
    ("perturbation", "shape", "length", "last"),
    [
        (HighFrequencyNoise, (28, 28), 15, 3.0),
        (LowFrequencyNoise, (28, 28), 14, 27.0),
        (LowFrequencyNoise, (32, 32, 3), 15, 30.0),
        (LowFrequencyNoise, (8, 8, 3), 0, None),
        (SpikedCovariates, (1024,), 10, 0.9),
    ],
)
def test_grids_are_those_of_the_paper(perturbation, shape, length, last):
    grid = perturbation.grid(shape)
    assert len(grid) == length
    assert last is None or grid[-1] == pytest.approx(last)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_keep_the_dtype(images, rng, dtype):
    images, draws = images.astype(dtype), rng.standard_normal(images.shape).astype(dtype)
    for perturbation, level in ((HighFrequencyNoise, 1.0), (LowFrequencyNoise, 3)):
        assert perturbation.fit(images).apply(images, draws, level).dtype == dtype
    vectors = draws.reshape(40, 100)
    assert spiked_covariates(vectors, 0.3).dtype == dtype
