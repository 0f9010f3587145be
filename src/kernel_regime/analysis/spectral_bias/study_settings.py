"""Settings of a study of spectral bias, said without loading JAX."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from kernel_regime.core.errors import InputError
from kernel_regime.core.listed_once import LISTED_ONCE
from kernel_regime.core.parameters import ParameterType

Architecture = Literal["fully_connected", "convolutional", "residual"]
"""Kinds of `FiniteNetwork`."""


@dataclass(frozen=True, kw_only=True)
class ExperimentSettings(ParameterType):
    """How a spectral-bias experiment follows the modes of a kernel.

    Parameters
    ----------
    modes : int
        Eigenfunctions followed.
    horizon : float
        Last time, in units of the slowest mode's, 1/σ_modes.
    step : float
        Longest step of the networks, in units of the time passed.
    records : int
        Times recorded, evenly spaced in logarithm.

    Examples
    --------
    >>> ExperimentSettings(modes=8)
    ExperimentSettings(modes=8, horizon=2.0, step=0.1, records=30)
    """

    modes: Annotated[int, Field(ge=2)]
    horizon: PositiveFloat = 2.0
    step: Annotated[float, Field(gt=0, le=1)] = 0.1
    records: Annotated[int, Field(ge=2)] = 30


@dataclass(frozen=True)
class Widths(ParameterType):
    """Widths at which one kind of architecture is trained.

    Parameters
    ----------
    widths : list of int
        Networks of the largest learn permuted labels too, and are what figures show.

    Examples
    --------
    >>> Widths([64, 256])
    Widths(widths=[64, 256])
    """

    widths: Annotated[list[PositiveInt], Field(min_length=1), LISTED_ONCE]


@dataclass(frozen=True, kw_only=True)
class SpectralBiasStudy(ExperimentSettings):
    """Spectral-bias experiments over architectures, widths and runs.

    Parameters
    ----------
    architectures : dict of str to Widths
        By kind; None drops a kind that an inherited configuration lists.
    train, reference, held_out : int
        Samples of each role. Training samples are drawn anew in every run; reference samples
        stand for the law of the inputs; the modes are followed on held-out samples.
    runs : int
        Independent repetitions: training sample and initial weights.
    seed : int
        Of everything random.
    side : int, optional
        Images are made grey and resized to this side; None leaves their size.
    modes, horizon, step, records
        See `ExperimentSettings`.

    Raises
    ------
    InputError
        If no architecture is left, or there are more modes than samples.

    Examples
    --------
    >>> study = SpectralBiasStudy(
    ...     architectures={"fully_connected": Widths([64, 256])},
    ...     train=100,
    ...     reference=200,
    ...     held_out=200,
    ...     runs=3,
    ...     modes=8,
    ... )
    >>> study.widths(), study.within(250).reference
    ({'fully_connected': [64, 256]}, 100)
    """

    architectures: dict[Architecture, Widths | None]
    train: PositiveInt
    reference: PositiveInt
    held_out: PositiveInt
    runs: PositiveInt
    seed: NonNegativeInt = 0
    side: PositiveInt | None = None

    def __post_init__(self) -> None:
        """Refuse a study of nothing, and one of more modes than samples."""
        super().__post_init__()
        if not any(self.architectures.values()):
            raise InputError("architectures: none is left; give at least one")
        if self.modes > min(self.reference, self.train):
            raise InputError(
                f"modes: {self.modes} need as many reference and training samples; lower modes"
            )

    def widths(self) -> dict[Architecture, list[int]]:
        """Widths of the architectures that are left, smallest first."""
        return {kind: sorted(left.widths) for kind, left in self.architectures.items() if left}

    def within(self, available: int) -> "SpectralBiasStudy":
        """With train, reference and held_out shrunk alike where fewer samples are available."""
        asked = (self.train, self.reference, self.held_out)
        share = min(1.0, available / sum(asked))
        train, reference, held_out = (int(share * size) for size in asked)
        modes = min(self.modes, train // 2, reference // 2)
        return replace(self, train=train, reference=reference, held_out=held_out, modes=modes)
