"""Empirical NTKs of freshly drawn networks on fresh samples: the published spectra."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import AfterValidator, NonNegativeInt, PositiveInt

from kernel_regime.core.arrays import Array, ArrayLike, as_array, as_floating
from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.images import grey, resize
from kernel_regime.core.parameters import ParameterType
from kernel_regime.core.registry import Registry
from kernel_regime.ntk.activation_functions import ACTIVATIONS

if TYPE_CHECKING:
    from kernel_regime.kernels.base import Kernel


LENET_SIDE = 32


@dataclass(frozen=True, kw_only=True)
class FreshNetwork(ParameterType, ABC):
    """A kind of network whose empirical NTK is drawn: fresh weights on fresh samples.

    Parameters
    ----------
    runs : int
        Independent draws of weights and samples.
    samples : int
        Samples of each.
    seed : int
        Of everything random.
    """

    runs: PositiveInt
    samples: PositiveInt
    seed: NonNegativeInt = 0

    @abstractmethod
    def prepare(self, images: Array) -> Array:
        """Inputs of the network, of float32 samples scaled to at most 1."""

    @abstractmethod
    def kernel(self, seed: int) -> "Kernel":
        """Kernel of the network with one draw of its weights."""

    def draw(self, images: ArrayLike, run: int) -> "tuple[Kernel, Array]":
        """Kernel of run number `run` and its inputs (samples, …): own weights, own samples.

        Raises
        ------
        InputError
            If there are fewer images than samples.

        Examples
        --------
        >>> network = ShallowAtRandom(runs=1, samples=4, width=16)
        >>> kernel, inputs = network.draw(np.random.default_rng(0).random((10, 8, 8)), run=0)
        >>> kernel(inputs).shape
        (4, 4)
        """
        images = as_array(images, "images")
        if self.samples > len(images):
            raise InputError(
                f"samples: {self.samples:,} are asked for, the data set has {len(images):,}; "
                "ask for less"
            )
        weights, rows = np.random.SeedSequence((self.seed, run)).generate_state(2)
        chosen = np.random.default_rng(rows).choice(len(images), self.samples, replace=False)
        largest = max(float(images.max()), -float(images.min())) or 1.0
        drawn = as_floating(images[chosen], "images").astype(np.float32)
        return self.kernel(int(weights)), self.prepare(drawn / np.float32(largest))


registry: Registry[FreshNetwork] = Registry(
    "network of spectra.initialisations", "kernel_regime.analysis.spectrum", FreshNetwork
)


@registry.register("lenet5")
@dataclass(frozen=True, kw_only=True)
class LeNet5AtRandom(FreshNetwork):
    """LeNet-5 at random initialisation, on grey 32×32 images; others are converted and resized.

    Parameters
    ----------
    runs, samples, seed : int
        See `FreshNetwork`.
    output : int
        Which of the ten logits.
    """

    output: NonNegativeInt = 0

    def prepare(self, images: Array) -> Array:
        """Grey float32 images (n, 32, 32)."""
        if images.ndim < 3:
            raise InputError("lenet5: the samples are vectors; give images, or take kind shallow")
        return resize(grey(images), LENET_SIDE)

    def kernel(self, seed: int) -> "Kernel":
        """Kernel of one logit, for one draw of the weights."""
        from kernel_regime.networks.lenet import LeNet5
        from kernel_regime.ntk.network_kernel import of_keras

        network = LeNet5(outputs=10, seed=seed)
        network.build((None, LENET_SIDE, LENET_SIDE))
        return of_keras(network, (LENET_SIDE, LENET_SIDE), self.output)


def _known_activation(name: str) -> str:
    if name not in ACTIVATIONS:
        raise InputError(f"activation {name!r} is not known; {did_you_mean(name, ACTIVATIONS)}")
    return name


@registry.register("shallow")
@dataclass(frozen=True, kw_only=True)
class ShallowAtRandom(FreshNetwork):
    """Shallow network at random initialisation, on flattened images.

    Parameters
    ----------
    runs, samples, seed : int
        See `FreshNetwork`.
    width : int
        Hidden units.
    activation : str
        One of `kernel_regime.ntk.ACTIVATIONS`.
    """

    width: PositiveInt = 4000
    activation: Annotated[str, AfterValidator(_known_activation)] = "softplus"

    def prepare(self, images: Array) -> Array:
        """Float32 vectors (n, d)."""
        return images.reshape(len(images), -1)

    def kernel(self, seed: int) -> "Kernel":
        """Kernel of one draw of the weights."""
        from kernel_regime.ntk.shallow_network import ShallowNTK

        return ShallowNTK(self.width, self.activation, seed)
