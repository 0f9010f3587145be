"""Perturbing a whole data set against doing it image by image, as published."""

import numpy as np
from scipy.fft import dctn, idctn

from benchmarks.harness import compare, emit
from kernel_regime.noise.high_frequency import HighFrequencyNoise, high_frequency_mask
from kernel_regime.noise.low_frequency import LowFrequencyNoise
from kernel_regime.noise.sampling import generator, perturb

N, SIDE = 60_000, 28


def high_frequency_by_image(images, level):
    """Centre, transform, add masked noise, transform back, scale: one image after the other."""
    mask, rng = high_frequency_mask(SIDE), np.random.default_rng(0)
    noisy = np.empty(images.shape)
    for k, image in enumerate(images):
        coefficients = dctn(image - image.mean(), norm="ortho")
        noise = rng.standard_normal(image.shape) * mask
        noise *= level * np.linalg.norm(coefficients) / np.linalg.norm(noise)
        pixels = idctn(coefficients + noise, norm="ortho")
        noisy[k] = pixels * SIDE / np.linalg.norm(pixels)
    return noisy


def low_frequency_by_image(images, noise, cutoff):
    """All noise at once, then transform, replace and transform back, one image after the other."""
    draws = np.random.default_rng(0).standard_normal((len(images), SIDE**2))
    samples = (draws @ noise.root + noise.mean).reshape(images.shape)
    noisy = np.empty(images.shape)
    for k, image in enumerate(images):
        centred = image - image.mean()
        coefficients = dctn(centred * SIDE / np.linalg.norm(centred), norm="ortho")
        coefficients[:cutoff, :cutoff] = samples[k, :cutoff, :cutoff]
        noisy[k] = idctn(coefficients, norm="ortho")
    return noisy


if __name__ == "__main__":
    images = np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE), dtype=np.uint8)
    high, low = HighFrequencyNoise(), LowFrequencyNoise.fit(images)
    emit(
        [
            compare(
                f"high-frequency noise, {N:,} images of {SIDE}×{SIDE}, one level",
                lambda: perturb(high, images, 1.0, generator(0, "train", 1.0)),
                "published method, image by image",
                lambda: high_frequency_by_image(images, 1.0),
                repeats=3,
            ),
            compare(
                f"low-frequency noise, {N:,} images of {SIDE}×{SIDE}, cut-off 13",
                lambda: perturb(low, images, 13.0, generator(0, "train", 13.0)),
                "published method, image by image",
                lambda: low_frequency_by_image(images, low, 13),
                repeats=3,
            ),
        ]
    )
