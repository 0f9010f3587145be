"""Noise in the high frequencies, where kernels expect no signal."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.noise.perturbation import PERTURBATIONS, Perturbation
from kernel_regime.noise.transforms import (
    centre,
    constant_sample,
    inverse_cosine_transform,
    matching_draws,
    norms,
    scale,
    within_dtype,
)


def high_frequency_mask(side: int) -> Array:
    """Boolean (side, side): coefficients (i, j) within side − 1 of the highest frequency.

    Examples
    --------
    >>> high_frequency_mask(2)
    array([[False,  True],
           [ True,  True]])
    """
    distance = side - 1 - np.arange(side)
    return distance[:, None] ** 2 + distance**2 <= (side - 1) ** 2


def high_frequency_noise(images: Array, draws: Array, noise_to_signal: float) -> Array:
    r"""High-frequency noise added to centred images, the sum scaled to norm √d.

    The noise is a Gaussian matrix of cosine coefficients, masked to the corner of high
    frequencies and scaled to Frobenius norm :math:`\tau \|F\|`, F the coefficients of the
    centred image. The transform is orthonormal and linear, so :math:`\|F\|` is the norm of the
    pixels and only the noise needs transforming.

    Parameters
    ----------
    images : array-like (n, s, s) or (n, s, s, 1)
        Grey images on any scale; float64 gives float64, and so do integers.
    draws : array-like
        Standard normal, one for every pixel.
    noise_to_signal : float
        τ ≥ 0.

    Returns
    -------
    array, shaped like the images

    Raises
    ------
    InputError
        If an image is constant or not finite, the images are not square and grey, the draws do
        not fit them, or τ is negative, not finite, or too much for their dtype.

    References
    ----------
    Ghorbani et al. (2020), section 3 and appendix A.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> images, draws = rng.random((5, 8, 8)), rng.standard_normal((5, 8, 8))
    >>> np.linalg.norm(high_frequency_noise(images, draws, 0.5), axis=(1, 2))
    array([8., 8., 8., 8., 8.])
    """
    centred = centre(images)
    HighFrequencyNoise.check(centred.shape[1:], noise_to_signal)
    shape, centred = centred.shape, centred.reshape(centred.shape[:3])
    mask = high_frequency_mask(shape[1]).astype(centred.dtype)
    masked = matching_draws(draws, centred) * mask
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.asarray(noise_to_signal, centred.dtype) * norms(centred) / norms(masked)
        noisy = centred + ratio * inverse_cosine_transform(masked)
    return scale(within_dtype(noisy, noise_to_signal)).reshape(shape)


@PERTURBATIONS.register("high_frequency")
@dataclass(frozen=True)
class HighFrequencyNoise(Perturbation):
    """`high_frequency_noise` as a perturbation; it needs nothing from the training images.

    Examples
    --------
    >>> HighFrequencyNoise.grid((28, 28))[-1]
    3.0
    """

    level: ClassVar[str] = "noise-to-signal ratio"
    axis_label: ClassVar[str] = "noise-to-signal ratio τ"

    def apply(self, images: Array, draws: Array, level: float) -> Array:
        """See `high_frequency_noise`."""
        return high_frequency_noise(images, draws, level)

    @classmethod
    def grid(cls, shape: tuple[int, ...]) -> tuple[float, ...]:
        """The 15 noise-to-signal ratios from 0 to 3 of the paper."""
        return tuple(np.linspace(0, 3, 15).tolist())

    @classmethod
    def refusal(cls, shape: tuple[int, ...]) -> str | None:
        """Only square grey images of at least 2×2 pixels."""
        if shape[2:] in ((), (1,)) and len(shape) > 1 and shape[0] == shape[1] > 1:
            return None
        return "high_frequency needs square grey images"

    @classmethod
    def sample_refusal(cls, images: Array) -> str | None:
        """Constant images cannot be scaled."""
        return constant_sample(images)
