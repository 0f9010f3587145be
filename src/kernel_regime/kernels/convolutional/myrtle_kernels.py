"""Convolutional kernels of the Myrtle networks."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numba
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.kernels.convolutional.myrtle_layers import MyrtleLayers
from kernel_regime.kernels.convolutional.planes import NNGP, SUM, all_stages
from kernel_regime.kernels.convolutional.prepared_images import Buffers, Images
from kernel_regime.kernels.device import Device, DeviceKernel
from kernel_regime.linalg.simd import LANES
from kernel_regime.linalg.symmetric import mirror_upper


@dataclass(frozen=True)
class _Myrtle(DeviceKernel):
    """What the NTK and the NNGP of a Myrtle network share: all but which of the two it is."""

    depth: int = 5
    device: Device = "cpu"
    part: ClassVar[int]
    largest_tile_edge: ClassVar[int] = 128  # seconds of work

    def __post_init__(self) -> None:
        super().__post_init__()
        MyrtleLayers(self.depth, side=32)

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values (n1, n2) of images (n, side, side) or (n, side, side, channels).

        Raises
        ------
        ValueError
            If images are not square, or of a side that the pools do not divide.
        RuntimeError
            If `device` is gpu and there is none.
        """
        first = self._prepare(x1)
        second = first if x2 is x1 else self._prepare(x2)
        matrix = self._sums(first, second)[:, :, self.part]
        matrix = matrix * first.factor * first.norms[:, None] * second.norms
        if first is second:
            mirror_upper(matrix)
        return matrix

    def _sums(self, first: Images, second: Images) -> Array:
        """What leaves the last pool for every pair, shape (n1, n2, 2)."""
        if self.device == "gpu":
            from kernel_regime.kernels.gpu.myrtle_cuda import pair_sums

            return pair_sums(first, second)
        rows = [first.alone(i) for i in range(len(first.images))]
        blocks = [second.together(b) for b in range(len(second.pixels))]
        reaches = first.network.reaches
        sums = np.zeros((len(rows), len(blocks), 2, LANES), first.images.dtype)

        def fill(i: int, b: int, work: Buffers) -> None:
            if first is not second or i < (b + 1) * LANES:
                all_stages(rows[i], blocks[b], reaches, 3, work, sums[i, b])

        in_threads(fill, product(range(len(rows)), range(len(blocks))), first)
        pairs = sums.swapaxes(2, 3).reshape(len(rows), -1, 2)
        return pairs[:, : len(second.images)]

    def _diagonal(self, x: Array) -> Array:
        """Kernel of every image with itself, shape (n,)."""
        images = self._prepare(x)
        reaches = images.network.reaches
        blocks = [images.together(b) for b in range(len(images.pixels))]
        sums = np.zeros((len(blocks), 2, LANES), x.dtype)

        def fill(b: int, work: Buffers) -> None:
            all_stages(blocks[b], blocks[b], reaches, 3, work, sums[b])

        in_threads(fill, ((b,) for b in range(len(blocks))), images)
        return sums[:, self.part].reshape(-1)[: len(x)] * images.factor * images.norms**2

    def _prepare(self, x: Array) -> Images:
        if x.ndim not in (3, 4) or x.shape[1] != x.shape[2]:
            raise InputError(
                "images: a Myrtle kernel needs square images (n, side, side[, channels]), "
                f"got {x.shape}; bring them to that shape"
            )
        x = x if x.ndim == 4 else x[..., None]
        return Images(MyrtleLayers(self.depth, x.shape[1]), x)


def in_threads(fill: Callable[..., None], tasks: Iterable[tuple[int, ...]], images: Images) -> None:
    """Call `fill(*task, buffers)` for every task, in as many threads as Numba may use."""
    thread = threading.local()

    def prepare() -> None:
        thread.buffers = images.buffers()

    with ThreadPoolExecutor(numba.get_num_threads(), initializer=prepare) as threads:
        list(threads.map(lambda task: fill(*task, thread.buffers), tasks))


@dataclass(frozen=True)
class MyrtleNTK(_Myrtle):
    """Neural tangent kernel of a Myrtle network: see `MyrtleLayers` for its layers.

    NTK parametrisation, weights of variance 1, no biases, ReLU not rescaled: the defaults of
    neural-tangents' `stax`. In float32 the relative error on CIFAR-10 is below 3e-6 between
    images and 1.1e-5 on the diagonal (the NNGP: 4e-6). It can reach 5e-4 between images that
    coincide, up to a factor, over constant areas: there cos θ = 1 − θ²/2 hides half the digits of
    the angle, in any implementation.

    Parameters
    ----------
    depth : {5, 7, 10}
        Layers with weights.
    device : {"cpu", "gpu"}
        Where tiles are computed; a GPU needs the `[gpu]` extra. `diagonal` stays on the CPU.

    References
    ----------
    Shankar et al. (2020), *Neural Kernels Without Tangents*; Ghorbani et al. (2020), section 3.
    """

    part: ClassVar[int] = SUM


@dataclass(frozen=True)
class MyrtleNNGP(_Myrtle):
    """Covariance of the outputs of the network of `MyrtleNTK` at initialisation."""

    part: ClassVar[int] = NNGP
