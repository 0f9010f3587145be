"""Empirical NTKs of freshly drawn networks on fresh samples: the published spectra."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kernel_regime.kernels.base import Kernel

Array = NDArray[Any]

LUMINANCE = (0.2125, 0.7154, 0.0721)
"""Weights of red, green and blue in grey images."""

LENET_SIDE = 32


@dataclass(frozen=True)
class LeNet5AtRandom:
    """LeNet-5 on grey 32×32 images in [0, 1]; others are converted and resized."""

    output: int = 0

    def prepare(self, images: Array) -> Array:
        """Grey float32 images (n, 32, 32)."""
        if images.ndim == 4:
            images = images @ np.asarray(LUMINANCE, np.float32)
        return resize(images, LENET_SIDE)

    def kernel(self, seed: int) -> "Kernel":
        """Kernel of one logit, for one draw of the weights."""
        from kernel_regime.networks import LeNet5
        from kernel_regime.spectra.network_kernel import of_keras

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
        from kernel_regime.spectra.shallow import ShallowNTK

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
        raise ValueError(
            f"samples: {samples:,} are asked for, the data set has {len(images):,}; ask for less"
        )
    weights, rows = np.random.SeedSequence((seed, run)).generate_state(2)
    chosen = np.random.default_rng(rows).choice(len(images), samples, replace=False)
    largest = np.float32(images.max())
    return network.kernel(int(weights))(
        network.prepare(images[chosen].astype(np.float32) / largest)
    )


def resize(images: Array, side: int) -> Array:
    """Images (n, s, s) at another size: bilinear, as image libraries do, none lost at edges."""
    if images.shape[1:] == (side, side):
        return images
    across = _interpolation(images.shape[1], side, images.dtype)
    down = _interpolation(images.shape[2], side, images.dtype)
    return across @ images @ down.T


def _interpolation(old: int, new: int, dtype: Any) -> Array:
    """Bilinear weights (new, old); a triangle as wide as the step, so shrinking averages."""
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, None] - np.arange(old)) / max(scale, 1)
    weights = np.maximum(1 - distance, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(dtype)
