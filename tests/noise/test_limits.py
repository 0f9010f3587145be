"""Noise at its limits: what no dtype can hold, and what the fit does not fit, is refused."""

import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.noise import (
    GaussianNoise,
    HighFrequencyNoise,
    LowFrequencyNoise,
    SpikedCovariates,
)
from kernel_regime.noise.spiked_covariates import SpikedTarget

RNG = np.random.default_rng(0)
IMAGES = RNG.random((30, 8, 8))
DRAWS = RNG.standard_normal(IMAGES.shape)
SIGNAL = RNG.standard_normal((20, 5))
COEFFICIENTS = tuple(RNG.exponential(size=size) for size in (4, 3, 2))


@pytest.mark.parametrize(
    ("kind", "dtype", "level"),
    [
        (GaussianNoise, np.float64, 1e308),
        (GaussianNoise, np.float32, 1e300),
        (HighFrequencyNoise, np.float32, 1e300),
        (SpikedCovariates, np.float64, 1e3),
        (SpikedCovariates, np.float32, 60.0),
    ],
)
def test_levels_beyond_the_dtype_are_refused(kind, dtype, level):
    vectors = kind is SpikedCovariates
    samples = (DRAWS.reshape(30, 64) if vectors else IMAGES).astype(dtype)
    with pytest.raises(InputError, match=r"level .* beyond the range .*; give a smaller one"):
        kind.fit(samples).apply(samples, DRAWS.astype(dtype), level)


def test_low_frequencies_of_other_images_are_refused_though_they_have_as_many_features():
    noise = LowFrequencyNoise.fit(IMAGES)
    with pytest.raises(InputError, match=r"in shapes \(4, 4, 4\) and \(8, 8\); fit to"):
        noise.apply(IMAGES.reshape(30, 4, 4, 4), DRAWS, 3)
    with_axis = noise.apply(IMAGES[..., None], DRAWS, 3)
    np.testing.assert_array_equal(with_axis[..., 0], noise.apply(IMAGES, DRAWS, 3))


@pytest.mark.parametrize(
    ("signal", "coefficients", "message"),
    [
        (0 * SIGNAL, COEFFICIENTS, "sample 0 has norm 0"),
        (np.eye(5), COEFFICIENTS, "f_2 has root mean square 0 on the training signal"),
        (SIGNAL, tuple(0 * beta for beta in COEFFICIENTS), "f_2 has root mean square 0"),
        (SIGNAL, (*COEFFICIENTS[:2], np.full(2, np.nan)), "f_4 has root mean square nan"),
        (SIGNAL, COEFFICIENTS[::-1], r"coefficients: shapes \[\(2,\), \(3,\), \(4,\)\] do not fit"),
        (SIGNAL, (), r"coefficients: shapes \[\] do not fit a signal of 5 features"),
        (SIGNAL[:0], COEFFICIENTS, "signal: there are no samples"),
    ],
)
def test_targets_that_no_scale_can_be_measured_of_are_refused(signal, coefficients, message):
    with pytest.raises(InputError, match=message):
        SpikedTarget.fit(signal, coefficients)


def test_a_target_is_of_signals_like_those_of_its_fit():
    target = SpikedTarget.fit(SIGNAL, COEFFICIENTS)
    with pytest.raises(InputError, match="do not fit a signal of 4 features"):
        target(SIGNAL[:, :4])
