"""The convolutional engine: kernel matrices of networks on images, plane by plane."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numba
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import row_blocks
from kernel_regime.kernels.convolutional.image_graph import ImageGraph, image_graph
from kernel_regime.kernels.convolutional.node_table import NNGP, TANGENT
from kernel_regime.kernels.convolutional.plane_loops import pairs_of_blocks
from kernel_regime.kernels.convolutional.prepared_images import Buffers, PreparedImages, one_by_one
from kernel_regime.kernels.convolutional.stages import Stages, cut_into_stages
from kernel_regime.kernels.dense.network_layers import (
    activations_of,
    is_homogeneous,
    network_kernels,
)
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import SerialLayers
from kernel_regime.kernels.layers import LayerNormLayer
from kernel_regime.linalg.simd import VECTOR_SIZE
from kernel_regime.linalg.symmetric import mirror_upper

PIXEL_PAIRS = 2**20  # of one task of a thread, for each of sixteen pairs of images


class ImagesAtHead(NamedTuple):
    """Norms of images (n,), their variances (n,) where layers behind the head need them, and scale.

    What reaches the head are sums; `scale` makes means of them.
    """

    norms: Array
    variances: Array
    scale: float

    def of(self, images: slice) -> "ImagesAtHead":
        """Some of them."""
        return ImagesAtHead(self.norms[images], self.variances[images], self.scale)


@dataclass(frozen=True)
class ConvolutionalEngine:
    """Kernel matrices of one network on images (n, height, width[, channels]).

    Parameters
    ----------
    network : SerialLayers
        Layers that `image_graph.unsupported_on_images` finds no fault with.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> convolution = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
    >>> layers = [convolution, "Relu", "GlobalAvgPool", {"Dense": {"out_dim": 1}}]
    >>> engine = ConvolutionalEngine(read_architecture(layers))
    >>> engine.diagonal(np.ones((1, 2, 2)), "nngp").round(6)
    array([0.148406])
    """

    network: SerialLayers

    @property
    def largest_tile_edge(self) -> int:
        """Rows of a tile that is seconds of work: pools relate all pixels, Flatten each to one."""
        return 128 if self.graph.mixes_pixels else 2048

    @cached_property
    def graph(self) -> ImageGraph:
        """What the network does to images."""
        return image_graph(self.network)

    @cached_property
    def is_homogeneous(self) -> bool:
        """Whether kernels of scaled images are scaled kernels."""
        return is_homogeneous(self.network)

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[str]) -> tuple[Array, ...]:
        """A matrix for each of `gets`; exactly symmetric without `x2`."""
        matrices = self._matrices(x1, x1 if x2 is None else x2, gets, symmetric=x2 is None)
        if x2 is None:
            for matrix in matrices:
                mirror_upper(matrix)
        return matrices

    def diagonal(self, x: Array, get: str) -> Array:
        """Kernel of every image with itself, shape (n,)."""
        parts = [self._own(self.prepare(x[rows]), get) for rows in self._row_blocks(x)]
        return np.concatenate(parts)

    def prepare(self, x: Array) -> PreparedImages:
        """Images with what the kernel needs of each by itself.

        Raises
        ------
        InputError
            If these are no images, or pools do not divide them.
        """
        if x.ndim not in (3, 4):
            raise InputError(
                f"images: {self.graph.head.label} and what comes before need images (n, height, "
                f"width[, channels]), got {x.shape}; bring them to that shape"
            )
        x = x if x.ndim == 4 else x[..., None]
        stages = cut_into_stages(self.graph, *x.shape[1:])
        norms = np.abs(x).max(axis=(1, 2, 3)) if self.is_homogeneous else np.ones(len(x), x.dtype)
        return PreparedImages(stages, x, np.where(norms > 0, norms, 1))

    def _row_blocks(self, x: Array) -> Iterable[slice]:
        """Blocks of images whose factors fit the working memory."""
        one = self.prepare(x[:1])
        _, factors = one.stages.with_factors(one.numbers)
        return row_blocks(len(x), 3 * (one.images.size + factors) * x.itemsize, 1 / 4)

    def _matrices(
        self, x1: Array, x2: Array, gets: Sequence[str], *, symmetric: bool
    ) -> tuple[Array, ...]:
        matrices = tuple(np.zeros((len(x1), len(x2)), x1.dtype) for _ in gets)
        for rows in self._row_blocks(x1):
            first = self.prepare(x1[rows])
            for columns in self._row_blocks(x2):
                same = symmetric and rows == columns
                if symmetric and columns.start < rows.start:
                    continue
                second = first if same else self.prepare(x2[columns])
                sums = pair_sums(first, second, symmetric=same)
                values = self.values(sums, self._at_head(first), self._at_head(second), gets)
                for matrix, part in zip(matrices, values, strict=True):
                    matrix[rows, columns] = part
        return matrices

    def values(
        self, sums: Array, first: ImagesAtHead, second: ImagesAtHead, gets: Sequence[str]
    ) -> tuple[Array, ...]:
        """Kernel values (n1, n2) for each of `gets`, of what reaches the head, (n1, n2, 2)."""
        values = tuple(np.empty(sums.shape[:2], sums.dtype) for _ in gets)
        std1, std2 = (np.sqrt(side.variances) for side in (first, second))
        norms = second.norms.astype(np.float64)
        for rows in row_blocks(len(sums), 16 * 8 * sums.shape[1]):
            means = sums[rows] * first.scale
            behind = self._behind_the_head(means, std1[rows, None], std2, gets)
            for matrix, part in zip(values, behind, strict=True):
                with np.errstate(over="ignore"):  # `require_representable` tells
                    matrix[rows] = part * first.norms[rows, None] * norms
        return values

    def at_head(self, images: PreparedImages, own: Callable[[], Array]) -> ImagesAtHead:
        """What `values` needs of images; `own()` is what reaches the head of each with itself."""
        norm = any(isinstance(layer, LayerNormLayer) for layer in self.graph.tail.layers)
        scale = images.stages.scale
        if not norm and not activations_of(self.graph.tail):
            return ImagesAtHead(images.norms, np.zeros(len(images.images)), scale)
        return ImagesAtHead(images.norms, own()[:, NNGP].astype(np.float64) * scale, scale)

    def _at_head(self, images: PreparedImages) -> ImagesAtHead:
        return self.at_head(images, lambda: own_sums(images))

    def _own(self, images: PreparedImages, get: str) -> Array:
        """Kernel values of images with themselves."""
        sums = own_sums(images) * images.stages.scale
        std = np.sqrt(sums[:, NNGP].astype(np.float64))
        (values,) = self._behind_the_head(sums, std, std, (get,))
        with np.errstate(over="ignore"):
            return np.asarray(values * images.norms.astype(np.float64) ** 2, images.images.dtype)

    def _behind_the_head(
        self, means: Array, std1: Array, std2: Array, gets: Sequence[str]
    ) -> tuple[Array, ...]:
        """Kernel values of means (..., 2) over pixels, in float64, through the dense layers."""
        nngp, tangent = means[..., NNGP].astype(np.float64), means[..., TANGENT].astype(np.float64)
        if not self.graph.is_gaussian:  # Σ + Θ is kept, see `plane_loops`
            tangent = tangent - nngp
        bound = std1 * std2
        gaps = (np.maximum(bound - nngp, 0), np.maximum(bound + nngp, 0))
        if not np.any(bound):  # nobody needs variances: gaps around zero
            gaps = -nngp, nngp
        pairs = GaussianPairs(std1, std2, *gaps)
        return network_kernels(self.graph.tail, pairs, 1, gets, ntk=tangent)


def pair_sums(first: PreparedImages, second: PreparedImages, *, symmetric: bool) -> Array:
    """What reaches the head, Σ and Θ, for every pair of images, shape (n1, n2, 2).

    Where it is `symmetric`, what lies far below the diagonal stays 0.
    """
    stages, blocks = first.stages, len(second.pixels)
    numbers = {n: max(number, second.numbers[n]) for n, number in first.numbers.items()}
    nodes, _ = stages.with_factors(numbers)
    alone = one_by_one(first.pixels), one_by_one(first.factors(numbers))
    together = second.pixels, second.factors(numbers)
    sums = np.zeros((len(first.images), blocks, 2, 2, VECTOR_SIZE), first.images.dtype)
    many = max(1, PIXEL_PAIRS // stages.pixel_pairs)
    high = min(many, VECTOR_SIZE)
    wide = many // high

    def fill(i: int, start: int, buffers: Buffers) -> None:
        rows, span = slice(i, min(i + high, len(sums))), (start, min(start + wide, blocks))
        images = (alone[0][rows], alone[1][rows]), together, stages.constants
        pairs_of_blocks(nodes, stages.stages, stages.count, images, span, buffers, sums[rows])

    starts = (
        (i, start)
        for i in range(0, len(sums), high)
        for start in range(i // VECTOR_SIZE if symmetric else 0, blocks, wide)
    )
    in_threads(fill, starts, first)
    totals = sums.sum(axis=3).swapaxes(2, 3).reshape(len(sums), -1, 2)
    return _shrunk(totals[:, : len(second.images)], stages)


def own_sums(images: PreparedImages) -> Array:
    """What reaches the head for every image with itself, shape (n, 2)."""
    stages, pixels, factors = images.stages, images.pixels, images.factors(images.numbers)
    nodes, _ = stages.with_factors(images.numbers)
    sums = np.zeros((len(pixels), 2, 2, VECTOR_SIZE), images.images.dtype)

    def fill(b: int, buffers: Buffers) -> None:
        block = slice(b, b + 1)
        own = pixels[block], factors[block]
        images, into = (own, own, stages.constants), sums[None, block]
        pairs_of_blocks(nodes, stages.stages, stages.count, images, (0, 1), buffers, into)

    in_threads(fill, ((b,) for b in range(len(sums))), images)
    totals = sums.sum(axis=2).swapaxes(1, 2).reshape(-1, 2)
    return _shrunk(totals[: len(images.images)], stages)


def _shrunk(sums: Array, stages: Stages) -> Array:
    """Sums that the loops have grown, as the network has them."""
    growth = stages.growth[-1]
    return sums if growth == 1 else sums * sums.dtype.type(1 / growth)


def in_threads(
    fill: Callable[..., None], tasks: Iterable[tuple[int, ...]], images: PreparedImages
) -> None:
    """Call `fill(*task, buffers)` for every task, in as many threads as Numba may use."""
    thread = threading.local()

    def prepare() -> None:
        thread.buffers = images.buffers()

    with ThreadPoolExecutor(numba.get_num_threads(), initializer=prepare) as threads:
        list(threads.map(lambda task: fill(*task, thread.buffers), tasks))
