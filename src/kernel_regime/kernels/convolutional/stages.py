"""Stages of a network on images of one size: what the plane loops do, and the memory they need."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.activation_steps.codes import ActivationStep
from kernel_regime.kernels.convolutional.graph_cut import GraphCut, Sides
from kernel_regime.kernels.convolutional.image_graph import ImageGraph
from kernel_regime.kernels.convolutional.node_table import FILTER, HEAD, NODE, POOL, STAGE, SUM
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation

MOST_GROWTH = 60
"""Binary orders of magnitude, of 126 that float32 has."""


@dataclass(frozen=True)
class Stages:
    """Tables of all stages, and the sizes of the arrays that they describe.

    Attributes
    ----------
    nodes, stages : structured arrays
        See `node_table`; behind the last stage stands an empty one.
    activations : dict
        Activations, and what the loops need of them, by the number of their node.
    constants : array
        Of all activations, one after the other.
    rows, pending : int
        Lengths of the arrays of `plane_loops`.
    growth : array (nodes,)
        How much larger the values of every node are than those of the network.
    scale : float
        What makes means of the sums that reach the head, apart from their growth.
    """

    nodes: Array
    stages: Array
    activations: dict[int, tuple[DualActivation, ActivationStep]]
    constants: Array
    rows: int
    pending: int
    growth: Array
    scale: float

    @property
    def count(self) -> int:
        """How many stages there are."""
        return len(self.stages) - 1

    @property
    def pixel_pairs(self) -> int:
        """Pixel pairs of the first stage that a pair of images takes."""
        height, width, dy, dx = self.stages[["height", "width", "max_dy", "max_dx"]][0].tolist()
        return int(height * width * min(height, 2 * dy + 1) * min(width, 2 * dx + 1))

    def with_factors(self, numbers: dict[int, int]) -> tuple[Array, int]:
        """The table of nodes for so many factors a pixel, and how many an image has in all."""
        nodes, length = self.nodes.copy(), 0
        for stage in self.stages[:-1]:
            for n in range(stage["first"], stage["last"]):
                number = numbers.get(n, 0)
                nodes[n]["factors"], nodes[n]["n_factors"] = length, number
                length += number * int(stage["height"]) * int(stage["pitch"])
        return nodes, length

    def seen_from(self, last: int) -> Array:
        """The table of stages, with offsets as far as offset 0 of stage `last` needs them."""
        return with_offsets(self.stages, last, (0, 0))


def with_offsets(stages: Array, last: int, maximum: Sides) -> Array:
    """Largest offsets of all stages up to `last`, found backwards: m becomes w·m + w − 1."""
    stages, dy, dx = stages.copy(), *maximum
    stages[last]["max_dy"], stages[last]["max_dx"] = dy, dx
    for stage in stages[:last][::-1]:
        dy = int(stage["pool_height"]) * (dy + 1) - 1
        dx = int(stage["pool_width"]) * (dx + 1) - 1
        stage["max_dy"], stage["max_dx"] = dy, dx
    return stages


def cut_into_stages(graph: ImageGraph, height: int, width: int, channels: int) -> Stages:
    """Stages of a network, on images of one size.

    Raises
    ------
    InputError
        If a pool does not divide its images, or the pools of two branches do not fit each other.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> from kernel_regime.kernels.convolutional.image_graph import image_graph
    >>> convolution = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
    >>> pool = {"AvgPool": {"window_shape": [2, 2], "strides": [2, 2]}}
    >>> graph = image_graph(read_architecture([convolution, "Relu", pool, "Flatten"]))
    >>> cut_into_stages(graph, 8, 6, 3).stages["max_dx"][0]
    np.int64(1)
    """
    cut = GraphCut(graph, (height, width), channels)
    stages = np.zeros(len(cut.levels) + 1, STAGE)
    for level in range(len(cut.levels)):
        for name, value in cut.stage(level).items():
            stages[level][name] = value
    nodes = np.zeros(len(cut.nodes), NODE)
    for n, fields in enumerate(cut.nodes):
        for name, number in fields.items():
            nodes[n][name] = number
    _schedule(nodes, stages)
    lengths = _laid_out(nodes, stages)
    last = stages[-2]
    window = int(last["pool_height"]), int(last["pool_width"])
    positions = int(last["height"]) // window[0] * (int(last["width"]) // window[1])
    stages = with_offsets(stages, len(stages) - 2, (window[0] - 1, window[1] - 1))
    stages["pitch"] = stages["width"] * np.where(stages["max_dx"] > 0, 2, 1)
    return Stages(
        nodes,
        stages,
        cut.activations,
        _constants(nodes, cut.activations),
        *lengths,
        growth=_weights_moved_to_the_end(nodes, cut.activations),
        scale=1 / (float(window[0] * window[1]) ** 2 * positions),
    )


def _weights_moved_to_the_end(
    nodes: Array, activations: dict[int, tuple[DualActivation, ActivationStep]]
) -> Array:
    """Let filters and pools of a homogeneous chain add without weights; the growth of its values.

    That saves a product for every pixel pair. Values must not grow beyond what float32 holds.
    """
    growth = np.cumprod(1 / nodes["weight"])
    branches, biases = np.any(nodes["kind"] == SUM), np.any(nodes["bias"])
    homogeneous = all(activation.is_homogeneous for activation, _ in activations.values())
    if branches or biases or not homogeneous or np.abs(np.log2(growth)).max() > MOST_GROWTH:
        return np.ones(len(nodes))
    nodes["weight"] = 1
    return np.asarray(growth)


def _schedule(nodes: Array, stages: Array) -> None:
    """How many rows every node is behind, and how many of its rows have to be kept.

    A filter waits for the row below, a circular one for the last row of the image. Rows are kept
    by powers of two: a division a row costs as much as a column.
    """
    for stage in stages[:-1]:
        height = int(stage["height"])
        own = range(int(stage["first"]), int(stage["last"]))
        for n in own:
            delays = [nodes[s]["delay"] + r for s, r, _ in _reads(nodes[n], stage)]
            nodes[n]["delay"], nodes[n]["ring"] = max(delays, default=0), 1
        for n in own:
            for source, _, oldest in _reads(nodes[n], stage):
                kept = nodes[n]["delay"] - nodes[source]["delay"] + oldest + 1
                kept = 1 << int(min(height, kept) - 1).bit_length()
                nodes[source]["ring"] = max(nodes[source]["ring"], kept)
        stage["delay"] = nodes["delay"][own.start : own.stop].max()


def _reads(node: np.void, stage: np.void) -> list[tuple[int, int, int]]:
    """Sources of a node, with the rows that it reads below and above its own."""
    height = int(stage["height"])
    if node["kind"] == FILTER:
        radius = int(node["size_y"]) // 2
        if node["circular"] and radius:
            return [(int(node["source"]), height - 1, height)]
        return [(int(node["source"]), radius, radius)]
    if node["kind"] == SUM:
        return [(int(node[name]), 0, 0) for name in ("source", "other")]
    if node["kind"] == POOL:
        return [(int(node["source"]), 0, int(stage["pool_height"]) - 1)]
    return [(int(node["source"]), 0, 0)] if node["kind"] == HEAD else []


def _laid_out(nodes: Array, stages: Array) -> tuple[int, int]:
    """Places in rows and pending sums; the lengths of both."""
    columns = int(stages["width"].max()) + 1  # behind a row of zeros
    rows, pending = 2 * columns, 0
    for stage in stages[:-1]:
        height, width = int(stage["height"]), int(stage["width"])
        stage["columns"], stage["pending"] = columns, pending
        pending += 3 * width * int(stage["inputs"]) * 2 * height * width
        for node in nodes[stage["first"] : stage["last"]]:
            node["rows"] = rows
            rows += 2 * int(node["ring"]) * (width + 1)
    return rows, pending


def _constants(
    nodes: Array, activations: dict[int, tuple[DualActivation, ActivationStep]]
) -> Array:
    """Constants of all activations, and in the table where each one's begin."""
    constants: list[float] = []
    for n, (_, step) in activations.items():
        nodes[n]["constants"] = len(constants)
        constants += step.constants
    return np.array([*constants, 0.0])  # never empty
