"""Pools of the convolutional engine: what leaves a stage, and which offsets the next one sees.

A pool of window w makes one pair of every w × w pixels of either image. It adds the pair of rows
(y, y + dy) to the pooled rows y // w and (y + dy) // w, at the pooled offset ⌊(y mod w + dy) / w⌋:
two neighbouring ones, or one where w divides dy. Columns likewise.

Sums of a vertical offset e of the next stage are complete once offset w·e + w − 1 is done, those of
offset 0 at the very end, since they take −1, the last one cyclically. So few are pending at a time:
three vertical offsets, see `slot_of`.

Pending sums, flat, for each stage but the first: (3, width, inputs, 2, height, width) by slot of
the vertical offset, horizontal offset, which input of the stage, which of Σ and Θ, and position in
the first image. They are zero before and after a pair of images.
"""

from typing import Any

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.convolutional.node_table import NNGP, PIXELS
from kernel_regime.linalg.simd import broadcast, load, store

loop: Any = compiled(nogil=True, error_model="numpy", _nrt=False)
inlined: Any = compiled(nogil=True, error_model="numpy", _nrt=False, forceinline=True)
"""For what is done once a row: to pass it all its arrays takes as long as several columns."""


@loop
def beyond(offset: int, maximum: int, period: int) -> bool:
    """Whether a cyclic offset is larger than `maximum` either way."""
    return maximum < offset < period - maximum


@loop
def slot_of(dy: int) -> int:
    """Where sums of vertical offset `dy` are kept; those of 0 are pending from first to last."""
    return 2 if dy == 0 else dy & 1


@loop
def completed(dy: int, window: int) -> int:
    """Vertical offset of the next stage that is complete once `dy` is done; −1 for none.

    The offsets of a stage come in the order 1, 2, …, −1, 0.
    """
    if dy == 0:
        return 0
    return dy // window if dy >= window and dy % window == window - 1 else -1


@loop
def row_of(node: Any, stage: Any, y: int, part: int) -> int:
    """Where row `y` of a node begins; products of pixels are both Σ and Σ + Θ."""
    part = NNGP if node.kind == PIXELS else part
    return node.rows + ((y & (node.ring - 1)) * 2 + part) * (stage.width + 1)


@loop
def pending_row(stage: Any, dy: int, dx: int, channel: int, part: int, y: int) -> int:
    """Where a row of pending sums begins."""
    plane = ((slot_of(dy) * stage.width + dx) * stage.inputs + channel) * 2 + part
    return stage.pending + (plane * stage.height + y) * stage.width


@inlined
def take_pending(
    node: Any, stage: Any, y1: int, dy: int, dx: int, rows: Array, pending: Array
) -> None:
    """Row `y1` of the pooled sums of one offset comes in; zeros stay behind."""
    for part in range(2):
        target = row_of(node, stage, y1, part)
        source = pending_row(stage, dy, dx, node.channel, part, y1)
        for x1 in range(stage.width):
            pooled = load(pending, (source + x1,)) * broadcast(rows, node.weight)
            store(rows, (target + x1,), pooled)
            store(pending, (source + x1,), broadcast(rows, 0.0))


@inlined
def pool_rows(
    node: Any, source: Any, stages: Any, y1: int, dy: int, dx: int, rows: Array, pending: Array
) -> None:
    """The rows of a window, `y1` the last of them, add to what the next stage will take."""
    stage, after = stages
    window = stage.pool_height
    if y1 % window == window - 1:
        top, offset = y1 - window + 1, dy // window % after.height
        split = window - dy % window
        pool_offset(node, source, stages, (top, top + split), offset, dx, rows, pending)
        if split < window:
            offset = (offset + 1) % after.height
            pool_offset(
                node, source, stages, (top + split, top + window), offset, dx, rows, pending
            )


@inlined
def pool_offset(
    node: Any, source: Any, stages: Any, span: Any, dy: int, dx: int, rows: Array, pending: Array
) -> None:
    """Rows whose sums belong to one pooled vertical offset `dy`, two at a time."""
    stage, after = stages
    if beyond(dy, after.max_dy, after.height):
        return
    window = stage.pool_width
    split, near = window - dx % window, dx // window % after.width
    far = (near + 1) % after.width
    y_out = span[0] // stage.pool_height
    for part in range(2):
        for y in range(span[0], span[1], 2):
            pair = row_of(source, stage, y, part), 0
            if y + 1 < span[1]:
                pair = pair[0], row_of(source, stage, y + 1, part)
            if not beyond(near, after.max_dx, after.width):
                target = pending_row(after, dy, near, node.channel, part, y_out)
                add_columns(rows, pair, (0, split), window, after.width, target, pending)
            if split < window and not beyond(far, after.max_dx, after.width):
                target = pending_row(after, dy, far, node.channel, part, y_out)
                add_columns(rows, pair, (split, window), window, after.width, target, pending)


@inlined
def add_columns(
    rows: Array, pair: Any, span: Any, window: int, width: int, target: int, pending: Array
) -> None:
    """Columns `span` of every window, of two rows, add to a row of pending sums."""
    first, second = pair
    for c in range(span[0], span[1] - 1, 2):
        for x in range(width):
            one, two = first + x * window + c, second + x * window + c
            total = load(rows, (one,)) + load(rows, (one + 1,))
            total = total + (load(rows, (two,)) + load(rows, (two + 1,)))
            store(pending, (target + x,), load(pending, (target + x,)) + total)
    if (span[1] - span[0]) % 2:
        c = span[1] - 1
        for x in range(width):
            total = load(rows, (first + x * window + c,)) + load(rows, (second + x * window + c,))
            store(pending, (target + x,), load(pending, (target + x,)) + total)


@loop
def add_shared_windows(
    source: Any, stage: Any, y1: int, y2: int, dx: int, rows: Array, sums: Array
) -> None:
    """A row of the last stage adds to the sums over windows that both pixels share."""
    window = stage.pool_width
    if y1 // stage.pool_height != y2 // stage.pool_height:
        return
    for shift in (dx, dx - stage.width):
        if -window < shift < window:
            for part in range(2):
                row, total = row_of(source, stage, y1, part), load(sums, (part,))
                for left in range(0, stage.width, window):
                    for c in range(max(0, -shift), min(window, window - shift)):
                        total = total + load(rows, (row + left + c,))
                store(sums, (part,), total)
