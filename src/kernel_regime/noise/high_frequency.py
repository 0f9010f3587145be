"""Noise in the high frequencies, where kernels expect no signal."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.noise.perturbation import Perturbation
from kernel_regime.noise.transforms import (
    centre,
    inverse_cosine_transform,
    norms,
    refuse_constant,
    scale,
)


def high_frequency_mask(side: int) -> Array:
    """Boolean (side, side): coefficients (i, j) within side − 1 of the highest frequency."""
    distance = side - 1 - np.arange(side)
    return distance[:, None] ** 2 + distance**2 <= (side - 1) ** 2


def high_frequency_noise(images: Array, draws: Array, noise_to_signal: float) -> Array:
    r"""Centred images plus high-frequency noise, each scaled to norm √d.

    The noise is a Gaussian matrix of cosine coefficients, masked to the corner of high
    frequencies and scaled to Frobenius norm :math:`\tau \|F\|`, F the coefficients of the
    centred image. The transform is orthonormal and linear, so :math:`\|F\|` is the norm of the
    pixels and only the noise needs transforming.

    Parameters
    ----------
    images : array (n, s, s)
        Grey images on any scale; float64 gives float64.
    draws : array (n, s, s)
        Standard normal.
    noise_to_signal : float
        τ ≥ 0.

    Returns
    -------
    array (n, s, s)

    Raises
    ------
    ValueError
        If an image is constant.

    References
    ----------
    Ghorbani et al. (2020), section 3 and appendix A.
    """
    centred = centre(images)
    masked = draws * high_frequency_mask(centred.shape[1]).astype(centred.dtype)
    ratio = np.asarray(noise_to_signal, centred.dtype) * norms(centred) / norms(masked)
    return scale(centred + ratio * inverse_cosine_transform(masked))


@dataclass(frozen=True)
class HighFrequencyNoise(Perturbation):
    """`high_frequency_noise` as a perturbation; it needs nothing from the training images."""

    level: ClassVar[str] = "noise-to-signal ratio"

    @classmethod
    def fit(cls, images: Array) -> Self:
        """Nothing to learn."""
        return cls()

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
        if len(shape) == 2 and shape[0] == shape[1] > 1:
            return None
        return "high_frequency needs square grey images"

    @classmethod
    def sample_refusal(cls, images: Array) -> str | None:
        """Constant images cannot be scaled."""
        return refuse_constant(images)
