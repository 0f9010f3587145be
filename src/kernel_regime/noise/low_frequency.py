"""Low frequencies replaced by Gaussian noise of the same mean and covariance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from kernel_regime.core.arrays import Array, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_samples
from kernel_regime.noise.perturbation import PERTURBATIONS, Perturbation
from kernel_regime.noise.transforms import (
    centre_and_scale,
    constant_sample,
    cosine_transform,
    inverse_cosine_transform,
    matching_draws,
    training_samples,
)

# A fixed number, so that the last digits depend on no setting of memory.
_BATCH = 4096
_COLOUR_GRID = (0, 4, 8, 12, 14, 17, 19, 20, 22, 24, 25, 27, 28, 29, 30)


@PERTURBATIONS.register("low_frequency")
@dataclass(frozen=True)
class LowFrequencyNoise(Perturbation):
    r"""Low-frequency noise: cosine coefficients below a cut-off, replaced by :math:`N(\mu, S)`.

    Grey images (n, s, s) or (n, s, s, 1) are centred and scaled first, and not rescaled
    afterwards. Colour images (n, s, s, c) stay on their own scale; standardise them afterwards
    (`Standardisation`).

    Parameters
    ----------
    mean : array (features,)
        μ of the flattened training coefficients, float64.
    root : array (features, features)
        Symmetric square root of their covariance S (divisor n), float64.
    shape : tuple of int
        Of a training image: others may have as many features.

    References
    ----------
    Ghorbani et al. (2020), appendix A ("NFMNIST", "NCIFAR-10").

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> images = rng.random((50, 8, 8))
    >>> noise = LowFrequencyNoise.fit(images)
    >>> noise.apply(images, rng.standard_normal((50, 8, 8)), cutoff=3).shape
    (50, 8, 8)
    """

    mean: Array
    root: Array
    shape: tuple[int, ...]

    level: ClassVar[str] = "cut-off"
    axis_label: ClassVar[str] = "cut-off t (coefficients replaced per axis)"
    learned: ClassVar[tuple[str, ...]] = ("mean", "root", "shape")

    @classmethod
    def fit(cls, images: Array, **parameters: object) -> Self:
        """Measure μ and the square root of S on the training images, in float64.

        Raises
        ------
        InputError
            If there are none, they are not square, or one is not finite or (grey) constant.
        """
        images = training_samples(images)
        cls.check(images.shape[1:], 0)
        if refused := cls.sample_refusal(images):
            raise InputError(refused)
        features = images[0].size
        mean, covariance = np.zeros(features), np.zeros((features, features))
        for batch in _coefficients(images):
            mean += batch.sum(axis=0) / len(images)
        for batch in _coefficients(images):
            batch -= mean
            covariance += batch.T @ batch
        return cls(mean, _symmetric_root(covariance / len(images)), images.shape[1:])

    def apply(self, images: Array, draws: Array, cutoff: float) -> Array:
        """Images whose coefficients `[:cutoff, :cutoff]` are noise.

        Parameters
        ----------
        images : array-like (n, s, s) or (n, s, s, c)
        draws : array-like
            Standard normal, as many per image as it has features.
        cutoff : float
            A whole number from 0 (nothing replaced) to s (everything).

        Raises
        ------
        InputError
            If the images differ in shape from the training images, one of them is not finite or
            (grey) constant, the draws do not fit, or the cut-off is not such a number.
        """
        images = checked_samples(images, "images")
        shape = images.shape[1:]
        self.check(shape, cutoff)
        if _without_grey_axis(shape) != _without_grey_axis(self.shape):
            raise InputError(
                f"images have {np.prod(shape)} features, those of the fit {len(self.mean)}, in "
                f"shapes {shape} and {self.shape}; fit to training images of the same shape"
            )
        coefficients = cosine_transform(_prepared(images))
        block = _block(int(cutoff), shape)
        root, mean = (x.astype(coefficients.dtype) for x in (self.root[:, block], self.mean[block]))
        flat = coefficients.reshape(len(images), -1)
        flat[:, block] = matching_draws(draws, flat) @ root + mean
        return inverse_cosine_transform(flat.reshape(images.shape))

    @classmethod
    def grid(cls, shape: tuple[int, ...]) -> tuple[float, ...]:
        """Odd cut-offs below the side of grey images; the paper's 15 for 32×32 colour images."""
        if _is_grey(shape):
            return tuple(float(cutoff) for cutoff in range(1, shape[0], 2))
        return tuple(map(float, _COLOUR_GRID)) if shape[:2] == (32, 32) else ()

    @classmethod
    def refusal(cls, shape: tuple[int, ...]) -> str | None:
        """Only square images, grey or colour."""
        if len(shape) in (2, 3) and shape[0] == shape[1] > 1:
            return None
        return "low_frequency needs square images, grey or colour"

    @classmethod
    def sample_refusal(cls, images: Array) -> str | None:
        """Constant grey images cannot be scaled."""
        return constant_sample(images) if _is_grey(images.shape[1:]) else None

    @classmethod
    def level_refusal(cls, level: float, shape: tuple[int, ...]) -> str | None:
        """A cut-off is a whole number from 0 to the side of the image."""
        if level in range(shape[0] + 1):
            return None
        return f"cut-off {level:g} is not a whole number from 0 to the image side {shape[0]}"


def _is_grey(shape: tuple[int, ...]) -> bool:
    return shape[2:] in ((), (1,))


def _without_grey_axis(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:2] if _is_grey(shape) else shape


def _prepared(images: Array) -> Array:
    return centre_and_scale(images) if _is_grey(images.shape[1:]) else as_floating(images, "images")


def _coefficients(images: Array) -> Iterator[Array]:
    """Flattened float64 coefficients of the prepared images, batch by batch."""
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH].astype(np.float64)
        yield cosine_transform(_prepared(batch)).reshape(len(batch), -1)


def _block(cutoff: int, shape: tuple[int, ...]) -> Array:
    """Flat indices of the coefficients `[:cutoff, :cutoff]`, all channels."""
    return np.arange(np.prod(shape)).reshape(shape)[:cutoff, :cutoff].ravel()


def _symmetric_root(covariance: Array) -> Array:
    """Symmetric square root; eigenvalues that round-off made negative count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
