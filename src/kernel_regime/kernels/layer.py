"""What every layer of a network description is: arguments and a place; and layers of layers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, TypeVar

from pydantic import Field

from kernel_regime.core.types import Arguments

Declared = TypeVar("Declared", bound=type["Layer"])

LARGEST = 1e15
"""Of all constants of kernels: their squares fit single precision, their fourth powers floats."""

Constant = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Magnitude = Annotated[float, Field(ge=0, le=LARGEST)]


@dataclass(frozen=True)
class Layer:
    """One layer of an architecture, with the arguments that `neural_tangents.stax` gives it.

    Attributes
    ----------
    name : str
        What architectures call it.
    place : str
        Where it stands, for messages: `architecture[3]`; it makes no difference to the layer.
    """

    name: ClassVar[str]
    place: str = field(init=False, default="architecture", compare=False, repr=False)

    def at(self, place: str) -> "Layer":
        """The same layer, knowing where it stands."""
        object.__setattr__(self, "place", place)
        return self

    @property
    def label(self) -> str:
        """Place and name, as messages begin."""
        return f"{self.place}: {self.name}"


LAYERS: dict[str, type[Layer]] = {}
"""Layers by the name that architectures give them."""


def layer(name: str) -> Callable[[Declared], Declared]:
    """Declare the class below as the layer of this name."""

    def declare(declared: Declared) -> Declared:
        declared.name = name
        LAYERS[name] = declared
        return declared

    return declare


@dataclass(frozen=True)
class SerialLayers(Layer):
    """Layers one after the other."""

    name = "serial"
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class ParallelLayers(Layer):
    """One layer for each of the branches that FanOut made."""

    name = "parallel"
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class UncheckedLayer(Layer):
    """A layer that only neural-tangents knows, with arguments that it checks itself."""

    kind: str = ""
    arguments: Arguments = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Place and name, as messages begin."""
        return f"{self.place}: {self.kind}"


ONLY_STAX: Sequence[str] = (
    *("Aggregate", "ConvLocal", "ConvTranspose", "DotGeneral", "GlobalSelfAttention"),
    *("ImageResize", "Index", "repeat"),
)
"""Layers of neural-tangents that have no class here."""
