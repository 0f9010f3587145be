"""Parameters of spectral_analysis that are more than the library's own settings."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt

from kernel_regime.analysis.regime_verdict import Thresholds
from kernel_regime.analysis.spectrum.initialisations import FreshNetwork, registry
from kernel_regime.analysis.spectrum.profile import ProfileSettings
from kernel_regime.analysis.spectrum.sphere import SphereSample
from kernel_regime.core.listed_once import LISTED_ONCE
from kernel_regime.core.parameters import ParameterType


@dataclass(frozen=True)
class TrainedNetworks(ParameterType):
    """Empirical NTKs of the networks of model_training, before and after training.

    Parameters
    ----------
    samples : int
        Training samples, the first ones.
    outputs : int or "trace"
        One output, or the trace over all.
    """

    samples: PositiveInt
    outputs: NonNegativeInt | Literal["trace"] = "trace"


def _initialisation(given: object) -> FreshNetwork | None:
    """A network as it is or as described; None drops it."""
    return None if given is None else registry.build(given)


Initialisation = Annotated[FreshNetwork | None, BeforeValidator(_initialisation)]


@dataclass(frozen=True)
class SpectrumParameters(ProfileSettings):
    """Parameter `spectrum`: which spectra to compute, and how far.

    Parameters
    ----------
    full_up_to, top_up_to, top, power_law
        See `ProfileSettings`.
    trained_networks : TrainedNetworks
        How their empirical NTKs are taken.
    initialisations : dict
        Networks at random initialisation, by name; an environment drops one of base's with null.
    """

    trained_networks: TrainedNetworks
    initialisations: dict[str, Initialisation]

    def fresh_networks(self) -> dict[str, FreshNetwork]:
        """The initialisations that are left."""
        return {name: entry for name, entry in self.initialisations.items() if entry is not None}


@dataclass(frozen=True, kw_only=True)
class RegimeParameters(Thresholds):
    """Parameter `regime_verdict`: what networks are judged by, and on how many samples.

    Parameters
    ----------
    samples : int
        At most so many training and test samples for the kernels; two make the smallest kernel.
    kernel_below, features_above, confidence
        See `Thresholds`.
    """

    samples: Annotated[int, Field(ge=2)]


@dataclass(frozen=True, kw_only=True)
class SphereParameters(SphereSample):
    """The NTK of a fully connected network on points uniform on a sphere.

    Parameters
    ----------
    layers : int
        Of the network.
    dimension, samples, degrees, seed
        See `SphereSample`.
    """

    layers: PositiveInt


@dataclass(frozen=True)
class WidthParameters(ParameterType):
    """Shallow ReLU networks of growing width on the first inputs of the first level.

    Parameters
    ----------
    widths : list of int
        Two at least.
    runs : int
        Networks per width.
    samples : int
        Inputs.
    """

    widths: Annotated[list[PositiveInt], Field(min_length=2), LISTED_ONCE]
    runs: PositiveInt
    samples: PositiveInt


@dataclass(frozen=True)
class LimitParameters(ParameterType):
    """Parameter `limits`: what is compared with exact results."""

    sphere: SphereParameters
    infinite_width: WidthParameters
