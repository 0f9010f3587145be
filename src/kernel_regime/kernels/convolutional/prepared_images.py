"""Images prepared for the convolutional engine: with what activations need of every pixel."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.convolutional.node_table import FILTER, NNGP, PENDING, PIXELS, SUM
from kernel_regime.kernels.convolutional.plane_loops import pairs_of_blocks
from kernel_regime.kernels.convolutional.pooling import slot_of
from kernel_regime.kernels.convolutional.stages import Stages
from kernel_regime.linalg.simd import VECTOR_SIZE, aligned_zeros

Buffers = tuple[Array, Array]
PixelFactors = dict[int, Array]
"""Factors by node, (height, width, factors, 16)."""


@dataclass(frozen=True)
class PreparedImages:
    """Images in vectors of sixteen, with the factors of their pixels.

    Parameters
    ----------
    stages : Stages
        The network whose kernel is wanted.
    images : array of shape (n, height, width, channels)
        The images.
    norms : array of shape (n,)
        What every image is divided by first.
    """

    stages: Stages
    images: Array
    norms: Array

    @cached_property
    def pixels(self) -> Array:
        """Pixels of all channels, over √channels, shape (blocks, pixels, 16)."""
        scale = self.norms * np.sqrt(self.images.shape[3])
        times = int(self.stages.stages[0]["pitch"]) // self.images.shape[2]
        repeated = np.concatenate([self.images] * times, axis=2)
        rows = (repeated / scale[:, None, None, None]).reshape(len(self.images), -1)
        blocks = -(-len(rows) // VECTOR_SIZE)
        vectors = aligned_zeros((blocks, rows.shape[1], VECTOR_SIZE), self.images.dtype)
        for i, row in enumerate(rows):
            vectors[i // VECTOR_SIZE, :, i % VECTOR_SIZE] = row
        return vectors

    @cached_property
    def numbers(self) -> dict[int, int]:
        """How many factors a pixel has, by node."""
        return {n: max(found[n].shape[2] for found in self.found) for n in self.stages.activations}

    def factors(self, numbers: dict[int, int]) -> Array:
        """Factors of all activations, shape (blocks, factors, 16), filled up to these `numbers`."""
        nodes, length = self.stages.with_factors(numbers)
        shape = len(self.pixels), max(length, 1), VECTOR_SIZE
        factors = aligned_zeros(shape, self.images.dtype)
        for block, found in zip(factors, self.found, strict=True):
            _lay_out(found, self.stages, nodes, block)
        return factors

    @cached_property
    def found(self) -> list[PixelFactors]:
        """Factors of every block of images.

        Within a stage the variances of pixels are filtered and activated like any covariances. A
        pool makes one variance of the covariances of all pixels in a window: those of every image
        with itself, at small offsets, which the kernel's own loops compute, stage by stage.
        """
        blocks, buffers = [], self.buffers()
        for pixels in self.pixels:
            found: PixelFactors = {}
            for stage in range(self.stages.count):
                pooled = self._pooled(stage, pixels, found, buffers)
                for n, variances in self._propagated(stage, pixels, pooled):
                    step = self.stages.activations[n][1]
                    factors = step.factors(variances.astype(self.images.dtype))
                    found[n] = np.moveaxis(factors, -1, 2)
            blocks.append(found)
        return blocks

    def _pooled(self, last: int, pixels: Array, found: PixelFactors, buffers: Buffers) -> Array:
        """Sums of pooled variances that enter a stage, shape (inputs, height, width, 16)."""
        stages, dtype = self.stages.seen_from(last), self.images.dtype
        height, width, inputs = (int(stages[last][side]) for side in ("height", "width", "inputs"))
        if last:
            nodes, length = self.stages.with_factors({n: f.shape[2] for n, f in found.items()})
            factors = aligned_zeros((max(length, 1), VECTOR_SIZE), dtype)
            _lay_out(found, self.stages, nodes, factors)
            own = pixels[None], factors[None]
            images = own, own, self.stages.constants
            unused = np.zeros((1, 1, 2, 2, VECTOR_SIZE), dtype)
            pairs_of_blocks(nodes, stages, last, images, (0, 1), buffers, unused)
        shape = 3, width, inputs, height, 2, width, VECTOR_SIZE
        start = int(stages[last]["pending"])
        pending = buffers[1][start : start + int(np.prod(shape[:-1]))]
        pooled = pending.reshape(shape)[slot_of(0), 0, :, :, NNGP].copy()
        pending[:] = 0
        return np.asarray(pooled, np.float64)

    def _propagated(self, s: int, pixels: Array, pooled: Array) -> Iterator[tuple[int, Array]]:
        """Nodes with an activation, and the variances before it, of one stage."""
        height, width, pitch = self.stages.stages[0][["height", "width", "pitch"]].tolist()
        rows = pixels.astype(np.float64).reshape(height, pitch, -1, VECTOR_SIZE)[:, :width]
        return variances_of_stage(self.stages, s, (rows**2).sum(axis=2), pooled)

    def buffers(self) -> Buffers:
        """Working memory of the loops: rows, and sums pending between stages."""
        lengths = self.stages.rows, max(self.stages.pending, 1)
        rows, pending = (aligned_zeros((n, VECTOR_SIZE), self.images.dtype) for n in lengths)
        return rows, pending


def variances_of_stage(
    stages: Stages, s: int, squares: Array, pooled: Array
) -> Iterator[tuple[int, Array]]:
    """Nodes of a stage with an activation, and the variances of pixels before it.

    Parameters
    ----------
    stages : Stages
        Of the network.
    s : int
        Which stage.
    squares : array (height, width, n)
        Squared norms of the pixels of n images, for stage 0.
    pooled : array (inputs, height, width, n)
        Sums of pooled variances, for the others.
    """
    nodes, stage = stages.nodes, stages.stages[s]
    variances: dict[int, Array] = {}
    for n in range(stage["first"], stage["last"]):
        node = nodes[n]
        if node["kind"] == PIXELS:
            variances[n] = squares
        elif node["kind"] == PENDING:
            variances[n] = pooled[node["channel"]] * node["weight"]
        elif node["kind"] == FILTER:
            variances[n] = box_filter(variances[node["source"]], node)
        elif node["kind"] == SUM:
            variances[n] = variances[node["source"]] + variances[node["other"]]
        if n in stages.activations:
            yield n, variances[n]
            activation = stages.activations[n][0]
            variances[n] = np.stack([activation.variance(row) for row in variances[n]])


def _lay_out(found: PixelFactors, stages: Stages, nodes: Array, factors: Array) -> None:
    """Factors of all nodes one behind the other, where `nodes` says, rows as often as the pitch."""
    for stage in stages.stages[:-1]:
        for n in found.keys() & set(range(stage["first"], stage["last"])):
            height, width, number, _ = found[n].shape
            pitch, wanted = int(stage["pitch"]), int(nodes[n]["n_factors"])
            start = int(nodes[n]["factors"])
            target = factors[start : start + height * pitch * wanted]
            rows = target.reshape(height, pitch // width, width, wanted, VECTOR_SIZE)
            rows[:, :, :, :number] = found[n][:, None]


def one_by_one(blocks: Array) -> Array:
    """Blocks of vectors (blocks, m, 16) as rows of numbers (16·blocks, m)."""
    return np.ascontiguousarray(np.moveaxis(blocks, 2, 1)).reshape(-1, blocks.shape[1])


def box_filter(planes: Array, node: np.void) -> Array:
    """Weighted sums over a filter, plus the bias, of (height, width, 16)."""
    margins = [(int(node[name]) // 2,) * 2 for name in ("size_y", "size_x")]
    padded = np.pad(planes, (*margins, (0, 0)), mode="wrap" if node["circular"] else "constant")
    height, width = planes.shape[:2]
    columns = reduce(np.add, (padded[y : y + height] for y in range(node["size_y"])))
    total = reduce(np.add, (columns[:, x : x + width] for x in range(node["size_x"])))
    return np.asarray(total * node["weight"] + node["bias"])
