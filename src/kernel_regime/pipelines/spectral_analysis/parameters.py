"""Parameters `spectra`, `spectral_bias` and `learning_curves`."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from kernel_regime.analysis.spectral_bias.study_settings import (
    ExperimentSettings,
    SpectralBiasStudy,
)
from kernel_regime.analysis.spectrum.initialisations import LeNet5AtRandom, ShallowAtRandom
from kernel_regime.analysis.spectrum.profile import ProfileSettings
from kernel_regime.core.errors import InputError


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PowerLawRange(_Parameters):
    """Ranks between which power laws are fitted."""

    first: PositiveInt
    last: PositiveInt

    @model_validator(mode="after")
    def _is_long_enough(self) -> "PowerLawRange":
        if self.last < self.first + 7:
            raise InputError(f"{self.first}–{self.last} holds fewer than 8 ranks; widen it")
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
    top_up_to: PositiveInt
    """Largest n for which the largest are, beyond that; still larger kernels get a density."""
    top: PositiveInt
    """How many those largest are."""
    power_law: PowerLawRange
    trained_networks: TrainedNetworks
    initialisations: dict[str, Initialisations | None]
    """By name; an environment drops one of base's with null."""

    def entries(self) -> dict[str, Initialisations]:
        """The initialisations that are left."""
        return {name: entry for name, entry in self.initialisations.items() if entry is not None}

    def settings(self) -> ProfileSettings:
        """As the library wants them."""
        law = self.power_law
        return ProfileSettings(self.full_up_to, self.top_up_to, self.top, law.first, law.last)


class Network(_Parameters):
    """One kind of architecture at several widths."""

    widths: list[PositiveInt] = Field(min_length=1)


_SAMPLES = ("train", "reference", "held_out")


class SpectralBiasParameters(_Parameters):
    """The test of spectral bias outside the training set, on the first noise level."""

    architectures: dict[Literal["fully_connected", "convolutional", "residual"], Network | None]
    """By kind; an environment drops one of base's with null."""
    side: PositiveInt | None
    """Images are made grey and resized to this side; null leaves their size."""
    train: PositiveInt
    """Training samples per run."""
    reference: PositiveInt
    """Samples that stand for the input law."""
    held_out: PositiveInt
    """Samples on which the modes are followed."""
    modes: Annotated[int, Field(ge=2)]
    runs: PositiveInt
    horizon: PositiveFloat
    """Last time, in units of the slowest mode's."""
    step: Annotated[float, Field(gt=0, le=1)]
    """Step of the networks, in units of the fastest mode's time."""
    seed: NonNegativeInt

    @model_validator(mode="after")
    def _is_consistent(self) -> "SpectralBiasParameters":
        if not any(self.architectures.values()):
            raise InputError("architectures: none is left; give at least one")
        if self.modes > min(self.reference, self.train):
            raise InputError(
                f"modes: {self.modes} need as many reference and training samples; lower modes"
            )
        return self

    def fitted(self, available: int) -> "SpectralBiasParameters":
        """With train, reference and held_out shrunk alike where fewer samples are available."""
        share = min(1.0, available / (self.train + self.reference + self.held_out))
        sizes = {name: int(share * getattr(self, name)) for name in _SAMPLES}
        modes = min(self.modes, sizes["train"] // 2, sizes["reference"] // 2)
        return self.model_copy(update={**sizes, "modes": modes})

    def study(self) -> SpectralBiasStudy:
        """As the library wants it."""
        return SpectralBiasStudy(
            widths={kind: sorted(n.widths) for kind, n in self.architectures.items() if n},
            train=self.train,
            reference=self.reference,
            held_out=self.held_out,
            runs=self.runs,
            seed=self.seed,
            settings=ExperimentSettings(self.modes, self.horizon, self.step),
            side=self.side,
        )


class LearningCurveParameters(_Parameters):
    """Forecasts of kernel ridge regression, and the regressions they are scored on."""

    forecast_from: PositiveInt
    """Samples of the forecast, the first ones; no regression uses them."""
    sizes: list[PositiveInt] = Field(min_length=1)
    ridges: list[PositiveFloat] = Field(min_length=1)
    """In units of the kernel's mean diagonal."""
    repeats: PositiveInt
    seed: NonNegativeInt

    def fitted(self, available: int) -> "LearningCurveParameters":
        """Within a training set of the given size: half of it forecasts, the rest is drawn from."""
        forecast_from = min(self.forecast_from, available // 2)
        largest = min(forecast_from, available - forecast_from)
        sizes = [size for size in self.sizes if size <= largest] or [largest]
        return self.model_copy(update={"forecast_from": forecast_from, "sizes": sizes})
