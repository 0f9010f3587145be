"""Which kernels to generate, as `parameters_kernel_generation.yml` writes them."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    RootModel,
    StringConstraints,
    model_validator,
)

from kernel_regime import kernels
from kernel_regime.core.errors import InputError
from kernel_regime.kernels.base import Kernel
from kernel_regime.kernels.device import Device


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _DeviceSpec(_Spec):
    """A kernel that is computed on the CPU, or on a GPU."""

    device: Device = "cpu"


class FullyConnectedSpec(_DeviceSpec):
    """Infinitely wide fully-connected ReLU network of `layers` dense layers."""

    kind: Literal["fully_connected_ntk", "fully_connected_nngp"]
    layers: PositiveInt

    def build(self) -> Kernel:
        """The kernel."""
        if self.kind == "fully_connected_ntk":
            return kernels.FullyConnectedNTK(self.layers, self.device)
        return kernels.FullyConnectedNNGP(self.layers, self.device)


class TwoLayerSpec(_DeviceSpec):
    """The two-layer closed forms as published."""

    kind: Literal["two_layer_ntk", "two_layer_nngp"]

    def build(self) -> Kernel:
        """The kernel."""
        if self.kind == "two_layer_ntk":
            return kernels.TwoLayerNTK(self.device)
        return kernels.TwoLayerNNGP(self.device)


class PolynomialSpec(_DeviceSpec):
    """(intercept + ⟨x, x'⟩/√d)^degree."""

    kind: Literal["polynomial"]
    degree: PositiveInt
    intercept: NonNegativeFloat = 1.0

    def build(self) -> Kernel:
        """The kernel."""
        return kernels.Polynomial(self.degree, self.intercept, self.device)


class RandomFeaturesSpec(_DeviceSpec):
    """`width` random ReLU features; the same seed draws the same ones for train and test."""

    kind: Literal["random_features"]
    width: PositiveInt
    seed: NonNegativeInt = 0

    def build(self) -> Kernel:
        """The kernel."""
        return kernels.RandomFeatures(self.width, self.seed, self.device)


class MyrtleSpec(_DeviceSpec):
    """Convolutional Myrtle kernel with `depth` weight layers."""

    kind: Literal["myrtle_ntk", "myrtle_nngp"]
    depth: Literal[5, 7, 10] = 5

    def build(self) -> Kernel:
        """The kernel."""
        if self.kind == "myrtle_ntk":
            return kernels.MyrtleNTK(self.depth, self.device)
        return kernels.MyrtleNNGP(self.depth, self.device)


class StaxSpec(_Spec):
    """Any neural-tangents architecture: a list of layers, or an importable function."""

    kind: Literal["stax"]
    architecture: list[str | dict[str, Any]] | str
    get: Literal["ntk", "nngp"] = "ntk"

    @model_validator(mode="after")
    def _exists(self) -> "StaxSpec":
        """Refuse unknown layers and arguments before anything runs."""
        self.build()
        return self

    def build(self) -> Kernel:
        """The kernel."""
        return kernels.StaxKernel(self.architecture, self.get)


_SPECS = {
    kind: spec
    for spec in (
        FullyConnectedSpec,
        TwoLayerSpec,
        PolynomialSpec,
        RandomFeaturesSpec,
        MyrtleSpec,
        StaxSpec,
    )
    for kind in get_args(spec.model_fields["kind"].annotation)
}


def _recognise(given: Any) -> Any:
    """Name a misspelt kind or key together with the one that was probably meant."""
    if not isinstance(given, Mapping):
        return given
    kind = given.get("kind")
    if kind not in _SPECS:
        raise InputError(f"kind {kind!r} is no kernel; {_suggestion(str(kind), _SPECS)}")
    known = set(_SPECS[kind].model_fields)
    for key in given:
        if key not in known:
            raise InputError(f"{kind} has no parameter {key!r}; {_suggestion(key, known)}")
    return given


def _suggestion(given: str, known: Iterable[str]) -> str:
    guess = get_close_matches(given, sorted(known), n=1)
    return f"did you mean {guess[0]!r}?" if guess else f"give one of {', '.join(sorted(known))}"


KernelSpec = Annotated[
    FullyConnectedSpec | TwoLayerSpec | PolynomialSpec | RandomFeaturesSpec | MyrtleSpec | StaxSpec,
    Field(discriminator="kind"),
]
KernelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$")]


class KernelParameters(
    RootModel[dict[KernelName, Annotated[KernelSpec | None, BeforeValidator(_recognise)]]]
):
    """Kernels by the name of their partitions; an environment drops one of base's with null."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _has_some(self) -> "KernelParameters":
        if not self.names:
            raise InputError("no kernel is left; give at least one, `ntk: {kind: …}`")
        return self

    @property
    def names(self) -> list[str]:
        """Names of the kernels, in the order of the configuration."""
        return [name for name, spec in self.root.items() if spec is not None]

    def build(self) -> dict[str, Kernel]:
        """The kernels by name."""
        return {name: spec.build() for name, spec in self.root.items() if spec is not None}
