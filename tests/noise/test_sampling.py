"""Draws belong to (seed, split, level); batches do not show."""

import numpy as np
import pytest

from kernel_regime.noise.high_frequency import HighFrequencyNoise
from kernel_regime.noise.low_frequency import LowFrequencyNoise
from kernel_regime.noise.sampling import generator, perturb


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (50, 9, 9), dtype=np.uint8)


@pytest.mark.parametrize("kind", [HighFrequencyNoise, LowFrequencyNoise])
def test_batches_do_not_show(kind):
    images = np.random.default_rng(0).integers(0, 256, (5000, 9, 9), dtype=np.uint8)
    noise = kind.fit(images)
    batches = perturb(noise, images, 3.0, generator(0, "train", 3.0))
    draws = generator(0, "train", 3.0).standard_normal(images.shape, np.float32)
    assert batches.dtype == np.float32
    # The same draws; BLAS and the transform may order float32 sums differently.
    whole = noise.apply(images.astype(np.float32), draws, 3.0)
    np.testing.assert_allclose(batches, whole, atol=1e-5)


def test_float32_agrees_with_float64(images):
    noise = HighFrequencyNoise()
    draws = generator(0, "train", 1.0).standard_normal(images.shape, np.float32)
    exact = noise.apply(images.astype(np.float64), draws.astype(np.float64), 1.0)
    single = perturb(noise, images, 1.0, generator(0, "train", 1.0))
    np.testing.assert_allclose(single, exact, atol=1e-5)


def test_every_seed_split_and_level_has_its_own_draws():
    keys = [(0, "train", 1.0), (1, "train", 1.0), (0, "test", 1.0), (0, "train", 2.0)]
    draws = [generator(*key).standard_normal(5) for key in keys]
    assert len({tuple(row) for row in draws}) == len(keys)
    np.testing.assert_array_equal(draws[0], generator(*keys[0]).standard_normal(5))


def test_minus_zero_is_zero():
    assert generator(0, "train", -0.0).random() == generator(0, "train", 0.0).random()


def test_a_level_that_is_no_number_has_no_draws():
    with pytest.raises(ValueError, match="level nan is not finite"):
        generator(0, "train", float("nan"))


def test_wider_ranges_than_that_of_float32_are_computed_in_float64(images):
    noise, level = HighFrequencyNoise(), 1.0
    expected = perturb(noise, images.astype(np.float64), level, generator(0, "train", level))
    huge = perturb(noise, images * 2.0**500, level, generator(0, "train", level))
    np.testing.assert_array_equal(huge, expected)


def test_results_beyond_float32_are_refused():
    colours = np.random.default_rng(0).random((5, 4, 4, 3)) * 1e60
    noise = LowFrequencyNoise.fit(colours)
    with pytest.raises(ValueError, match=r"cut-off 0 leave the range of float32; rescale"):
        perturb(noise, colours, 0, generator(0, "train", 0))


@pytest.mark.parametrize("dtype", [complex, str])
def test_inputs_that_are_no_real_numbers_are_refused(images, dtype):
    with pytest.raises(ValueError, match=r"inputs: an array of .* holds no real numbers"):
        perturb(HighFrequencyNoise(), images.astype(dtype), 1.0, generator(0, "train", 1.0))
