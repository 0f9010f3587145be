"""The undisturbed inputs."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.noise.perturbation import Perturbation


@dataclass(frozen=True)
class Clean(Perturbation):
    """No perturbation: inputs divided by the largest training value, pixels in [0, 1]."""

    largest: float

    level: ClassVar[str] = "level"
    random: ClassVar[bool] = False

    @classmethod
    def fit(cls, images: Array) -> Self:
        """Find the largest training value; if there is nothing above 0, refuse with ValueError."""
        largest = float(np.max(images))
        if not largest > 0:
            raise InputError(f"the largest training value is {largest:g}; give inputs with signal")
        return cls(largest)

    def apply(self, images: Array, draws: Array, level: float) -> Array:
        """Images in [0, 1]; draws and level (always 0) play no part."""
        return images / np.asarray(self.largest, images.dtype)

    @classmethod
    def grid(cls, shape: tuple[int, ...]) -> tuple[float, ...]:
        """The single level 0."""
        return (0.0,)

    @classmethod
    def refusal(cls, shape: tuple[int, ...]) -> str | None:
        """Any sample can be left alone."""
        return None

    @classmethod
    def level_refusal(cls, level: float, shape: tuple[int, ...]) -> str | None:
        """Only level 0 exists."""
        return None if level == 0 else f"clean inputs have the level 0 only, got {level:g}"
