"""Images prepared for the Myrtle kernels: in vectors, with the variances of their pixels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.convolutional.myrtle_layers import MyrtleLayers
from kernel_regime.kernels.convolutional.planes import NNGP, all_stages, slot_of
from kernel_regime.linalg.simd import VECTOR_SIZE, aligned_zeros

Stages = tuple[Array, Array, Array]
PixelsAndScales = tuple[Array, Stages]
Buffers = tuple[Stages, Array, Array]


@dataclass(frozen=True)
class Images:
    """Images in vectors of sixteen, with their pixels' standard deviations.

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

        The pixel behind every row is blank, see `planes`.
        """
        n, side, _, channels = self.images.shape
        shape = -(-n // VECTOR_SIZE), side, side + 1, channels, VECTOR_SIZE
        blocks = aligned_zeros(shape, self.images.dtype)
        for i, image in enumerate(self.images / self.norms[:, None, None, None]):
            blocks[i // VECTOR_SIZE, :, :side, :, i % VECTOR_SIZE] = image
        return blocks

    @cached_property
    def scales(self) -> Stages:
        """σ and 1/σ per stage (blocks, convolutions, side, side + 1, 2, 16), before every ReLU.

        A ReLU leaves a pixel's variance as it is (κ₁(1) = 1, the factor ½ is left out), so within
        a stage variances are box-filtered over and over. A pool makes one variance of the
        covariances of four pixels: see `_pooled_variances`.
        """
        convolutions = self.network.convolutions
        variances = np.square(self.pixels[:, :, :-1]).sum(axis=3)
        first = deviations(variances, convolutions[0])
        variances = self._pooled_variances((1, 0, 0), (first,))
        second = deviations(variances, convolutions[1])
        variances = self._pooled_variances((3, 1, 0), (first, second))
        return first, second, deviations(variances, convolutions[2])

    def _pooled_variances(
        self, max_offsets: tuple[int, int, int], stages: tuple[Array, ...]
    ) -> Array:
        """Variances of pooled pixels behind the stages known so far, (blocks, side, side, 16).

        The variance of a pooled pixel is the sum of the 4 × 4 covariances of the pixels in it: the
        NNGP of every image with itself, pooled, at offset 0. That takes offsets −1 to 1 of the
        stage before, and of the one before that −3 to 3. So the kernel's own loops compute it,
        with `max_offsets` that keep to those planes and without the stages that come after.
        """
        buffers, unused = self.buffers(), np.zeros((2, VECTOR_SIZE), self.images.dtype)
        variances = []
        for block, pixels in enumerate(self.pixels):
            scales = [stage[block] for stage in stages]
            # `all_stages` takes scales of three stages; those it will not reach are never read.
            first, second, last = scales + (3 - len(scales)) * scales[:1]
            same = pixels, (first, second, last)
            all_stages(same, same, max_offsets, len(stages), buffers, unused)
            pooled = buffers[1] if len(stages) == 1 else buffers[2]
            variances.append(pooled[slot_of(0), 0, NNGP, :, :-1].copy())
            pooled[:] = 0
        return np.array(variances)

    def buffers(self) -> Buffers:
        """Working memory of `all_stages`: rows of each stage, and sums pending between stages."""
        network, dtype = self.network, self.images.dtype
        first, second, last = (
            aligned_zeros((1 + n, 2, 4, side + 1, VECTOR_SIZE), dtype)
            for n, side in zip(network.convolutions, network.sides, strict=True)
        )
        after_first, after_second = (
            aligned_zeros((3, side + 1, 2, side, side + 1, VECTOR_SIZE), dtype)
            for side in network.sides[1:]
        )
        return (first, second, last), after_first, after_second

    def alone(self, i: int) -> PixelsAndScales:
        """Pixels and scales of one image, as plain numbers."""
        block, place = divmod(i, VECTOR_SIZE)
        pixels = np.ascontiguousarray(self.pixels[block, ..., place])
        first, second, last = (np.ascontiguousarray(s[block, ..., place]) for s in self.scales)
        return pixels, (first, second, last)

    def together(self, block: int) -> PixelsAndScales:
        """Pixels and scales of sixteen images, as vectors."""
        first, second, last = (stage[block] for stage in self.scales)
        return self.pixels[block], (first, second, last)


def deviations(variances: Array, convolutions: int) -> Array:
    """σ and 1/σ (0 where σ is) behind every convolution of a stage, see `Images.scales`."""
    blocks, side, _, size = variances.shape
    scales = aligned_zeros((blocks, convolutions, side, side + 1, 2, size), variances.dtype)
    for layer in range(convolutions):
        variances = box_filter(variances)
        sigma = np.sqrt(variances)
        scales[:, layer, :, :-1, 0] = sigma
        np.divide(1, sigma, out=scales[:, layer, :, :-1, 1], where=sigma > 0)
    return scales


def box_filter(planes: Array) -> Array:
    """Sums over 3x3 pixels of (blocks, side, side, 16), zeros outside."""
    padded = np.pad(planes, ((0, 0), (1, 1), (1, 1), (0, 0)))
    columns = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return columns[:, :, :-2] + columns[:, :, 1:-1] + columns[:, :, 2:]
