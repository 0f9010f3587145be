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
def test_batches_do_not_show(images, kind, monkeypatch):
    noise = kind.fit(images)
    whole = perturb(noise, images, 3.0, generator(0, "train", 3.0))
    # 7·81 is odd: a batch ends between two halves of one 64-bit random number.
    monkeypatch.setattr("kernel_regime.noise.sampling._BATCH", 7)
    pieces = perturb(noise, images, 3.0, generator(0, "train", 3.0))
    assert whole.dtype == np.float32
    # The same draws; BLAS and the transform may order float32 sums differently.
    np.testing.assert_allclose(pieces, whole, atol=1e-5)


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
