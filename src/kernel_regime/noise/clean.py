"""The undisturbed inputs."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_samples
from kernel_regime.noise.perturbation import PERTURBATIONS, Perturbation
from kernel_regime.noise.transforms import training_samples


@PERTURBATIONS.register("clean")
@dataclass(frozen=True)
class Clean(Perturbation):
    """No perturbation: inputs divided by the largest training magnitude, pixels in [0, 1].

    Examples
    --------
    >>> Clean.fit([[0, 4], [2, 1]]).apply([[1, 2]], None, 0)
    array([[0.25, 0.5 ]])
    """

    largest: float

    level: ClassVar[str] = "level"
    axis_label: ClassVar[str] = "no noise"
    learned: ClassVar[tuple[str, ...]] = ("largest",)
    random: ClassVar[bool] = False
    standardised: ClassVar[bool] = False

    @classmethod
    def fit(cls, images: Array, **parameters: object) -> Self:
        """Find the largest training magnitude; inputs that are all 0 are refused (InputError)."""
        images = training_samples(images)
        largest = max(float(images.max()), -float(images.min()))
        if not largest > 0:
            raise InputError("the largest training value is 0; give inputs with signal")
        return cls(largest)

    def apply(self, images: Array, draws: Array | None, level: float) -> Array:
        """Inputs in [0, 1], or [−1, 1] where some are negative; draws and level play no part."""
        images = checked_samples(images, "inputs")
        self.check(images.shape[1:], level)
        return images / np.asarray(self.largest, images.dtype)

    @classmethod
    def grid(cls, shape: tuple[int, ...]) -> tuple[float, ...]:
        """The single level 0."""
        return (0.0,)

    @classmethod
    def level_refusal(cls, level: float, shape: tuple[int, ...]) -> str | None:
        """Only level 0 exists."""
        return None if level == 0 else f"clean inputs have the level 0 only, got {level:g}"
