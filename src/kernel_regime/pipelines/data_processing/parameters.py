"""Parameters `data` and `noise`."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt, PositiveInt


class DataParameters(BaseModel):
    """Which samples to use: all, or a subsample stratified by class."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_train: PositiveInt | None
    """Training samples; null for all."""
    n_test: PositiveInt | None
    """Test samples; null for all."""
    seed: NonNegativeInt
    """Which subsample."""


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
    raise ValueError(
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
