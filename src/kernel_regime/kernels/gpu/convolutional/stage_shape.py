"""Shapes of stages on a GPU: which threads hold which pixel pairs, and the offsets of a run."""

from dataclasses import dataclass
from math import gcd
from typing import Literal

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Arguments
from kernel_regime.kernels.convolutional.stages import Stages
from kernel_regime.kernels.gpu.convolutional.node_rows import (
    is_cyclic,
    is_pixels,
    kept_rows,
    row_delays,
)

WARP = 32
MOST_COLUMNS = 8  # of a thread: more do not fit its registers
SHARED = 99_000  # bytes of shared memory for a block: two then fit all cards that have more
MOST_WARPS = 8  # of a block
KEPT = 96  # registers for rows of filters, of the 255 that a thread has
KEPT_OF_FOUR = 80  # where a thread has four columns, which take registers of their own
WIDE = 24  # columns of images whose threads get four: fewer shuffles, and addresses for more


@dataclass(frozen=True)
class StageShape:
    """Constants of one stage, in the names that `tile.cuh`, `pooling.cuh` and `stage.cuh` use.

    Attributes
    ----------
    number : {"float", "double"}
        Type of all values.
    height, width : int
        Of images.
    row : int
        Numbers in one row of an image: planes of pixels and factors, one after the other.
    columns, offsets : int
        Neighbouring columns of the first image, and neighbouring horizontal offsets, of a thread.
    members, groups, warps : int
        Threads that span an image, such groups in a warp, and warps in a block of threads.
    span : int
        Horizontal offsets of a group: those that begin in one window of the pool.
    rows : int
        That a step takes where no end of a column is near.
    delay : int
        How many rows its last node is behind the input.
    window_y, window_x : int
        Of the pool, or of the head.
    inputs, outputs, sides, sides_in : int
        Pooled values that enter and leave, and arrays of each (see `pooling.cuh`).
    circular, shared, last : bool
        Whether rows are walked cyclically, images lie in shared memory, a head follows.
    registers : int
        Of 32 bits that rows of filters take.
    """

    number: Literal["float", "double"]
    height: int
    width: int
    row: int
    columns: int
    offsets: int
    members: int
    groups: int
    warps: int
    span: int
    rows: int
    delay: int
    window_y: int
    window_x: int
    inputs: int
    outputs: int
    sides: int
    sides_in: int
    circular: bool
    shared: bool
    last: bool
    registers: int

    @property
    def threads(self) -> int:
        """Of a block."""
        return WARP * self.warps

    @property
    def blocks(self) -> int:
        """Of a multiprocessor, at least: with them a thread has 128, 168 or 255 registers."""
        return 3 if self.number == "float" and self.warps <= MOST_WARPS // 2 else 2

    def pairs_of_block(self, groups: int) -> int:
        """Pairs of images that a block can touch, if each has so many groups."""
        own = self.warps * self.groups
        return (groups - gcd(own, groups) + own + groups - 1) // groups

    def shared_bytes(self, groups: int) -> int:
        """Shared memory of a block."""
        if not self.shared:
            return 0
        size = 4 if self.number == "float" else 8
        return 2 * self.pairs_of_block(groups) * self.height * self.row * size

    def pooled_numbers(self, offsets: "OffsetsOfRun") -> int:
        """Numbers that leave the stage for one pair of images."""
        image = self.height // self.window_y * (self.width // self.window_x)
        pooled = self.sides * self.outputs * offsets.slots_out * offsets.groups * image
        return 2 * pooled * (not self.last)


@dataclass(frozen=True)
class OffsetsOfRun:
    """Offsets that one run of a stage takes, in the order of `Offsets` in `pooling.cuh`."""

    groups: int
    start: int
    lowest: int
    highest: int
    max_dy: int
    max_dx: int
    groups_in: int
    slots_in: int
    next_max_dy: int
    slots_out: int


def offsets_of_run(shapes: list[StageShape], stages: Array, s: int) -> OffsetsOfRun:
    """Offsets of stage `s` for the largest ones that a table of stages has."""
    shape = shapes[s]
    max_dy, max_dx = int(stages[s]["max_dy"]), int(stages[s]["max_dx"])
    groups, start = _groups(shape, max_dx, int(stages[s + 1]["max_dx"]))
    cyclic = shape.circular and 2 * max_dy + 1 >= shape.height
    before = _groups(shapes[s - 1], 0, max_dx)[0] if s else 0
    next_dy, next_height = int(stages[s + 1]["max_dy"]), shape.height // shape.window_y
    return OffsetsOfRun(
        groups,
        start,
        0 if cyclic else -max_dy,
        shape.height - 1 if cyclic else max_dy,
        max_dy,
        max_dx,
        before,
        min(shape.height, 2 * max_dy + 1),
        next_dy,
        min(next_height, 2 * next_dy + 1),
    )


def _groups(shape: StageShape, max_dx: int, next_max_dx: int) -> tuple[int, int]:
    """How many groups a pair of images has, and where the horizontal offsets of the first begin."""
    if not shape.last:
        pooled = shape.width // shape.window_x
        return min(pooled, 2 * next_max_dx + 2), -shape.span * (next_max_dx + 1)
    if shape.span == 1:
        return min(shape.width, 2 * max_dx + 1), -max_dx
    even = max_dx + max_dx % 2
    return min(shape.width // 2, even + 1), -even


def stage_shapes(
    stages: Stages, numbers: dict[int, int], dtype: np.dtype, shared: int
) -> list[StageShape]:
    """Shapes of all stages.

    Parameters
    ----------
    stages : Stages
        Of the network, on images of one size.
    numbers : dict
        Factors of a pixel, by node with an activation.
    dtype : dtype
        Of the images.
    shared : int
        Bytes of shared memory that a block of the card can have.

    Raises
    ------
    InputError
        If a warp cannot span the images.
    """
    shapes: list[StageShape] = []
    for s in range(stages.count):
        sides_in = shapes[-1].sides if shapes else 1
        shapes.append(_shape(stages, s, numbers, np.dtype(dtype), sides_in, min(shared, SHARED)))
    return shapes


def _shape(
    stages: Stages, s: int, numbers: dict[int, int], dtype: np.dtype, sides_in: int, limit: int
) -> StageShape:
    stage, last, words = stages.stages[s], s == stages.count - 1, dtype.itemsize // 4
    window, width = int(stage["pool_width"]), int(stage["width"])
    kept = kept_rows(stages, s) * words
    pairwise = (width if last else window) % 2 == 0 and int(stage["max_dx"]) > 0
    wide = pairwise and width >= WIDE and 2 * 4 * kept <= KEPT_OF_FOUR
    columns = _columns(width, window, [4, 2] if wide else [2])
    kept *= columns
    offsets = 2 if pairwise and 2 * kept <= KEPT else 1
    members = width // columns
    nodes = range(int(stage["first"]), int(stage["last"]))
    planes = sum(numbers.get(n, 0) for n in nodes)
    planes += sum(int(stages.nodes[n]["channel"]) for n in nodes if is_pixels(stages, n))
    shape: Arguments = {
        "number": {4: "float", 8: "double"}[dtype.itemsize],
        "height": int(stage["height"]),
        "width": width,
        "row": planes * width,
        "columns": columns,
        "offsets": offsets,
        "members": members,
        "groups": WARP // members,
        "span": offsets if last else window,
        "rows": 2 if int(stage["pool_height"]) % 2 == 0 else 1,
        "delay": max(row_delays(stages, s).values()),
        "window_y": int(stage["pool_height"]),
        "window_x": window,
        "inputs": int(stage["inputs"]),
        "outputs": int(stages.stages[s + 1]["inputs"]),
        "sides": 1 if window == 1 or last else 2,
        "sides_in": sides_in,
        "circular": any(is_cyclic(stages, n) for n in nodes),
        "last": last,
        "registers": offsets * kept,
    }
    groups, _ = _groups(
        StageShape(**shape, warps=1, shared=False),
        int(stage["max_dx"]),
        int(stages.stages[s + 1]["max_dx"]),
    )
    # Blocks of many registers are small, so that more than one fits a multiprocessor.
    most = MOST_WARPS if words == 1 and offsets * kept < KEPT // 2 else MOST_WARPS // 2
    shape["warps"] = _warps(groups, shape["groups"], most)
    fits = StageShape(**shape, shared=True).shared_bytes(groups) <= limit
    return StageShape(**shape, shared=fits and planes > 0)


def _columns(width: int, window: int, preferred: list[int]) -> int:
    """Columns of a thread: a window is in one thread, or in whole threads."""
    fitting = [
        columns
        for columns in range(1, MOST_COLUMNS + 1)
        if width % columns == 0
        and width // columns <= WARP
        and (window % columns == 0 or columns % window == 0)
    ]
    if not fitting:
        raise InputError(
            f"images: a warp of a GPU does not span {width} columns with pools of {window}; pad or "
            f"crop to a multiple of {2 * window}, at most {MOST_COLUMNS * WARP}, or leave `device` "
            "out to compute on the CPU"
        )
    return next((columns for columns in preferred if columns in fitting), fitting[0])


def _warps(groups: int, of_warp: int, most: int) -> int:
    """Warps of a block: whole pairs of images, or a whole part of one, where that is possible."""
    whole = [
        warps
        for warps in range(most // 2, most + 1)
        if (warps * of_warp) % groups == 0 or groups % (warps * of_warp) == 0
    ]
    return max(whole, default=most)
