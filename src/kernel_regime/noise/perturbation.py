"""The common face of all perturbations."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import numpy as np

from kernel_regime.core.arrays import Array


class Perturbation(ABC):
    """A family of input distributions, indexed by a level.

    Subclasses are frozen dataclasses: fitted once to the training images, then applied as pure
    functions of (images, draws, level).
    """

    level: ClassVar[str]
    """What a level is, in words, for error messages and figures."""

    random: ClassVar[bool] = True
    """Whether `apply` uses the draws at all."""

    @classmethod
    @abstractmethod
    def fit(cls, images: Array) -> Self:
        """Learn what the perturbation needs to know from the training images (n, ...)."""

    @abstractmethod
    def apply(self, images: Array, draws: Array, level: float) -> Array:
        """Perturbed images; `draws` are standard normal and shaped like the images."""

    @classmethod
    @abstractmethod
    def grid(cls, shape: tuple[int, ...]) -> tuple[float, ...]:
        """Published levels for samples of this shape; empty where nothing was published."""

    @classmethod
    @abstractmethod
    def refusal(cls, shape: tuple[int, ...]) -> str | None:
        """Why samples of this shape cannot be perturbed so, or None."""

    @classmethod
    def sample_refusal(cls, images: Array) -> str | None:
        """Why one of these samples, of a suitable shape, cannot be perturbed, or None."""
        return None

    @classmethod
    def level_refusal(cls, level: float, shape: tuple[int, ...]) -> str | None:
        """Why this level makes no sense for samples of this shape, or None."""
        if not np.isfinite(level) or level < 0:
            return f"{cls.level} {level:g} is not a finite number ≥ 0"
        return None
