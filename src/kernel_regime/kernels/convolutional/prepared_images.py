"""What the Myrtle kernels need to know of every image by itself."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.convolutional.myrtle_layers import MyrtleLayers
from kernel_regime.kernels.convolutional.planes import NNGP, all_stages
from kernel_regime.linalg.simd import LANES, aligned_zeros

Stages = tuple[Array, Array, Array]
Side = tuple[Array, Stages]
Buffers = tuple[Stages, Array, Array]


@dataclass(frozen=True)
class Images:
    """Images in blocks of sixteen, one per lane, with their pixels' standard deviations.

    Parameters
    ----------
    network : MyrtleLayers
        The network whose kernel is wanted.
    images : array of shape (n, side, side, channels)
        Every image is divided by its largest absolute entry, so that no intermediate overflows;
        the kernels are homogeneous.
    """

    network: MyrtleLayers
    images: Array

    @cached_property
    def norms(self) -> Array:
        """Largest absolute entry of every image, 1 for zero images, shape (n,)."""
        largest = np.abs(self.images).max(axis=(1, 2, 3))
        return np.where(largest > 0, largest, 1)

    @property
    def factor(self) -> float:
        """What makes a kernel of the sums of `all_stages`, norms apart."""
        return self.network.scale(self.images.shape[3])

    @cached_property
    def pixels(self) -> Array:
        """Normalised images (blocks, side, side + 1, channels, 16), filled up with zero images.

        The pixel behind every row is blank, see `myrtle_planes`.
        """
        n, side, _, channels = self.images.shape
        shape = -(-n // LANES), side, side + 1, channels, LANES
        blocks = aligned_zeros(shape, self.images.dtype)
        for i, image in enumerate(self.images / self.norms[:, None, None, None]):
            blocks[i // LANES, :, :side, :, i % LANES] = image
        return blocks

    @cached_property
    def scales(self) -> Stages:
        """σ and 1/σ per stage (blocks, convolutions, side, side + 1, 2, 16), before every ReLU.

        A ReLU leaves a pixel's variance as it is (κ₁(1) = 1, the factor ½ is left out), so within
        a stage variances are box-filtered over and over. A pool makes one variance of the
        covariances of four pixels: those come from the planes of small displacements.
        """
        convolutions = self.network.convolutions
        variances = np.square(self.pixels[:, :, :-1]).sum(axis=3)
        first = deviations(variances, convolutions[0])
        variances = self._pooled_variances((1, 0, 0), (first,))
        second = deviations(variances, convolutions[1])
        variances = self._pooled_variances((3, 1, 0), (first, second))
        return first, second, deviations(variances, convolutions[2])

    def _pooled_variances(self, reaches: tuple[int, int, int], stages: tuple[Any, ...]) -> Array:
        """Variances behind the stages known so far, shape (blocks, side, side, 16)."""
        buffers, unused = self.buffers(), np.zeros((2, LANES), self.images.dtype)
        variances = []
        for block, pixels in enumerate(self.pixels):
            first, second, last = (stage[block] for stage in (*stages, *stages, *stages)[:3])
            same = pixels, (first, second, last)
            all_stages(same, same, reaches, len(stages), buffers, unused)
            pooled = buffers[1] if len(stages) == 1 else buffers[2]
            variances.append(pooled[2, 0, NNGP, :, :-1].copy())
            pooled[:] = 0
        return np.array(variances)

    def buffers(self) -> Buffers:
        """Working memory of `all_stages`: rows of each stage, and what waits between stages."""
        network, dtype = self.network, self.images.dtype
        first, second, last = (
            aligned_zeros((1 + n, 2, 4, side + 1, LANES), dtype)
            for n, side in zip(network.convolutions, network.sides, strict=True)
        )
        after_first, after_second = (
            aligned_zeros((3, side + 1, 2, side, side + 1, LANES), dtype)
            for side in network.sides[1:]
        )
        return (first, second, last), after_first, after_second

    def alone(self, i: int) -> Side:
        """Pixels and scales of one image, without lanes."""
        block, lane = divmod(i, LANES)
        pixels = np.ascontiguousarray(self.pixels[block, ..., lane])
        first, second, last = (np.ascontiguousarray(s[block, ..., lane]) for s in self.scales)
        return pixels, (first, second, last)

    def together(self, block: int) -> Side:
        """Pixels and scales of sixteen images, in lanes."""
        first, second, last = (stage[block] for stage in self.scales)
        return self.pixels[block], (first, second, last)


def deviations(variances: Array, convolutions: int) -> Array:
    """σ and 1/σ (0 where σ is) behind every convolution of a stage, see `Images.scales`."""
    blocks, side, _, lanes = variances.shape
    scales = aligned_zeros((blocks, convolutions, side, side + 1, 2, lanes), variances.dtype)
    for layer in range(convolutions):
        variances = box_filter(variances)
        sigma = np.sqrt(variances)
        scales[:, layer, :, :-1, 0] = sigma
        np.divide(1, sigma, out=scales[:, layer, :, :-1, 1], where=sigma > 0)
    return scales


def box_filter(planes: Array) -> Array:
    """Sums over 3x3 pixels of (blocks, side, side, lanes), zeros outside."""
    padded = np.pad(planes, ((0, 0), (1, 1), (1, 1), (0, 0)))
    columns = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return columns[:, :, :-2] + columns[:, :, 1:-1] + columns[:, :, 2:]
