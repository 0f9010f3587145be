"""Settings of learning curves: what is forecast, from how many samples, and what is measured."""

from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from kernel_regime.core.listed_once import LISTED_ONCE
from kernel_regime.core.parameters import ParameterType


@dataclass(frozen=True)
class HermiteSettings(ParameterType):
    """How far a Hermite forecast goes, where the kernel has one: see `HermiteForecast`.

    Parameters
    ----------
    modes : int
        Eigenvalues found one by one; some times the largest n.
    further_sizes : list of int
        Sizes that are forecast and not measured, beyond the samples there are.

    Examples
    --------
    >>> HermiteSettings(modes=1000).further_sizes
    []
    """

    modes: Annotated[int, Field(ge=8)]
    further_sizes: Annotated[list[PositiveInt], LISTED_ONCE] = field(default_factory=list)


@dataclass(frozen=True)
class LearningCurveSettings(ParameterType):
    """Which learning curve to forecast, and which regressions it is scored on.

    Parameters
    ----------
    forecast_from : int
        The p samples the forecast is made from, the first ones. No regression uses them.
    sizes : list of int
        Sizes n of the training sets, drawn from the other samples. Beyond p there is a Hermite
        forecast only.
    ridges : list of float
        In units of the kernel's mean diagonal over those p samples.
    repeats : int
        Training sets per size.
    seed : int
        Of the draws.
    hermite : HermiteSettings, optional
        Of a second forecast, from the covariance of the inputs; None leaves it out.

    Examples
    --------
    >>> settings = LearningCurveSettings(500, [50, 400], ridges=[0.1], repeats=3)
    >>> settings.within(200).sizes
    [50]
    """

    forecast_from: PositiveInt
    sizes: Annotated[list[PositiveInt], Field(min_length=1), LISTED_ONCE]
    ridges: Annotated[list[PositiveFloat], Field(min_length=1), LISTED_ONCE]
    repeats: PositiveInt
    seed: NonNegativeInt = 0
    hermite: HermiteSettings | None = None

    @property
    def further_sizes(self) -> list[int]:
        """Sizes beyond the measured ones."""
        further = self.hermite.further_sizes if self.hermite else []
        return [size for size in further if size > max(self.sizes)]

    def within(self, available: int) -> "LearningCurveSettings":
        """For a training set of the given size: at most half of it forecasts, the rest is drawn."""
        forecast_from = min(self.forecast_from, available // 2)
        left = available - forecast_from
        sizes = [size for size in self.sizes if size <= left] or [left]
        return replace(self, forecast_from=forecast_from, sizes=sizes)
