"""The convolutional engine on a GPU: kernel matrices of networks on images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import cast

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.both_kernels import Get
from kernel_regime.kernels.convolutional.convolutional_engine import ConvolutionalEngine
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleKernel
from kernel_regime.kernels.gpu.convolutional.device_images import DeviceImages
from kernel_regime.kernels.gpu.convolutional.driver import Driver
from kernel_regime.kernels.gpu.kernel_on_gpu import NetworkKernelOnGpu
from kernel_regime.kernels.infinite_network import NetworkKernel
from kernel_regime.linalg.symmetric import mirror_upper

EDGE = 2048  # images of either side that are on the GPU together
Block = tuple[slice, slice]


def current_gpu() -> Driver:
    """The GPU that CUDA offers; its packages are imported when it is asked for.

    Raises
    ------
    MissingExtraError, MissingDeviceError
        If they, or it, are not there.
    """
    module = import_module("kernel_regime.kernels.gpu.convolutional.cuda_driver")
    return cast(Driver, module.current_driver())


@dataclass(frozen=True)
class ConvolutionalOnGpu(NetworkKernelOnGpu[MyrtleKernel | NetworkKernel]):
    """A kernel of a convolutional network on a GPU: both of the network's from one pass.

    Parameters
    ----------
    kernel : MyrtleKernel or NetworkKernel
        `MyrtleNTK`, `MyrtleNNGP`, or a `NetworkKernel` whose engine is convolutional.
    driver : Driver
        The GPU; left out, that of CUDA.

    Raises
    ------
    MissingExtraError, MissingDeviceError
        If CUDA's packages, or a GPU, are not there.
    """

    driver: Driver = field(default_factory=current_gpu)

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """A matrix for each of `gets`, block by block; of a symmetric one the upper half."""
        shape = len(x1), len(x1 if x2 is None else x2)
        matrices = tuple(np.zeros(shape, x1.dtype) for _ in gets)
        for rows, columns in _blocks(shape, symmetric=x2 is None):
            same = x2 is None and rows == columns
            second = None if same else (x1 if x2 is None else x2)[columns]
            block = self._block(x1[rows], second, gets)
            for matrix, values in zip(matrices, block, strict=True):
                matrix[rows, columns] = values
        if x2 is None:
            for matrix in matrices:
                mirror_upper(matrix)
        return matrices

    def _block(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """Of images that are all on the GPU together; without `x2` its upper half."""
        engine: ConvolutionalEngine = self.kernel.convolutional_engine(x1)
        n = len(x1)
        prepared = engine.prepare(x1 if x2 is None else np.concatenate([x1, x2]))
        images = DeviceImages(self.driver, prepared)
        first, second = (
            np.triu_indices(n) if x2 is None else np.indices((n, len(x2))).reshape(2, -1)
        )
        sums = np.zeros((n, n if x2 is None else len(x2), 2), x1.dtype)
        sums[first, second] = images.sums(first, second + (0 if x2 is None else n))
        head = engine.at_head(prepared, images.own_sums)
        if x2 is None:
            return engine.values(sums, head, head, gets)
        return engine.values(sums, head.of(slice(n)), head.of(slice(n, None)), gets)


def _blocks(shape: tuple[int, int], *, symmetric: bool) -> Iterator[Block]:
    """Rows and columns of blocks; of a symmetric matrix, those of the upper half."""
    for row in range(0, shape[0], EDGE):
        for column in range(row if symmetric else 0, shape[1], EDGE):
            yield slice(row, row + EDGE), slice(column, column + EDGE)
