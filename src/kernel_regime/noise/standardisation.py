"""Standardised colour images."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.samples import checked_samples
from kernel_regime.noise.transforms import training_samples


@dataclass(frozen=True)
class Standardisation:
    """Standardisation of channels: subtract each one's mean, divide by its standard deviation.

    The published code averages over images, rows and columns, so each channel has its own mean.

    Parameters
    ----------
    means : array (c,)
        Of every channel of the training images, float64.
    deviations : array (c,)
        Standard deviations (divisor n), float64.

    Examples
    --------
    >>> images = np.arange(12, dtype=np.uint8).reshape(2, 1, 2, 3)
    >>> Standardisation.fit(images).apply(images)[..., 0].round(3)
    array([[[-1.342, -0.447]],
    <BLANKLINE>
           [[ 0.447,  1.342]]])
    """

    means: Array
    deviations: Array

    @classmethod
    def fit(cls, images: Array) -> Self:
        """Measure training images (n, s, s, c), in float64.

        Raises
        ------
        InputError
            If a channel is constant: dividing by its standard deviation makes no number.
        """
        images = training_samples(images)
        means, deviations = moments(images.reshape(-1, images.shape[-1]))
        if not deviations.all():
            raise InputError(
                f"channel {int(np.argmin(deviations))} is constant over the training images, so it "
                "cannot be standardised; drop it or use grey images"
            )
        return cls(means, deviations)

    def apply(self, images: Array) -> Array:
        """Standardised images: floating ones in their dtype, bytes and integers in float64."""
        images = checked_samples(images, "images")
        if images.shape[-1] != len(self.means):
            raise InputError(
                f"images have {images.shape[-1]} channels, those of the fit {len(self.means)}; "
                "fit to images of the same kind"
            )
        return (images - self.means.astype(images.dtype)) / self.deviations.astype(images.dtype)


def moments(rows: Array) -> tuple[Array, Array]:
    """Means and standard deviations (divisor n) of the columns of (n, c), in float64.

    A constant column has the deviation 0 exactly. One block of rows is in memory at a time.

    Examples
    --------
    >>> moments(np.array([[1.0, 5.0], [3.0, 5.0]]))
    (array([2., 5.]), array([1., 0.]))
    """
    low, high = (extreme.astype(np.float64) for extreme in (rows.min(axis=0), rows.max(axis=0)))
    # Shares of the range: their squares neither overflow nor vanish.
    width = np.where(high > low, high - low, 1)
    blocks = list(row_blocks(len(rows), 8 * rows.shape[1]))
    share = np.zeros(rows.shape[1])
    for block in blocks:
        shares = (rows[block] - low) / width
        share += np.ones(len(shares)) @ shares / len(rows)
    variance = np.zeros(rows.shape[1])
    for block in blocks:
        shares = (rows[block] - low) / width - share
        variance += np.einsum("ij,ij->j", shares, shares) / len(rows)
    return low + width * share, width * np.sqrt(variance)
