"""Graphs of networks on images, cut into stages where pools change the size of images."""

from collections import Counter
from functools import reduce
from typing import Any

from kernel_regime.core.errors import InputError
from kernel_regime.kernels.activation_steps.codes import ActivationStep
from kernel_regime.kernels.activation_steps.steps import step_of
from kernel_regime.kernels.convolutional.image_graph import ImageGraph
from kernel_regime.kernels.convolutional.node_table import (
    FILTER,
    HEAD,
    OF_ACTIVATION,
    OF_GAUSSIAN,
    OF_PIXELS,
    PENDING,
    PIXELS,
    POOL,
    SUM,
)
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.layers import AvgPoolLayer, ConvLayer, FanInSumLayer, FlattenLayer

Sides = tuple[int, int]
NEUTRAL = {"weight": 1.0, "size_y": 1, "size_x": 1}


def windows_of(graph: ImageGraph, height: int, width: int) -> list[Sides]:
    """How many pixels of an image make one, behind every operation."""
    windows: list[Sides] = []
    for layer, sources in graph.operations:
        before = [windows[source] for source in sources] or [(1, 1)]
        if len(set(before)) > 1 and layer is not None:
            shapes = " and ".join(f"{height // y}x{width // x}" for y, x in before)
            raise InputError(f"{layer.label} adds images of {shapes} pixels; pool them alike")
        y, x = before[0]
        if isinstance(layer, AvgPoolLayer):
            dy, dx = layer.window_shape
            if height // y % dy or width // x % dx:
                raise InputError(
                    f"{layer.label}: windows of {dy}x{dx} do not divide its images of "
                    f"{height // y}x{width // x} (of {height}x{width} inputs); pad or crop these, "
                    "or take windows that do"
                )
            y, x = y * dy, x * dx
        windows.append((y, x))
    return windows


class GraphCut:
    """Tables under construction."""

    def __init__(self, graph: ImageGraph, sides: Sides, channels: int) -> None:
        self.graph, self.sides, self.channels = graph, sides, channels
        self.windows = windows = windows_of(graph, *sides)
        operations = range(len(graph.operations))
        self.inner = [i for i in operations if not graph.operations[i].is_pool]
        self.levels = sorted({windows[i] for i in self.inner})
        self.nodes: list[dict[str, float]] = []
        self.activations: dict[int, tuple[DualActivation, ActivationStep]] = {}
        self.place: dict[tuple[int, int], int] = {}  # node of an operation in a stage
        self.uses = Counter(
            (self._level(i), source) for i in self.inner for source in self._sources(i)
        )
        self.inputs = self._inputs()

    def _level(self, operation: int) -> int:
        return self.levels.index(self.windows[operation])

    def _sources(self, operation: int) -> list[int]:
        return [self.graph.base(source) for source in self.graph.operations[operation].sources]

    def _inputs(self) -> list[list[int]]:
        """The operations whose pooled values enter each stage."""
        inputs: list[list[int]] = [[] for _ in (*self.levels, None)]
        for operation in self.inner:
            for source in self._sources(operation):
                for level in range(self._level(source) + 1, self._level(operation) + 1):
                    if source not in inputs[level]:
                        inputs[level].append(source)
        return inputs

    def stage(self, level: int) -> dict[str, int]:
        """Add the nodes of a stage; its sides and windows."""
        first, last = len(self.nodes), level == len(self.levels) - 1
        (high, wide), (height, width) = self.levels[level], self.sides
        window = self._head() if last else self.levels[level + 1]
        if window[0] % high or window[1] % wide:
            raise InputError(
                f"{self.graph.head.label}: pools of {high}x{wide} and {window[0]}x{window[1]} "
                "pixels in two branches do not divide each other; pool both alike"
            )
        pool = window[0] // high, window[1] // wide
        self._add_inputs(level)
        for operation in self.inner:
            if operation and self._level(operation) == level:
                self._add(operation, level)
        if last:
            self._node(kind=HEAD, source=self.place[self.graph.base(self.graph.output), level])
        for channel, source in enumerate(self.inputs[level + 1]):
            self._node(kind=POOL, source=self.place[source, level], channel=channel)
        return {
            "height": height // high,
            "width": width // wide,
            "first": first,
            "last": len(self.nodes),
            "pool_height": pool[0],
            "pool_width": pool[1],
            "inputs": len(self.inputs[level]),
        }

    def _head(self) -> Sides:
        """The window over which the head takes means; Flatten then of the diagonal."""
        flat = isinstance(self.graph.head, FlattenLayer)
        return self.windows[self.graph.output] if flat else self.sides

    def _add_inputs(self, level: int) -> None:
        if level == 0:
            self.place[0, 0] = self._node(kind=PIXELS, channel=self.channels)
        (high, wide), (high_before, wide_before) = self.levels[level], self.levels[level - 1]
        for channel, source in enumerate(self.inputs[level]):
            window = (high // high_before) * (wide // wide_before)
            node = self._node(kind=PENDING, channel=channel, weight=window**-2)
            self.place[source, level] = node

    def _add(self, operation: int, level: int) -> None:
        """The nodes of one layer."""
        layer = self.graph.operations[operation].layer
        sources = self._sources(operation)
        given = [self.place[source, level] for source in sources]
        if isinstance(layer, DualActivation):
            self.place[operation, level] = self._activated(layer, given[0], sources[0], level)
        elif isinstance(layer, FanInSumLayer):
            self.place[operation, level] = reduce(self._sum, given)
        else:
            self.place[operation, level] = self._filter(layer, given[0], sources[0])

    def _sum(self, first: int, second: int) -> int:
        return self._node(kind=SUM, source=first, other=second)

    def _filter(self, layer: Any, node: int, source: int) -> int:
        """A convolution; a dense layer is one of a single pixel."""
        given = OF_GAUSSIAN if self.graph.operations[source].is_gaussian else OF_ACTIVATION
        if self.nodes[node]["kind"] == PIXELS:
            given = OF_PIXELS
        size_y, size_x = layer.filter_shape if isinstance(layer, ConvLayer) else (1, 1)
        return self._node(
            kind=FILTER,
            source=node,
            input=given,
            size_y=size_y,
            size_x=size_x,
            circular=isinstance(layer, ConvLayer) and layer.padding == "CIRCULAR",
            weight=layer.W_std**2 / (size_y * size_x),
            bias=(layer.b_std or 0.0) ** 2,
        )

    def _activated(self, layer: DualActivation, node: int, source: int, level: int) -> int:
        """A node followed by an activation: the one that feeds it where nobody else needs that."""
        passed_on = source in self.inputs[level + 1]
        if self.uses[level, source] > 1 or passed_on:
            node = self._node(kind=FILTER, source=node, input=OF_ACTIVATION)  # a copy
        step = step_of(layer)
        self.nodes[node]["activation"] = step.code
        self.activations[node] = layer, step
        return node

    def _node(self, **fields: float) -> int:
        self.nodes.append(NEUTRAL | fields)
        return len(self.nodes) - 1
