"""Gaussian noise on every feature, for vectors and tables as much as for images."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_samples
from kernel_regime.noise.perturbation import PERTURBATIONS, Perturbation
from kernel_regime.noise.standardisation import moments
from kernel_regime.noise.transforms import (
    matching_draws,
    training_samples,
    within_dtype,
)


@PERTURBATIONS.register("gaussian")
@dataclass(frozen=True)
class GaussianNoise(Perturbation):
    r"""Standardised features plus white noise: :math:`(x - \mu) / \sigma + \tau z`.

    Mean μ and standard deviation σ are those of every feature over the training samples, so that
    columns in different units count alike; a feature that is constant there becomes 0 + τz. The
    level τ is the standard deviation of the noise where every feature's is 1.

    Parameters
    ----------
    means, deviations : array, shaped like a sample
        Of the training samples, float64.

    Examples
    --------
    >>> noise = GaussianNoise.fit([[0.0, 10.0], [2.0, 30.0]])
    >>> noise.apply([[2.0, 20.0]], [[1.0, -1.0]], 0.5)
    array([[ 1.5, -0.5]])
    """

    means: Array
    deviations: Array

    level: ClassVar[str] = "standard deviation of the noise"
    axis_label: ClassVar[str] = "standard deviation τ of the noise (features: 1)"
    learned: ClassVar[tuple[str, ...]] = ("means", "deviations")
    standardised: ClassVar[bool] = False

    @classmethod
    def fit(cls, images: Array, **parameters: object) -> Self:
        """Measure every feature over the training samples (n, ...), in float64."""
        images = training_samples(images)
        means, deviations = moments(images.reshape(len(images), -1))
        shape = images.shape[1:]
        return cls(means.reshape(shape), np.where(deviations > 0, deviations, 1).reshape(shape))

    def apply(self, images: Array, draws: Array, level: float) -> Array:
        """Standardised samples with noise, in the dtype of the samples and draws.

        Raises
        ------
        InputError
            If samples or draws do not fit, or the level makes numbers beyond their dtype.
        """
        images = checked_samples(images, "inputs")
        self.check(images.shape[1:], level)
        if images.shape[1:] != self.means.shape:
            raise InputError(
                f"inputs have the shape {images.shape[1:]}, those of the fit {self.means.shape}; "
                "fit to training samples of the same shape"
            )
        means, deviations = (x.astype(images.dtype) for x in (self.means, self.deviations))
        draws = matching_draws(draws, images)
        with np.errstate(over="ignore", invalid="ignore"):
            noisy = (images - means) / deviations + np.asarray(level, images.dtype) * draws
        return within_dtype(noisy, level)
