"""Parameters `ridge` and `selection`."""

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from kernel_regime.core.parameters import ParameterModel
from kernel_regime.pipelines.model_training.grids import Grid, expand


def _without_dropped(exceptions: object) -> object:
    if not isinstance(exceptions, Mapping):
        return exceptions
    return {name: grid for name, grid in exceptions.items() if grid is not None}


class RidgeParameters(ParameterModel):
    """Which ridges, and how to solve for them."""

    values: Grid
    """Ridges λ, as numbers or as {from, to, count} in powers of ten."""
    exceptions: Annotated[dict[str, Grid], BeforeValidator(_without_dropped)] = Field(
        default_factory=dict
    )
    """Other ridges for single kernels, by kernel name; null drops one of base's."""
    solver: Literal["auto", "cholesky", "direct", "iterative"]
    """How to solve: `kernel_regime.regression.choose_solver`."""

    def grid(self, kernel: str) -> NDArray[np.float64]:
        """Ridges of one kernel, increasing."""
        return expand(self.exceptions.get(kernel, self.values))


class SelectionParameters(ParameterModel):
    """Bootstrap intervals, and which ridge stands for a kernel in the phase diagram."""

    criterion: Literal["loo_loss", "gcv_loss", "test_loss", "test_accuracy"]
    """Picks that ridge."""
    resamples: PositiveInt
    """Bootstrap samples of the test set."""
    confidence: Annotated[PositiveFloat, Field(lt=1)]
    """Coverage of the intervals."""
    seed: NonNegativeInt
    """Of the bootstrap."""
