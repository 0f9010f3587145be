"""Standardised colour images."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError


@dataclass(frozen=True)
class Standardisation:
    """Subtract every channel's mean and divide by its standard deviation.

    The published code averages over images, rows and columns, so each channel has its own mean.

    Parameters
    ----------
    means : array (c,)
        Of every channel of the training images, float64.
    deviations : array (c,)
        Standard deviations (divisor n), float64.
    """

    means: Array
    deviations: Array

    @classmethod
    def fit(cls, images: Array) -> Self:
        """Measure training images (n, s, s, c), in float64.

        Raises
        ------
        ValueError
            If a channel is constant: dividing by its standard deviation makes no number.
        """
        pixels = images.reshape(-1, images.shape[-1])
        means = pixels.mean(axis=0, dtype=np.float64)
        deviations = pixels.std(axis=0, dtype=np.float64)
        constant = pixels.min(axis=0) == pixels.max(axis=0)
        if constant.any():
            raise InputError(
                f"channel {int(np.argmax(constant))} is constant over the training images, so it "
                "cannot be standardised; drop it or use grey images"
            )
        return cls(means, deviations)

    def apply(self, images: Array) -> Array:
        """Standardised images, in their dtype."""
        return (images - self.means.astype(images.dtype)) / self.deviations.astype(images.dtype)
