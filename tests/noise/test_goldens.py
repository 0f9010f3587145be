"""The four perturbations reproduce the published code's numbers."""

import numpy as np
import pytest

from kernel_regime.noise import spiked_covariates
from kernel_regime.noise.high_frequency import high_frequency_noise
from kernel_regime.noise.low_frequency import LowFrequencyNoise
from kernel_regime.noise.spiked_covariates import SpikedTarget, signal_dimension
from kernel_regime.noise.standardisation import Standardisation
from tests.beside import golden


@pytest.mark.parametrize("level", [0.0, 0.5, 3.0])
def test_high_frequency_noise(level):
    data = golden("high_frequency_noise")
    noisy = high_frequency_noise(data["images"], data["gaussian_draws"], level)
    # Values of size 1–5; adding in pixels instead of coefficients moves a few last digits.
    np.testing.assert_allclose(noisy, data[f"noisy_{level}"], rtol=0, atol=1e-13)


@pytest.mark.parametrize("cutoff", [1, 9, 27])
def test_grey_low_frequency_noise(cutoff):
    data = golden("low_frequency_noise_grey")
    noise = LowFrequencyNoise.fit(data["fit_images"])
    draws = data["gaussian_draws"].reshape(data["images"].shape)
    noisy = noise.apply(data["images"], draws, cutoff)
    # 300 images leave S without full rank: its zero eigenvalues are round-off of 1e-16‖S‖,
    # their square roots 1e-8‖S‖^½, and those differ between machines.
    np.testing.assert_allclose(noisy, data[f"noisy_{cutoff}"], rtol=0, atol=2e-7)


@pytest.mark.parametrize("cutoff", [0, 4, 7])
def test_colour_low_frequency_noise_and_standardisation(cutoff):
    data = golden("low_frequency_noise_colour")
    images = data["fit_images"]
    noise = LowFrequencyNoise.fit(images)
    draws = np.random.RandomState(data["draws_seed"]).standard_normal(images.shape)
    noisy = noise.apply(images, draws, cutoff)
    np.testing.assert_allclose(noisy[:10], data[f"noisy_{cutoff}"], rtol=1e-9, atol=1e-9)
    standardised = Standardisation.fit(noisy).apply(noisy)
    np.testing.assert_allclose(standardised[:10], data[f"standardised_{cutoff}"], atol=1e-9)


@pytest.mark.parametrize("kappa", [0.0, 0.3, 0.9])
def test_spiked_covariates(kappa):
    data = golden("spiked_covariates")
    for split in ("train", "test"):
        # Published in float32, after one division and one product in float32: three roundings.
        np.testing.assert_allclose(
            spiked_covariates(data[f"{split}_draws"], kappa, float(data["eta"])),
            data[f"X_{split}_kappa{kappa}"],
            rtol=3e-7,
        )


@pytest.mark.parametrize("kappa", [0.0, 0.3, 0.9])
def test_spiked_target_is_the_same_for_every_kappa(kappa):
    data = golden("spiked_covariates")
    signal = signal_dimension(data["train_draws"].shape[1])
    assert signal == data["d_signal"]
    coefficients = tuple(data[f"beta{k}"].ravel() for k in (2, 3, 4))
    target = SpikedTarget.fit(data["train_draws"][:, :signal], coefficients)
    for split in ("train", "test"):
        labels = target(data[f"{split}_draws"][:, :signal])
        # The published arrays are float32, sums of terms of size 1.
        np.testing.assert_allclose(labels, data[f"y_{split}_kappa{kappa}"][:, 0], atol=2e-6)
