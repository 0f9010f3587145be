"""Parameters `spectra`, `spectral_bias` and `learning_curves`."""

from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    NonNegativeInt,
    PositiveInt,
    model_validator,
)

from kernel_regime.spectra.initialisations import LeNet5AtRandom, ShallowAtRandom
from kernel_regime.spectra.profile import ProfileSettings


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PowerLawRange(_Parameters):
    """Ranks between which power laws are fitted."""

    first: PositiveInt
    last: PositiveInt

    @model_validator(mode="after")
    def _is_long_enough(self) -> "PowerLawRange":
        if self.last < self.first + 7:
            raise ValueError(f"{self.first}–{self.last} holds fewer than 8 ranks; widen it")
        return self


class Initialisations(_Parameters):
    """Empirical NTKs of one architecture: fresh weights on fresh samples, `runs` times."""

    kind: Literal["lenet5", "shallow"]
    runs: PositiveInt
    samples: PositiveInt
    seed: NonNegativeInt = 0
    output: NonNegativeInt = 0
    """Which logit of LeNet-5."""
    width: PositiveInt = 4000
    """Of shallow networks."""
    activation: Literal["relu", "sigmoid", "tanh", "softplus", "erf", "gelu"] = "softplus"
    """Of shallow networks."""

    def network(self) -> LeNet5AtRandom | ShallowAtRandom:
        """The architecture."""
        if self.kind == "lenet5":
            return LeNet5AtRandom(self.output)
        return ShallowAtRandom(self.width, self.activation)


class TrainedNetworks(_Parameters):
    """Empirical NTKs of the networks of model_training, before and after training."""

    samples: PositiveInt
    outputs: NonNegativeInt | Literal["trace"] = "trace"


class SpectraParameters(_Parameters):
    """Which spectra to compute, and how far."""

    full_up_to: PositiveInt
    """Largest n for which every eigenvalue is computed."""
    top: PositiveInt
    """How many of the largest are computed beyond that."""
    power_law: PowerLawRange
    trained_networks: TrainedNetworks
    initialisations: dict[str, Initialisations | None]
    """By name; an environment drops one of base's with null."""

    def entries(self) -> dict[str, Initialisations]:
        """The initialisations that are left."""
        return {name: entry for name, entry in self.initialisations.items() if entry is not None}

    def settings(self) -> ProfileSettings:
        """As the library wants them."""
        return ProfileSettings(self.full_up_to, self.top, self.power_law.first, self.power_law.last)
