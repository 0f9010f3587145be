"""Grids of ridges and penalties, as numbers or in powers of ten."""

from collections.abc import Iterable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveInt

from kernel_regime.core.listed_once import LISTED_ONCE
from kernel_regime.core.parameters import ParameterModel


class PowersOfTen(ParameterModel):
    """`count` values from 10^`from` to 10^`to`, evenly spaced in the exponent."""

    # Beyond, powers of ten are no numbers in double precision.
    start: float = Field(alias="from", ge=-300, le=300)
    stop: float = Field(alias="to", ge=-300, le=300)
    count: PositiveInt

    def values(self) -> NDArray[np.float64]:
        """The grid."""
        return 10.0 ** np.linspace(self.start, self.stop, self.count)


Grid = Annotated[tuple[NonNegativeFloat | PowersOfTen, ...], Field(min_length=1), LISTED_ONCE]


def expand(grid: Iterable[float | PowersOfTen]) -> NDArray[np.float64]:
    """All values of a grid, increasing, each once."""
    return np.unique(
        np.concatenate([p.values() if isinstance(p, PowersOfTen) else [p] for p in grid])
    )
