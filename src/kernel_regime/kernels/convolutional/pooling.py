"""Pools of the convolutional engine: what leaves a stage, and which offsets the next one sees.

A pool of window w makes one pair of every w × w pixels of either image. It adds the pair of rows
(y, y + dy) to the pooled rows y // w and (y + dy) // w, at the pooled offset ⌊(y mod w + dy) / w⌋:
two neighbouring ones, or one where w divides dy. Columns likewise.

Sums of a vertical offset e of the next stage are complete once offset w·e + w − 1 is done, those of
offset 0 at the very end, since they take −1, the last one cyclically. So few are pending at a time:
three vertical offsets, see `slot_of`.

Pending sums, flat, for each stage but the first: (3, width, inputs, height, 2, width) by slot of
the vertical offset, horizontal offset, which input of the stage, row of the first image, which of
Σ and Θ, and column. They are zero before and after a pair of images.
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
    plane = (slot_of(dy) * stage.width + dx) * stage.inputs + channel
    return stage.pending + ((plane * stage.height + y) * 2 + part) * stage.width


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
    if y1 % window != window - 1:
        return
    y, offset, seam = y1 - window + 1, dy // window, y1 + 1 - dy % window
    while y <= y1:
        last = y if y in (y1, seam - 1) else y + 1
        pooled = (offset + (y >= seam)) % after.height
        pool_pair(node, source, stages, (y, last), pooled, dx, rows, pending)
        y = last + 1


@inlined
def pool_pair(
    node: Any, source: Any, stages: Any, span: Any, dy: int, dx: int, rows: Array, pending: Array
) -> None:
    """Two rows, or one, whose sums belong to one pooled vertical offset `dy`."""
    stage, after = stages
    if beyond(dy, after.max_dy, after.height):
        return
    window, offset = stage.pool_width, dx // stage.pool_width
    split, near, far = window - dx % window, offset % after.width, (offset + 1) % after.width
    first, second = row_of(source, stage, span[0], NNGP), row_of(source, stage, span[1], NNGP)
    parts = stage.width + 1, after.width
    y_out = span[0] // stage.pool_height
    near_row = pending_row(after, dy, near, node.channel, NNGP, y_out)
    far_row = pending_row(after, dy, far, node.channel, NNGP, y_out)
    near_seen = not beyond(near, after.max_dx, after.width)
    far_seen = split < window and not beyond(far, after.max_dx, after.width)
    if window == 2 and near_seen and far_seen and near != far:
        add_to_both(rows, (first, second), parts, (near_row, far_row), pending)
    elif window == 2 and split == 2 and near_seen:
        add_pairs(rows, (first, second), parts, near_row, pending)
    else:
        pair, pools = (first, second), (window, *parts)
        if near_seen:
            add_windows(rows, pair, pools, (0, split), near_row, pending)
        if far_seen:
            add_windows(rows, pair, pools, (split, window), far_row, pending)


@inlined
def of_two_rows(rows: Array, pair: Any, x: int) -> Any:
    """Sum of two rows at a column, or of one if they are the same."""
    first, second = pair
    total = load(rows, (first + x,))
    return total + load(rows, (second + x,)) if first != second else total


@inlined
def add_to_both(rows: Array, pair: Any, parts: Any, targets: Any, pending: Array) -> None:
    """Left and right columns of windows of two add to rows of pending sums of their own."""
    of_row, width = parts
    near, far = targets
    tangent = pair[0] + of_row, pair[1] + of_row
    for x in range(width):
        a = load(pending, (near + x,)) + of_two_rows(rows, pair, 2 * x)
        b = load(pending, (near + width + x,)) + of_two_rows(rows, tangent, 2 * x)
        c = load(pending, (far + x,)) + of_two_rows(rows, pair, 2 * x + 1)
        d = load(pending, (far + width + x,)) + of_two_rows(rows, tangent, 2 * x + 1)
        store(pending, (near + x,), a)
        store(pending, (near + width + x,), b)
        store(pending, (far + x,), c)
        store(pending, (far + width + x,), d)


@inlined
def add_pairs(rows: Array, pair: Any, parts: Any, target: int, pending: Array) -> None:
    """Windows of two columns add to a row of pending sums."""
    of_row, width = parts
    tangent = pair[0] + of_row, pair[1] + of_row
    for x in range(width):
        a = of_two_rows(rows, pair, 2 * x) + of_two_rows(rows, pair, 2 * x + 1)
        b = of_two_rows(rows, tangent, 2 * x) + of_two_rows(rows, tangent, 2 * x + 1)
        store(pending, (target + x,), load(pending, (target + x,)) + a)
        store(pending, (target + width + x,), load(pending, (target + width + x,)) + b)


@inlined
def add_windows(rows: Array, pair: Any, pools: Any, span: Any, target: int, pending: Array) -> None:
    """Some columns of every window, added up, add to a row of pending sums."""
    window, of_row, width = pools
    for part in range(2):
        of_part, row = (pair[0] + part * of_row, pair[1] + part * of_row), target + part * width
        for x in range(width):
            total = of_two_rows(rows, of_part, x * window + span[0])
            for c in range(span[0] + 1, span[1]):
                total = total + of_two_rows(rows, of_part, x * window + c)
            store(pending, (row + x,), load(pending, (row + x,)) + total)


@loop
def add_shared_windows(
    source: Any, stage: Any, y1: int, y2: int, dx: int, rows: Array, sums: Array
) -> None:
    """A row of the last stage adds to the sums over windows that both pixels share.

    Of an image of 32 × 32 pixels there may be a million terms: rows are added up by themselves.
    """
    window = stage.pool_width
    if y1 // stage.pool_height != y2 // stage.pool_height:
        return
    for shift in (dx, dx - stage.width):
        if -window < shift < window:
            for part in range(2):
                row, total = row_of(source, stage, y1, part), broadcast(rows, 0.0)
                for left in range(0, stage.width, window):
                    for c in range(max(0, -shift), min(window, window - shift)):
                        total = total + load(rows, (row + left + c,))
                add_to_sum(sums, part, total)


@loop
def add_to_sum(sums: Array, part: int, term: Any) -> None:
    """Add to a sum that is two numbers: itself, and what its roundings have left out (Knuth)."""
    before = load(sums, (part, 0))
    total = before + term
    added = total - before
    left_out = (before - (total - added)) + (term - added)
    store(sums, (part, 0), total)
    store(sums, (part, 1), load(sums, (part, 1)) + left_out)
