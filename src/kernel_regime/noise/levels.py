"""Noise levels: what the parameters ask for, and what that means for the samples at hand."""

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PlainSerializer,
    field_validator,
    model_validator,
)

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.parameters import ParameterModel, checked_arguments, parameter_model
from kernel_regime.core.types import Arguments
from kernel_regime.noise.perturbation import PERTURBATIONS, Perturbation


@dataclass(frozen=True)
class Level:
    """A noise level: a place in the published grid, or a value.

    Examples
    --------
    >>> Level.read(3), Level.read({"value": 0.5})
    (Level(index=3, value=None), Level(index=None, value=0.5))
    """

    index: int | None = None
    value: float | None = None

    @classmethod
    def read(cls, given: object) -> "Level":
        """The level that a parameter means; anything else is refused with InputError."""
        match given:
            case Level():
                return given
            case bool():
                pass
            case int() if given >= 0:
                return Level(index=given)
            case {"value": bool()}:
                pass
            case {"value": int() | float() as number, **others} if not others:
                if 0 <= number < float("inf"):
                    return Level(value=float(number))
        raise InputError(
            f"not a noise level: {given!r}; give its place in the published grid (0, 1, ...) or "
            "its value, such as {value: 0.5}, neither of them negative"
        )

    def as_parameter(self) -> int | dict[str, float]:
        """What `read` reads."""
        return {"value": self.value} if self.value is not None else self.index or 0


ReadLevel = Annotated[
    Level, BeforeValidator(Level.read), PlainSerializer(lambda level: level.as_parameter())
]


class NoiseParameters(ParameterModel):
    """Noise parameters: which perturbation, at which levels.

    Further keys are parameters of the perturbation itself, checked by its annotations.

    Examples
    --------
    >>> noise = NoiseParameters(kind="high_frequency", levels=[0, {"value": 2}], seed=0)
    >>> noise.perturbation.__name__
    'HighFrequencyNoise'
    """

    model_config = ConfigDict(extra="allow")

    kind: str
    """A registered kind, or `package.module:Class` for one's own."""
    levels: Annotated[list[ReadLevel], Field(min_length=1)]
    """Whole numbers are places in the published grid, `{value: …}` are values."""
    seed: NonNegativeInt
    """Every (seed, split, level) has its own random numbers."""

    @property
    def perturbation(self) -> type[Perturbation]:
        """The class of the perturbation."""
        return PERTURBATIONS.find(self.kind)

    def fit(self, samples: Array) -> Perturbation:
        """The perturbation with its parameters, fitted to training samples (n, ...)."""
        return self.perturbation.fit(samples, **self._arguments())

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        PERTURBATIONS.find(kind)
        return kind

    @model_validator(mode="after")
    def _only_parameters(self) -> Self:
        perturbation = self.perturbation
        known = parameter_model(perturbation, perturbation.learned).model_fields
        for key in self.model_extra or ():
            if key not in known:
                meant = did_you_mean(key, {*known, *type(self).model_fields})
                raise InputError(f"{self.kind} has no parameter {key!r}; {meant}")
        self._arguments()
        return self

    def _arguments(self) -> Arguments:
        perturbation = self.perturbation
        return checked_arguments(
            perturbation, self.model_extra or {}, self.kind, perturbation.learned
        )


def level_name(value: float) -> str:
    """Name of a noise level in partitions and tables: `level_0`, `level_0.5`, …

    It follows from the value alone, so that a level added to a sweep renames no other.

    Examples
    --------
    >>> level_name(3 / 14)
    'level_0.214286'
    """
    return f"level_{value:g}"


def resolve_levels(noise: NoiseParameters, shape: tuple[int, ...]) -> list[float]:
    """Values of all levels, for samples of this shape.

    Raises
    ------
    InputError
        If the perturbation is not made for such samples, a place is outside the published grid,
        or two entries mean the same value.

    Examples
    --------
    >>> noise = NoiseParameters(kind="low_frequency", levels=[0, 13, {"value": 28}], seed=0)
    >>> resolve_levels(noise, (28, 28))
    [1.0, 27.0, 28.0]
    """
    if refused := noise.perturbation.refusal(shape):
        raise InputError(f"noise.kind: {refused}, the data set has {describe_shape(shape)}")
    values: list[float] = []
    for position, level in enumerate(noise.levels):
        place = f"noise.levels[{position}]"
        value = _resolve(level, noise.perturbation, shape, place)
        names = [level_name(known) for known in values]
        if level_name(value) in names:
            raise InputError(
                f"{place}: {value:g} is what noise.levels[{names.index(level_name(value))}] "
                "means, too; name every level once"
            )
        values.append(value)
    return values


def _resolve(
    level: Level, perturbation: type[Perturbation], shape: tuple[int, ...], place: str
) -> float:
    if level.value is not None:
        if refused := perturbation.level_refusal(level.value, shape):
            raise InputError(f"{place}: {refused}; give another value")
        return level.value
    grid = perturbation.grid(shape)
    if level.index is not None and 0 <= level.index < len(grid):
        return grid[level.index]
    article = "an" if perturbation.level[0] in "aeiou" else "a"
    bounds = f"(0–{len(grid) - 1})" if grid else "(no grid was published)"
    raise InputError(
        f"{place}: index {level.index} is out of range for {perturbation.kind} on "
        f"{describe_shape(shape)} {bounds}; give {article} {perturbation.level} instead: "
        f"{{value: {grid[-1] if grid else 1:g}}}"
    )


def describe_shape(shape: tuple[int, ...]) -> str:
    """The samples of a shape in words.

    Examples
    --------
    >>> describe_shape((28, 28)), describe_shape((4,))
    ('28×28 images', 'vectors of 4 features')
    """
    if len(shape) == 1:
        return f"vectors of {shape[0]} features"
    return "×".join(map(str, shape)) + " images"
