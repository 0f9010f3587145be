"""Empirical NTKs of freshly drawn networks on fresh samples: the published spectra."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.images import grey, resize

if TYPE_CHECKING:
    from kernel_regime.kernels.base import Kernel


LENET_SIDE = 32


@dataclass(frozen=True)
class LeNet5AtRandom:
    """LeNet-5 on grey 32×32 images in [0, 1]; others are converted and resized."""

    output: int = 0

    def prepare(self, images: Array) -> Array:
        """Grey float32 images (n, 32, 32)."""
        return resize(grey(images), LENET_SIDE)

    def kernel(self, seed: int) -> "Kernel":
        """Kernel of one logit, for one draw of the weights."""
        from kernel_regime.networks.lenet import LeNet5
        from kernel_regime.ntk.network_kernel import of_keras

        network = LeNet5(outputs=10, seed=seed)
        network.build((None, LENET_SIDE, LENET_SIDE))
        return of_keras(network, (LENET_SIDE, LENET_SIDE), self.output)


@dataclass(frozen=True)
class ShallowAtRandom:
    """A shallow network on flattened images in [0, 1]."""

    width: int
    activation: str

    def prepare(self, images: Array) -> Array:
        """Float32 vectors (n, d)."""
        return images.reshape(len(images), -1)

    def kernel(self, seed: int) -> "Kernel":
        """Kernel of one draw of the weights."""
        from kernel_regime.ntk.shallow_network import ShallowNTK

        return ShallowNTK(self.width, self.activation, seed)


def draw_kernel(
    network: LeNet5AtRandom | ShallowAtRandom, images: Array, samples: int, seed: int, run: int
) -> Array:
    """Kernel matrix (samples, samples) of run number `run`: its own weights, its own samples.

    Raises
    ------
    ValueError
        If there are fewer images than samples.
    """
    if samples > len(images):
        raise InputError(
            f"samples: {samples:,} are asked for, the data set has {len(images):,}; ask for less"
        )
    weights, rows = np.random.SeedSequence((seed, run)).generate_state(2)
    chosen = np.random.default_rng(rows).choice(len(images), samples, replace=False)
    largest = np.float32(images.max())
    return network.kernel(int(weights))(
        network.prepare(images[chosen].astype(np.float32) / largest)
    )
