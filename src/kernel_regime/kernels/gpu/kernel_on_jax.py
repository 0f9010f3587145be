"""Kernels made of matrix products on a device of JAX: what they have in common."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.samples import checked_samples
from kernel_regime.execution.store.tiles import TileGrid
from kernel_regime.kernels.gpu.jax_engine import (
    Block,
    assemble,
    block_grid,
    bring_to_host,
    first_gpu,
    within_memory,
)
from kernel_regime.kernels.gpu.kernel_on_gpu import K, KernelOnGpu

with from_extra("gpu"):
    import jax

Blocks = Callable[[Array, Array, TileGrid], Iterator[Block]]
"""What computes the blocks of a grid of the matrices between two sets of samples."""

SMALLER_TILES = "lower execution.memory, which makes tiles smaller"


@dataclass(frozen=True)
class KernelOnJax(KernelOnGpu[K]):
    """Base of what computes one kernel on a device of JAX, block by block.

    Parameters
    ----------
    kernel : Kernel
        The kernel.
    device : jax.Device
        Where to compute; left out, the first GPU.

    Raises
    ------
    MissingDeviceError
        If there is no GPU.
    """

    device: jax.Device = field(default_factory=first_gpu)

    def gram_on_device(self, x: ArrayLike) -> jax.Array:
        """What the kernel's `gram` returns, shape (n, n), left on the device.

        Raises
        ------
        TooLargeError
            If the matrix does not fit the memory of the device.
        """
        x = checked_samples(x, "x1")
        grid = block_grid((len(x), len(x)), x.dtype, True, self.device)
        work = f"a kernel of {len(x):,} points"
        with jax_precision(np.float64), within_memory(self.device, work, "leave it to the host"):
            blocks = self._blocks(x, x, grid)
            return assemble(blocks, grid, x.dtype, self.device).block_until_ready()

    def _gram(self, x: Array) -> Array:
        return self._filled(self._blocks, x, None)[0]

    def _cross(self, x1: Array, x2: Array) -> Array:
        return self._filled(self._blocks, x1, x2)[0]

    def _filled(
        self, blocks: Blocks, x1: Array, x2: Array | None, kernels: int = 1
    ) -> tuple[Array, ...]:
        """Matrices on the host of as many kernels as blocks are of; symmetric without `x2`."""
        columns = x1 if x2 is None else x2
        grid = block_grid((len(x1), len(columns)), x1.dtype, x2 is None, self.device)
        matrices = tuple(np.empty(grid.shape, x1.dtype) for _ in range(kernels))
        work = f"{self.kernel} of {len(x1):,} × {len(columns):,} points"
        with jax_precision(np.float64), within_memory(self.device, work, SMALLER_TILES):
            bring_to_host(blocks(x1, columns, grid), matrices, grid)
        return matrices

    @abstractmethod
    def _blocks(self, x1: Array, x2: Array, grid: TileGrid) -> Iterator[Block]:
        """Blocks of checked inputs, computed as they are asked for; symmetric on the diagonal.

        JAX is in double precision meanwhile, so that it keeps that of the inputs.
        """
