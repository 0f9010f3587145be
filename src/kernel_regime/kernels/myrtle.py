r"""Convolutional kernels of the Myrtle networks, on the CPU."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numba
import numpy as np

from kernel_regime.kernels.base import Array, Kernel, mirror_upper
from kernel_regime.kernels.myrtle_architecture import Architecture
from kernel_regime.kernels.myrtle_images import Buffers, Images
from kernel_regime.kernels.myrtle_lanes import LANES
from kernel_regime.kernels.myrtle_planes import NNGP, SUM, all_stages


@dataclass(frozen=True)
class _Myrtle(Kernel):
    """What the NTK and the NNGP of a Myrtle network share: all but which of the two it is."""

    depth: int = 5
    part: ClassVar[int]
    largest_tile_edge: ClassVar[int] = 128  # seconds of work

    def __post_init__(self) -> None:
        Architecture(self.depth, side=32)

    def tile(self, x1: Array, x2: Array) -> Array:
        """Kernel values (n1, n2) of images (n, side, side) or (n, side, side, channels).

        Raises
        ------
        ValueError
            If images are not square, or of a side that the pools do not divide.
        """
        first = self._prepare(x1)
        second = first if x2 is x1 else self._prepare(x2)
        n1, n2, blocks = len(x1), len(x2), len(second.pixels)
        reaches = first.network.reaches
        sums = np.zeros((n1, blocks, 2, LANES), x1.dtype)

        def fill(row: int, block: int, work: Buffers) -> None:
            if first is not second or row < (block + 1) * LANES:
                pair = first.alone(row), second.together(block)
                all_stages(*pair, reaches, 3, work, sums[row, block])

        in_threads(fill, product(range(n1), range(blocks)), first)
        matrix = sums[:, :, self.part].reshape(n1, -1)[:, :n2]
        matrix = matrix * first.factor * first.norms[:, None] * second.norms
        if first is second:
            mirror_upper(matrix)
        return matrix

    def diagonal(self, x: Array) -> Array:
        """Kernel of every image with itself, shape (n,)."""
        images = self._prepare(x)
        reaches = images.network.reaches
        sums = np.zeros((len(images.pixels), 2, LANES), x.dtype)

        def fill(block: int, work: Buffers) -> None:
            same = images.together(block)
            all_stages(same, same, reaches, 3, work, sums[block])

        in_threads(fill, zip(range(len(sums))), images)
        return sums[:, self.part].reshape(-1)[: len(x)] * images.factor * images.norms**2

    def _prepare(self, x: Array) -> Images:
        if x.ndim not in (3, 4) or x.shape[1] != x.shape[2]:
            raise ValueError(
                "images: a Myrtle kernel needs square images (n, side, side[, channels]), "
                f"got {x.shape}; bring them to that shape"
            )
        x = x if x.ndim == 4 else x[..., None]
        return Images(Architecture(self.depth, x.shape[1]), x)


def in_threads(fill: Callable[..., None], tasks: Iterable[tuple[int, ...]], images: Images) -> None:
    """Call `fill(*task, buffers)` for every task, in as many threads as Numba may use."""
    thread = threading.local()

    def prepare() -> None:
        thread.buffers = images.buffers()

    with ThreadPoolExecutor(numba.get_num_threads(), initializer=prepare) as threads:
        list(threads.map(lambda task: fill(*task, thread.buffers), tasks))


@dataclass(frozen=True)
class MyrtleNTK(_Myrtle):
    """Neural tangent kernel of a Myrtle network: `Architecture`, ReLU not rescaled, no biases.

    NTK parametrisation, weights of variance 1: neural-tangents' `stax` with its defaults.

    Parameters
    ----------
    depth : {5, 7, 10}
        Layers with weights.

    References
    ----------
    Shankar et al. (2020), *Neural Kernels Without Tangents*; Ghorbani et al. (2020), section 3.
    """

    part: ClassVar[int] = SUM


@dataclass(frozen=True)
class MyrtleNNGP(_Myrtle):
    """Covariance of the outputs of the network of `MyrtleNTK` at initialisation."""

    part: ClassVar[int] = NNGP
