"""Perturbations of the inputs: the base class, and the registry of their kinds."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.registry import Registry


class Perturbation(ABC):
    """Perturbation: a family of input distributions, indexed by a level.

    A subclass is a frozen dataclass, fitted once to the training inputs and then applied as a pure
    function of (inputs, draws, level). Its fields are the parameters that stand beside `kind`,
    `levels` and `seed` in the configuration, but for those that `fit` learns. Only `level` and
    `apply` must be given.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Fading(Perturbation):
    ...     "Images that fade to grey."
    ...
    ...     grey: float = 0.5
    ...
    ...     level: ClassVar[str] = "share of grey"
    ...
    ...     def apply(self, images, draws, level):
    ...         return (1 - level) * images + level * self.grey
    >>> Fading.fit(np.ones((1, 2)), grey=0.0).apply(np.ones((1, 2)), None, 0.25)
    array([[0.75, 0.75]])
    """

    kind: ClassVar[str]
    """The name that parameters call it: of a built-in class by `register`, or module:Class."""

    level: ClassVar[str]
    """What a level is, in words, for messages."""

    axis_label: ClassVar[str] = ""
    """What the axis of levels says in figures; `level` where empty."""

    learned: ClassVar[tuple[str, ...]] = ()
    """Fields that `fit` measures, which are therefore no parameters."""

    random: ClassVar[bool] = True
    """Whether `apply` uses the draws at all."""

    standardised: ClassVar[bool] = True
    """Whether colour images are standardised afterwards, channel by channel."""

    @classmethod
    def fit(cls, images: Array, **parameters: object) -> Self:
        """Learn what the perturbation needs to know from the training inputs (n, ...).

        A class that learns overrides this; others only take their parameters.
        """
        return cls(**parameters)

    @abstractmethod
    def apply(self, images: Array, draws: Array, level: float) -> Array:
        """Perturbed inputs; `draws` are standard normal and shaped like the inputs."""

    @classmethod
    def grid(cls, shape: tuple[int, ...]) -> tuple[float, ...]:
        """Published levels for samples of this shape; empty where nothing was published."""
        return ()

    @classmethod
    def signal_features(cls, shape: tuple[int, ...]) -> int | None:
        """How many leading features of samples of this shape carry the target, where it is known.

        Examples
        --------
        >>> PERTURBATIONS.find("spiked_covariates").signal_features((1024,))
        16
        """
        return None

    @classmethod
    def refusal(cls, shape: tuple[int, ...]) -> str | None:
        """Why samples of this shape cannot be perturbed so, or None."""
        return None

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

    @classmethod
    def check(cls, shape: tuple[int, ...], level: float) -> None:
        """Refuse samples of an unsuitable shape, and a level that makes no sense for them.

        Raises
        ------
        InputError
        """
        refused = cls.refusal(shape) or cls.level_refusal(level, shape)
        if refused:
            raise InputError(f"{refused}; got samples of shape {shape}")

    @classmethod
    def level_label(cls) -> str:
        """What the axis of levels says in figures."""
        return cls.axis_label or cls.level


PERTURBATIONS: Registry[Perturbation] = Registry(
    "perturbation", "kernel_regime.noise", Perturbation
)
"""All perturbations by kind: `@PERTURBATIONS.register("clean")` above a class declares one."""
