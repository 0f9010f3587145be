"""Launches of the stages of a network on a GPU, for as many pairs of images as its memory takes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.convolutional.stages import Stages
from kernel_regime.kernels.gpu.convolutional.driver import (
    Buffer,
    DeviceKernel,
    DeviceMemoryError,
    Driver,
)
from kernel_regime.kernels.gpu.convolutional.stage_shape import (
    OffsetsOfRun,
    StageShape,
    offsets_of_run,
    stage_shapes,
)
from kernel_regime.kernels.gpu.convolutional.stage_source import cuda_source

SHARE = 1 / 2  # of the free memory, for what waits between stages
MOST_PAIRS = 8192  # of a launch: several times what a card computes at once


@dataclass(frozen=True)
class StageLaunch:
    """One stage as it is launched: its kernel, shape, offsets, and the images it reads."""

    kernel: DeviceKernel
    shape: StageShape
    offsets: OffsetsOfRun
    images: Buffer

    @property
    def pooled_bytes(self) -> int:
        """What leaves the stage for one pair of images."""
        size = 4 if self.shape.number == "float" else 8
        return self.shape.pooled_numbers(self.offsets) * size

    def grid(self, pairs: int) -> tuple[int, int, int]:
        """Blocks, threads of each, and the bytes that these share."""
        groups, own = self.offsets.groups, self.shape.warps * self.shape.groups
        return -(-pairs * groups // own), self.shape.threads, self.shape.shared_bytes(groups)


class StageLaunches:
    """The first stages of a network, for pairs of images that lie on a GPU.

    Parameters
    ----------
    driver : Driver
        The GPU.
    stages : Stages
        Of the network.
    numbers : dict
        Factors of a pixel, by node with an activation.
    images : sequence of Buffer
        Images of every stage that is launched, see `device_images`.
    dtype : dtype
        Of the images.
    """

    def __init__(
        self,
        driver: Driver,
        stages: Stages,
        numbers: dict[int, int],
        images: Sequence[Buffer],
        dtype: np.dtype,
    ) -> None:
        self.driver, self.dtype, self.growth = driver, np.dtype(dtype), float(stages.growth[-1])
        count, every = len(images), len(images) == stages.count
        # Of a stage that follows, offset 0 alone matters. Few offsets are few groups for a pair
        # of images: a block then has more pairs than its shared memory holds.
        table = stages.stages if every else stages.seen_from(count)
        shapes = stage_shapes(stages, numbers, self.dtype, driver.shared_memory * every)
        self.launches = [
            StageLaunch(
                driver.compiled(cuda_source(stages, shapes[s], s, numbers)),
                shapes[s],
                offsets_of_run(shapes, table, s),
                images[s],
            )
            for s in range(count)
        ]

    def sums(self, first: Array, second: Array) -> Array:
        """What reaches the head, for pairs of images: (m,) and (m,) to (m, 2) in float64."""

        def attempt(most: int) -> Array:
            sums = np.empty((len(first), self.launches[-1].offsets.groups, 2))
            total = self.driver.empty(sums.nbytes)
            for _ in self._in_turn(first, second, total, most):
                pass
            self.driver.download(total, sums)
            return np.einsum("igk->ik", sums) / self.growth  # six times as fast as `sum`

        return with_fewer_pairs(attempt)

    def pooled_variances(self, number: int) -> Array:
        """Sums of variances that enter the next stage: (inputs, height, width, number), float64."""
        shape, offsets = self.launches[-1].shape, self.launches[-1].offsets
        height, width = shape.height // shape.window_y, shape.width // shape.window_x
        sizes = shape.sides, shape.outputs, offsets.slots_out, offsets.groups, height, width, 2

        def attempt(most: int) -> Array:
            own, pooled = np.arange(number), np.empty((number, *sizes), self.dtype)
            for start, stop, buffer in self._in_turn(own, own, self.driver.empty(1), most):
                self.driver.download(buffer, pooled[start:stop])
            nngp = pooled[:, :, :, 0, ..., 0].astype(np.float64)  # vertical offset 0
            # Groups −1 and 0: the offset 0 takes from the far side of the one, the other's near.
            near, far = nngp[:, 0, :, 1 % offsets.groups], nngp[:, -1, :, 0]
            return np.moveaxis(near + far if shape.sides == 2 else near, 0, -1)

        return with_fewer_pairs(attempt)

    def _in_turn(
        self, first: Array, second: Array, total: Buffer, most: int
    ) -> Iterator[tuple[int, int, Buffer]]:
        """Launch all stages for some pairs at a time; which, and where their pooled sums are."""
        driver, pooled_bytes = self.driver, [one.pooled_bytes for one in self.launches]
        indices = [driver.upload(i.astype(np.int32)) for i in (first, second)]
        fitting = int(SHARE * driver.free_memory()) // max(1, sum(pooled_bytes))
        together = max(1, min(len(first), most, fitting))
        pooled = [driver.empty(max(1, together * size)) for size in pooled_bytes]
        for start in range(0, len(first), together):
            number = min(together, len(first) - start)
            for s, one in enumerate(self.launches):
                buffers = *indices, pooled[s - 1], pooled[s], total
                pairs_of_block = one.shape.pairs_of_block(one.offsets.groups)
                integers = start, number, pairs_of_block, *astuple(one.offsets)
                driver.launch(one.kernel, one.grid(number), (one.images, *buffers, *integers))
            yield start, start + number, pooled[-1]


def with_fewer_pairs(attempt: Callable[[int], Array]) -> Array:
    """What `attempt(most)` returns for the first of 8192, 4096, … pairs that fits the memory.

    Raises
    ------
    DeviceMemoryError
        If not even one does.
    """
    most = MOST_PAIRS
    while True:
        try:
            return attempt(most)
        except DeviceMemoryError:
            if most == 1:
                raise
            most //= 2
