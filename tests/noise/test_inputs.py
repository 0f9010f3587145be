"""Noise on inputs of every dtype, scale and shape: right values, or a refusal that names them."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from kernel_regime.noise import (
    Clean,
    GaussianNoise,
    HighFrequencyNoise,
    LowFrequencyNoise,
    SpikedCovariates,
    Standardisation,
    centre_and_scale,
    high_frequency_noise,
    perturb,
    spiked_covariates,
)

FUNCTIONS = {
    "high_frequency": lambda images, draws: high_frequency_noise(images, draws, 1.0),
    "low_frequency": lambda images, draws: LowFrequencyNoise.fit(images).apply(images, draws, 3),
    "centre_and_scale": lambda images, draws: centre_and_scale(images),
    "clean": lambda images, draws: Clean.fit(images).apply(images, draws, 0),
    "gaussian": lambda images, draws: GaussianNoise.fit(images).apply(images, draws, 0.5),
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (40, 8, 8)).astype(np.uint8)


@pytest.fixture
def draws(rng):
    return rng.standard_normal((40, 8, 8))


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float32])
def test_every_dtype_gives_the_values_of_float64(function, dtype, pixels, draws):
    exact = function(pixels.astype(np.float64), draws)
    given = pixels.astype(dtype)  # whole numbers up to 255 are exact in all of them
    result = function(given, draws)
    assert result.dtype in (np.float32, np.float64)
    # Single precision in images of norm 8, of which the transform sums 64.
    np.testing.assert_allclose(result, exact, atol=2e-5)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_array_likes_are_taken(function, pixels, draws):
    exact = function(pixels.astype(np.float64), draws)
    for given in (pixels.tolist(), jnp.asarray(pixels)):
        np.testing.assert_allclose(function(given, draws), exact, atol=2e-5)


def test_tables_are_taken(rng):
    table = pd.DataFrame(rng.standard_normal((30, 4)))
    noise = GaussianNoise.fit(table)
    expected = (table - table.mean()) / table.std(ddof=0)
    np.testing.assert_allclose(noise.apply(table, np.zeros((30, 4)), 0), expected, atol=1e-12)


@pytest.mark.parametrize("name", ["high_frequency", "low_frequency", "centre_and_scale"])
@pytest.mark.parametrize(
    ("dtype", "factor"),
    [(np.float32, 1e25), (np.float32, 1e-25), (np.float64, 1e200), (np.float64, 1e-200)],
)
def test_huge_and_tiny_grey_images_are_scaled_like_others(name, dtype, factor, pixels, draws):
    expected = FUNCTIONS[name](pixels.astype(np.float64), draws)
    result = FUNCTIONS[name](pixels.astype(dtype) * dtype(factor), draws.astype(dtype))
    assert result.dtype == dtype
    np.testing.assert_allclose(result, expected, atol=2e-5 if dtype is np.float32 else 1e-7)


@pytest.mark.parametrize("name", ["high_frequency", "low_frequency", "centre_and_scale"])
def test_one_channel_is_grey(name, pixels, draws):
    grey = FUNCTIONS[name](pixels, draws)
    channel = FUNCTIONS[name](pixels[..., None], draws[..., None])
    assert channel.shape == (40, 8, 8, 1)
    np.testing.assert_array_equal(channel[..., 0], grey)


def test_no_images_give_none():
    empty = np.zeros((0, 8, 8))
    assert high_frequency_noise(empty, empty, 1.0).shape == (0, 8, 8)
    assert centre_and_scale(empty).shape == (0, 8, 8)
    assert perturb(HighFrequencyNoise(), empty, 1.0, np.random.default_rng(0)).shape == (0, 8, 8)


@pytest.mark.parametrize("kind", [LowFrequencyNoise, Clean, GaussianNoise])
def test_nothing_is_learned_from_no_images(kind):
    with pytest.raises(ValueError, match="has nothing to measure"):
        kind.fit(np.zeros((0, 8, 8)))


@pytest.mark.parametrize("level", [float("nan"), float("inf"), -0.5])
def test_levels_that_are_no_levels_are_refused(level, pixels, draws):
    refusal = "is not a finite number"
    with pytest.raises(ValueError, match=f"noise-to-signal ratio {level:g} {refusal}"):
        high_frequency_noise(pixels, draws, level)
    with pytest.raises(ValueError, match=f"κ {level:g} {refusal}"):
        spiked_covariates(draws.reshape(40, 64), level)
    with pytest.raises(ValueError, match=refusal):
        GaussianNoise.fit(pixels).apply(pixels, draws, level)
    with pytest.raises(ValueError, match="clean inputs have the level 0 only"):
        Clean.fit(pixels).apply(pixels, draws, level)


@pytest.mark.parametrize("shape", [(3, 8, 6), (3, 64), (3, 8, 8, 3), (3, 1, 1)])
def test_images_that_are_not_square_and_grey_are_refused(shape, rng):
    images = rng.standard_normal(shape)
    with pytest.raises(ValueError, match=r"high_frequency needs square grey images|is constant"):
        high_frequency_noise(images, images, 1.0)


@pytest.mark.parametrize("shape", [(39, 8, 8), (40, 8, 7), (40,)])
@pytest.mark.parametrize("name", ["high_frequency", "low_frequency", "gaussian"])
def test_draws_that_do_not_fit_are_refused(name, shape, pixels, rng):
    with pytest.raises(ValueError, match="draws: "):
        FUNCTIONS[name](pixels, rng.standard_normal(shape))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_inputs_that_are_not_finite_are_refused(name, pixels, draws):
    images = pixels.astype(np.float64)
    images[7, 3, 3] = np.nan
    with pytest.raises(ValueError, match="sample 7 is not finite"):
        FUNCTIONS[name](images, draws)


@pytest.mark.parametrize("given", [np.array([["a", "b"]]), [[1, 2], [3]], np.ones(5)])
def test_what_is_no_array_of_samples_is_refused(given):
    for function in FUNCTIONS.values():
        with pytest.raises(ValueError):
            function(given, np.ones((1, 2)))


def test_integer_draws_have_the_norms_of_the_formula(rng):
    x = spiked_covariates(rng.integers(1, 6, (3, 64)), 0.5)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), np.sqrt(64**0.9 + 64), rtol=1e-12)


@pytest.mark.parametrize("eta", [-0.1, 1.0, float("nan")])
def test_exponents_without_signal_beside_noise_are_refused(eta, rng):
    with pytest.raises(ValueError, match="have no signal beside noise"):
        spiked_covariates(rng.standard_normal((3, 64)), 0.5, eta)
    assert SpikedCovariates.refusal((31,)) is not None


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float16, np.float32, np.float64])
def test_standardised_bytes_are_those_of_float64(dtype, rng):
    images = rng.integers(0, 256, (50, 8, 8, 3)).astype(dtype)
    exact = images.astype(np.float64).reshape(-1, 3)
    expected = (exact - exact.mean(axis=0)) / exact.std(axis=0)
    standardised = Standardisation.fit(images).apply(images)
    np.testing.assert_allclose(standardised.reshape(-1, 3), expected, atol=1e-5)


def test_standardisation_measures_huge_and_tiny_channels(rng):
    images = rng.standard_normal((20, 4, 4, 2)) * [1e200, 1e-200]
    channels = Standardisation.fit(images).apply(images).reshape(-1, 2)
    np.testing.assert_allclose(channels.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(channels.std(axis=0), 1, rtol=1e-12)


def test_channels_other_than_those_of_the_fit_are_refused(rng):
    standardisation = Standardisation.fit(rng.random((5, 4, 4, 3)))
    with pytest.raises(ValueError, match="images have 2 channels, those of the fit 3"):
        standardisation.apply(rng.random((5, 4, 4, 2)))


def test_constant_samples_are_refused_everywhere(pixels, draws):
    pixels[5] = 9
    for name in ("high_frequency", "low_frequency", "centre_and_scale"):
        with pytest.raises(ValueError, match=r"image 5 is constant \(all pixels 9\)"):
            FUNCTIONS[name](pixels, draws)
    with pytest.raises(ValueError, match=r"vector 5 is constant \(all features 9\)"):
        centre_and_scale(pixels.reshape(40, 64))


def test_constant_features_become_pure_noise(rng):
    vectors = rng.standard_normal((30, 3))
    vectors[:, 1] = 7
    draws = rng.standard_normal((30, 3))
    noisy = GaussianNoise.fit(vectors).apply(vectors, draws, 0.5)
    np.testing.assert_allclose(noisy[:, 1], 0.5 * draws[:, 1], atol=1e-15)
