"""Convolutional kernels of the Myrtle networks."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Literal

import numba
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.kernels.base import Kernel, register, require_representable
from kernel_regime.kernels.convolutional.myrtle_layers import MyrtleLayers
from kernel_regime.kernels.convolutional.planes import NNGP, SUM, all_stages
from kernel_regime.kernels.convolutional.prepared_images import Buffers, Images
from kernel_regime.linalg.simd import VECTOR_SIZE
from kernel_regime.linalg.symmetric import mirror_upper


@dataclass(frozen=True)
class MyrtleKernel(Kernel):
    """What the NTK and the NNGP of a Myrtle network share: all but which of the two it is."""

    depth: Literal[5, 7, 10] = 5
    part: ClassVar[int]
    gpu: ClassVar[str | None] = "kernel_regime.kernels.gpu.myrtle_cuda:MyrtleOnGpu"
    largest_tile_edge: ClassVar[int] = 128  # seconds of work

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values (n1, n2) of images (n, side, side) or (n, side, side, channels).

        Raises
        ------
        InputError
            If images are not square, or of a side that the pools do not divide.
        """
        first, second = self.prepare(x1), self.prepare(x2)
        values = self.of_sums(pair_sums(first, second, symmetric=False), first, second)
        require_representable(self, values, x1, x2)
        return values

    def _gram(self, x: Array) -> Array:
        images = self.prepare(x)
        values = self.of_sums(pair_sums(images, images, symmetric=True), images, images)
        mirror_upper(values)
        require_representable(self, values, x, x)
        return values

    def _diagonal(self, x: Array) -> Array:
        images = self.prepare(x)
        blocks = [images.together(b) for b in range(len(images.pixels))]
        sums = np.zeros((len(blocks), 2, VECTOR_SIZE), x.dtype)

        def fill(b: int, work: Buffers) -> None:
            all_stages(blocks[b], blocks[b], images.network.max_offsets, 3, work, sums[b])

        in_threads(fill, ((b,) for b in range(len(blocks))), images)
        return sums[:, self.part].reshape(-1)[: len(x)] * images.factor * images.norms**2

    def prepare(self, x: Array) -> Images:
        """Images with what the kernel needs of each by itself."""
        if x.ndim not in (3, 4) or x.shape[1] != x.shape[2]:
            raise InputError(
                "images: a Myrtle kernel needs square images (n, side, side[, channels]), "
                f"got {x.shape}; bring them to that shape"
            )
        x = x if x.ndim == 4 else x[..., None]
        return Images(MyrtleLayers(self.depth, x.shape[1]), x)

    def of_sums(self, sums: Array, first: Images, second: Images) -> Array:
        """Kernel values (n1, n2) of what leaves the last pool, (n1, n2, 2)."""
        with np.errstate(over="ignore"):  # `require_representable` tells
            return sums[:, :, self.part] * first.factor * first.norms[:, None] * second.norms


def pair_sums(first: Images, second: Images, *, symmetric: bool) -> Array:
    """What leaves the last pool, Σ and U, for every pair of images, shape (n1, n2, 2).

    Where it is `symmetric`, what lies far below the diagonal stays 0.
    """
    rows = [first.alone(i) for i in range(len(first.images))]
    blocks = [second.together(b) for b in range(len(second.pixels))]
    max_offsets = first.network.max_offsets
    sums = np.zeros((len(rows), len(blocks), 2, VECTOR_SIZE), first.images.dtype)

    def fill(i: int, b: int, work: Buffers) -> None:
        if not symmetric or i < (b + 1) * VECTOR_SIZE:
            all_stages(rows[i], blocks[b], max_offsets, 3, work, sums[i, b])

    in_threads(fill, product(range(len(rows)), range(len(blocks))), first)
    pairs = sums.swapaxes(2, 3).reshape(len(rows), -1, 2)
    return pairs[:, : len(second.images)]


def in_threads(fill: Callable[..., None], tasks: Iterable[tuple[int, ...]], images: Images) -> None:
    """Call `fill(*task, buffers)` for every task, in as many threads as Numba may use."""
    thread = threading.local()

    def prepare() -> None:
        thread.buffers = images.buffers()

    with ThreadPoolExecutor(numba.get_num_threads(), initializer=prepare) as threads:
        list(threads.map(lambda task: fill(*task, thread.buffers), tasks))


@register("myrtle_ntk")
@dataclass(frozen=True)
class MyrtleNTK(MyrtleKernel):
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

    References
    ----------
    Shankar et al. (2020), *Neural Kernels Without Tangents*; Ghorbani et al. (2020), section 3.

    Examples
    --------
    >>> images = np.ones((2, 4, 4, 3)) * [[[[1.0]]], [[[2.0]]]]
    >>> matrix = MyrtleNTK(depth=5)(images)
    >>> (matrix / matrix[0, 0]).round(6)
    array([[1., 2.],
           [2., 4.]])
    """

    part: ClassVar[int] = SUM


@register("myrtle_nngp")
@dataclass(frozen=True)
class MyrtleNNGP(MyrtleKernel):
    """Covariance of the outputs of the network of `MyrtleNTK` at initialisation.

    Parameters
    ----------
    depth : {5, 7, 10}
        Layers with weights.

    Examples
    --------
    >>> float(MyrtleNNGP().diagonal(np.zeros((1, 4, 4)))[0])
    0.0
    """

    part: ClassVar[int] = NNGP
