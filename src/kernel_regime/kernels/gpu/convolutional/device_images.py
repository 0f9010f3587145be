"""Images in the memory of a GPU, with the factors of their pixels."""

from collections.abc import Iterator

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.convolutional.prepared_images import PreparedImages, variances_of_stage
from kernel_regime.kernels.gpu.convolutional.driver import Buffer, Driver
from kernel_regime.kernels.gpu.convolutional.stage_launches import StageLaunches

MULTIPLE = 8  # of which a series has its factors: fewer sources to compile


class DeviceImages:
    """Images on a GPU, and the sums that reach the head for pairs of them.

    There is one array for each stage, (n, height, planes, width): a row of an image has its
    channels, in the first stage, and then the factors of all activations of the stage. Within a
    stage variances are filtered and activated on the host, for all images at once. Those that pools
    make come from the stages' own kernels: for images with themselves, at the few offsets of a
    window.

    Parameters
    ----------
    driver : Driver
        The GPU.
    prepared : PreparedImages
        The images.

    Raises
    ------
    InputError
        If a warp cannot span the images.
    DeviceMemoryError
        If they do not fit the GPU.
    """

    def __init__(self, driver: Driver, prepared: PreparedImages) -> None:
        self.driver, self.prepared = driver, prepared
        self.numbers: dict[int, int] = {}
        self.images: list[Buffer] = []
        scale = prepared.norms * np.sqrt(prepared.images.shape[3])
        pixels = prepared.images / scale[:, None, None, None]
        squares = np.einsum("nyxc,nyxc->yxn", pixels, pixels, dtype=np.float64)
        for s in range(prepared.stages.count):
            pooled = self._launches().pooled_variances(len(pixels)) if s else squares
            planes = [] if s else [pixels.transpose(0, 1, 3, 2)]
            planes += list(self._factors(s, squares, pooled))
            rows = np.concatenate(planes, axis=2) if planes else np.zeros(1)
            self.images.append(driver.upload(rows.astype(prepared.images.dtype)))
        self._all = self._launches()

    def sums(self, first: Array, second: Array) -> Array:
        """What reaches the head, for pairs of images: (m,) and (m,) to (m, 2) in float64."""
        return self._all.sums(first, second)

    def own_sums(self) -> Array:
        """The same for every image with itself."""
        own = np.arange(len(self.prepared.images))
        return self.sums(own, own)

    def _launches(self) -> StageLaunches:
        """The stages whose images are there."""
        dtype = self.prepared.images.dtype
        return StageLaunches(self.driver, self.prepared.stages, self.numbers, self.images, dtype)

    def _factors(self, s: int, squares: Array, pooled: Array) -> Iterator[Array]:
        """Factors of the activations of a stage, (n, height, factors, width) each."""
        stages, dtype = self.prepared.stages, self.prepared.images.dtype
        for n, variances in variances_of_stage(stages, s, squares, pooled):
            factors = stages.activations[n][1].factors(variances.astype(dtype))
            if factors.shape[-1] > MULTIPLE:
                missing = -factors.shape[-1] % MULTIPLE
                factors = np.pad(factors, [(0, 0)] * 3 + [(0, missing)])
            self.numbers[n] = factors.shape[-1]
            yield factors.transpose(2, 0, 3, 1)
