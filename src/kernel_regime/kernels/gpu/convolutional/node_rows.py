"""Rows of the nodes of a stage on a GPU: how far they are behind, and how many they keep."""

from collections.abc import Iterator

import numpy as np

from kernel_regime.kernels.convolutional.node_table import (
    FILTER,
    OF_PIXELS,
    PENDING,
    PIXELS,
    SUM,
)
from kernel_regime.kernels.convolutional.stages import Stages


def is_pixels(stages: Stages, n: int) -> bool:
    """Whether a node is the products of pixels."""
    return bool(stages.nodes[n]["kind"] == PIXELS)


def is_cyclic(stages: Stages, n: int) -> bool:
    """Whether a node is a filter that goes on at the other end of a column."""
    node = stages.nodes[n]
    return bool(node["kind"] == FILTER and node["circular"] and node["size_y"] > 1)


def row_delays(stages: Stages, s: int) -> dict[int, int]:
    """How many rows every node of a stage is behind its input."""
    delays: dict[int, int] = {}
    stage = stages.stages[s]
    for n in range(int(stage["first"]), int(stage["last"])):
        node = stages.nodes[n]
        radius = int(node["size_y"]) // 2 if node["kind"] == FILTER else 0
        delays[n] = max((delays[source] for source in sources_of(node)), default=0) + radius
    return delays


def sources_of(node: np.void) -> Iterator[int]:
    """Nodes that a node reads."""
    if node["kind"] == SUM:
        yield int(node["other"])
    if node["kind"] not in (PIXELS, PENDING):
        yield int(node["source"])


def kept_rows(stages: Stages, s: int) -> int:
    """Rows of numbers that filters and sums of a stage keep from step to step."""
    delays, kept = row_delays(stages, s), 0
    for n in delays:
        node = stages.nodes[n]
        if node["kind"] == FILTER:
            kept += (int(node["size_y"]) - 1) * (1 if node["input"] == OF_PIXELS else 2)
        elif node["kind"] == SUM:
            kept += sum(2 * (delays[n] - delays[source]) for source in sources_of(node))
    return kept


def factor_planes(stages: Stages, s: int, numbers: dict[int, int]) -> dict[int, int]:
    """Where the factors of every activation of a stage begin, behind the channels of pixels."""
    stage, places, used = stages.stages[s], {}, 0
    for n in range(int(stage["first"]), int(stage["last"])):
        if is_pixels(stages, n):
            used += int(stages.nodes[n]["channel"])
    for n in range(int(stage["first"]), int(stage["last"])):
        if n in stages.activations:
            places[n] = used
            used += numbers[n]
    return places
