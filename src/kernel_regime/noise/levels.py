"""What the levels of the parameters mean for the images at hand."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt

from kernel_regime.core.errors import InputError
from kernel_regime.noise.kinds import PERTURBATIONS


@dataclass(frozen=True)
class Level:
    """A noise level: a position in the published grid, or a value."""

    index: int | None = None
    value: float | None = None


def _read_level(given: Any) -> Level:
    match given:
        case Level():
            return given
        case bool():
            pass
        case int() if given >= 0:
            return Level(index=given)
        case {"value": bool()}:
            pass
        case {"value": int() | float() as value} if len(given) == 1 and 0 <= value < float("inf"):
            return Level(value=float(value))
    raise InputError(
        f"not a noise level: {given!r}; give its place in the published grid (0, 1, ...) or its "
        "value, such as {value: 0.5}, neither of them negative"
    )


class NoiseParameters(BaseModel):
    """Which perturbation, at which levels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["clean", "high_frequency", "low_frequency", "spiked_covariates"]
    levels: Annotated[list[Annotated[Level, BeforeValidator(_read_level)]], Field(min_length=1)]
    """Whole numbers are places in the published grid, `{value: …}` are values."""
    seed: NonNegativeInt
    """Every (seed, split, level) has its own random numbers."""


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
    ValueError
        If the perturbation is not made for such samples, a place is outside the published grid,
        or two entries mean the same value.
    """
    if refused := PERTURBATIONS[noise.kind].refusal(shape):
        raise InputError(f"noise.kind: {refused}, the data set has {_describe(shape)}")
    values: list[float] = []
    for position, level in enumerate(noise.levels):
        place = f"noise.levels[{position}]"
        value = _resolve(level, noise.kind, shape, place)
        names = [level_name(known) for known in values]
        if level_name(value) in names:
            raise InputError(
                f"{place}: {value:g} is what noise.levels[{names.index(level_name(value))}] "
                "means, too; name every level once"
            )
        values.append(value)
    return values


def _resolve(level: Level, kind: str, shape: tuple[int, ...], place: str) -> float:
    perturbation = PERTURBATIONS[kind]
    if level.value is not None:
        if refused := perturbation.level_refusal(level.value, shape):
            raise InputError(f"{place}: {refused}; give another value")
        return level.value
    grid = perturbation.grid(shape)
    if level.index is not None and level.index < len(grid):
        return grid[level.index]
    article = "an" if perturbation.level[0] in "aeiou" else "a"
    bounds = f"(0–{len(grid) - 1})" if grid else "(no grid was published)"
    raise InputError(
        f"{place}: index {level.index} is out of range for {kind} on {_describe(shape)} {bounds}; "
        f"give {article} {perturbation.level} instead: {{value: {grid[-1] if grid else 1:g}}}"
    )


def _describe(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"vectors of {shape[0]} features"
    return "×".join(map(str, shape)) + " images"
