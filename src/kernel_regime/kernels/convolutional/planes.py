"""The plane loops of the Myrtle kernels: one image against sixteen, or sixteen pairs, at a time.

A convolution or a ReLU relates the pixel pair (p, p') only to pairs of the same offset δ = p' − p.
So every plane {(p, p + δ)} of one offset goes through all convolutions of a stage alone, row behind
row in the first-level cache; average pooling is what mixes offsets, so only pooled sums leave,
pending until the next stage. Nothing of the size (pixels)² ever exists.

Offsets are cyclic, so that the planes of δ and of δ − side share full rows: vertically modulo
`side`, horizontally modulo `side` + 1, with a blank pixel behind every row to part the two planes.
A blank pixel pools into a blank pixel, so the scheme repeats itself from stage to stage.

Two numbers travel with every pixel pair: the NNGP Σ and U = Σ + Θ, its sum with the tangent kernel.
A convolution box-filters both (the new Θ is the filtered U), a ReLU makes Σ ← σσ'κ₁(ρ) and
U ← Uκ₀(ρ) + Σ. The factors 1/9 of the filters, ½ of the ReLUs and 1/16 of the pools are left out:
they are the same for all pixel pairs and enter once, at the end.

Arrays of one image and of sixteen (..., 16) are both accepted as the first of a pair: `load`
broadcasts the numbers of the former. The arrays, without the axis of a vector:

* pixels (side, side + 1, channels)
* scales (convolutions, side, side + 1, 2): σ and 1/σ of every pixel in front of every ReLU
* rows (1 + convolutions, 2, 4, side + 1): the last three rows of Σ and U behind every layer of the
  plane under way, and a row of zeros
* pending (3, side + 1, 2, side, side + 1): pooled sums of the next stage, indexed by vertical
  offset (see `slot_of`), horizontal offset, which of the two, position in the first image

`tests/kernels/reference.py` has the same kernel as a few lines of NumPy on all pairs of pixels.
"""

from typing import Any

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.convolutional.relu import relu_step, relu_step_of_input
from kernel_regime.linalg.simd import Vector, broadcast, load, store

loop: Any = compiled(nogil=True, error_model="numpy")
NNGP, SUM = 0, 1
ZEROS = 3


@loop
def wrap(x: int, period: int) -> int:
    """Cyclic coordinate of x, which is less than two periods."""
    return x - period if x >= period else x


@loop
def beyond(offset: int, maximum: int, period: int) -> bool:
    """Whether a cyclic offset is larger than `maximum` either way."""
    return maximum < offset < period - maximum


@loop
def slot_of(dy: int) -> int:
    """Where sums of vertical offset `dy` are kept; those of 0 are pending from first to last."""
    return 2 if dy == 0 else dy & 1


@loop
def inner_product(pixels1: Array, y1: int, x1: int, pixels2: Array, y2: int, x2: int) -> Vector:
    """Sum over channels of the products of two pixels; unrolled for colour images."""
    total = load(pixels1, (y1, x1, 0)) * load(pixels2, (y2, x2, 0))
    if pixels1.shape[2] == 3:
        total = total + load(pixels1, (y1, x1, 1)) * load(pixels2, (y2, x2, 1))
        return total + load(pixels1, (y1, x1, 2)) * load(pixels2, (y2, x2, 2))
    for c in range(1, pixels1.shape[2]):
        total = total + load(pixels1, (y1, x1, c)) * load(pixels2, (y2, x2, c))
    return total


@loop
def multiply_pixels(images: tuple[Array, Array], y1: int, dy: int, dx: int, rows: Array) -> None:
    """Row `y1` of the products of pixels comes in: Σ, and U too."""
    pixels1, pixels2 = images
    side = len(pixels1)
    y2 = wrap(y1 + dy, side)
    for x1 in range(side):
        product = inner_product(pixels1, y1, x1, pixels2, y2, wrap(x1 + dx, side + 1))
        store(rows, (0, NNGP, y1 % 3, x1), product)


@loop
def take_pending(pending: Array, y1: int, dy: int, dx: int, rows: Array) -> None:
    """Row `y1` of the pooled sums of one offset comes in; zeros stay behind."""
    for part in range(2):
        for x1 in range(pending.shape[3]):
            place = (slot_of(dy), dx, part, y1, x1)
            store(rows, (0, part, y1 % 3, x1), load(pending, place))
            store(pending, place, broadcast(rows, 0.0))


@loop
def column(rows: Array, layer: int, part: int, slots: tuple[int, int, int], x: int) -> Vector:
    """Sum of three pixel pairs above each other."""
    above, here, below = slots
    total = load(rows, (layer, part, above, x)) + load(rows, (layer, part, here, x))
    return total + load(rows, (layer, part, below, x))


@loop
def convolve_input_row(
    scales: tuple[Array, Array], y1: int, y2: int, dx: int, rows: Array, slots: Any
) -> None:
    """Row `y1` through the convolution behind the pixels, where U = Σ, and its ReLU."""
    scales1, scales2 = scales
    side, here = scales1.shape[1], slots[1]
    left, centre = broadcast(rows, 0.0), column(rows, 0, NNGP, slots, 0)
    for x1 in range(side):
        x2 = wrap(x1 + dx, side + 1)
        right = column(rows, 0, NNGP, slots, x1 + 1)
        nngp, total = relu_step_of_input(
            left + centre + right,
            load(scales1, (0, y1, x1, 0)),
            load(scales1, (0, y1, x1, 1)),
            load(scales2, (0, y2, x2, 0)),
            load(scales2, (0, y2, x2, 1)),
        )
        store(rows, (1, NNGP, here, x1), nngp)
        store(rows, (1, SUM, here, x1), total)
        left, centre = centre, right
    for part in range(2):
        store(rows, (1, part, here, side - dx), broadcast(rows, 0.0))


@loop
def convolve_row(
    scales: tuple[Array, Array], layer: int, y1: int, y2: int, dx: int, rows: Array, slots: Any
) -> None:
    """Row `y1` through convolution `layer` of a stage and its ReLU."""
    scales1, scales2 = scales
    side, here = scales1.shape[1], slots[1]
    nngp_left, nngp_centre = broadcast(rows, 0.0), column(rows, layer, NNGP, slots, 0)
    sum_left, sum_centre = broadcast(rows, 0.0), column(rows, layer, SUM, slots, 0)
    for x1 in range(side):
        x2 = wrap(x1 + dx, side + 1)
        nngp_right = column(rows, layer, NNGP, slots, x1 + 1)
        sum_right = column(rows, layer, SUM, slots, x1 + 1)
        nngp, total = relu_step(
            nngp_left + nngp_centre + nngp_right,
            sum_left + sum_centre + sum_right,
            load(scales1, (layer, y1, x1, 0)),
            load(scales1, (layer, y1, x1, 1)),
            load(scales2, (layer, y2, x2, 0)),
            load(scales2, (layer, y2, x2, 1)),
        )
        store(rows, (layer + 1, NNGP, here, x1), nngp)
        store(rows, (layer + 1, SUM, here, x1), total)
        nngp_left, nngp_centre = nngp_centre, nngp_right
        sum_left, sum_centre = sum_centre, sum_right
    for part in range(2):
        store(rows, (layer + 1, part, here, side - dx), broadcast(rows, 0.0))


@loop
def advance(
    scales: tuple[Array, Array], step: int, dy: int, dx: int, rows: Array, from_pixels: bool
) -> None:
    """Every layer does the row it can: `step` is the row that has just come in."""
    side = scales[0].shape[1]
    for layer in range(len(scales[0])):
        y1 = step - 1 - layer
        if 0 <= y1 < side:
            y2 = wrap(y1 + dy, side)
            above = (y1 - 1) % 3 if y1 > 0 and y2 > 0 else ZEROS
            below = (y1 + 1) % 3 if y1 < side - 1 and y2 < side - 1 else ZEROS
            slots = (above, y1 % 3, below)
            if from_pixels and layer == 0:
                convolve_input_row(scales, y1, y2, dx, rows, slots)
            else:
                convolve_row(scales, layer, y1, y2, dx, rows, slots)


@loop
def pool_finished_rows(
    rows: Array, y1: int, dy: int, dx: int, max_offset: int, pending: Array
) -> None:
    """Two rows that are done, `y1` and the one above, add to the sums over 2x2 pixels.

    In plain words, for every pixel (y1, x1) of the two rows and its partner (y2, x2) at offset
    (dy, dx): add what the pair has to the pooled pair of (y1 // 2, x1 // 2) and (y2 // 2, x2 // 2).
    The two rows of partners pool into one row where `y2` is odd, else into two.
    """
    side = rows.shape[3] - 1
    if y1 % 2:
        upper, lower, y_out = (y1 - 1) % 3, y1 % 3, y1 // 2
        y2 = wrap(y1 + dy, side)
        if y2 % 2:
            pool_rows(rows, upper, lower, y_out, y2 // 2, dx, max_offset, pending)
        else:
            y2_upper = wrap(y1 - 1 + dy, side)
            pool_rows(rows, upper, ZEROS, y_out, y2_upper // 2, dx, max_offset, pending)
            pool_rows(rows, lower, ZEROS, y_out, y2 // 2, dx, max_offset, pending)


@loop
def pool_rows(
    rows: Array,
    slot_a: int,
    slot_b: int,
    y1: int,
    y2: int,
    dx: int,
    max_offset: int,
    pending: Array,
) -> None:
    """Add the sum of two rows to row `y1` of what is pending, split where the two planes meet."""
    fine, side = rows.shape[3] - 1, pending.shape[3]
    dy = (y2 - y1) % side
    if not beyond(dy, max_offset, side):
        sums, meet = pending[slot_of(dy)], (fine - dx + 1) // 2
        pool_columns(rows, slot_a, slot_b, 0, meet, y1, dx, sums)
        pool_columns(rows, slot_a, slot_b, meet, side, y1, dx - fine - 1, sums)


@loop
def pool_columns(
    rows: Array, slot_a: int, slot_b: int, start: int, stop: int, y1: int, dx: int, sums: Array
) -> None:
    """Columns 2x and 2x + 1 add to the sums of their pooled offsets, equal for even `dx`.

    Pixel 2x meets 2x + dx, in pooled pixels x and x + ⌊dx/2⌋; pixel 2x + 1 meets 2x + 1 + dx, in
    x and x + ⌊(dx + 1)/2⌋: for dx = 3 that is 1 and 2 to the right.
    """
    layer, period = len(rows) - 1, len(sums)
    even, odd = (dx // 2) % period, ((dx + 1) // 2) % period
    for part in range(2):
        for x in range(start, stop):
            a, b = (layer, part, slot_a), (layer, part, slot_b)
            first = load(rows, (*a, 2 * x)) + load(rows, (*b, 2 * x))
            second = load(rows, (*a, 2 * x + 1)) + load(rows, (*b, 2 * x + 1))
            place = (even, part, y1, x)
            if even == odd:
                store(sums, place, load(sums, place) + (first + second))
            else:
                store(sums, place, load(sums, place) + first)
                place = (odd, part, y1, x)
                store(sums, place, load(sums, place) + second)


@loop
def add_shared_blocks(rows: Array, y1: int, dy: int, dx: int, block: int, sums: Array) -> None:
    """A row of the last stage adds to the sums over blocks that both pixels share."""
    layer, side = len(rows) - 1, rows.shape[3] - 1
    if y1 // block == wrap(y1 + dy, side) // block:
        for part in range(2):
            total = load(sums, (part,))
            for x1 in range(side):
                if x1 // block == wrap(x1 + dx, side + 1) // block:
                    total = total + load(rows, (layer, part, y1 % 3, x1))
            store(sums, (part,), total)


@loop
def first_stage(
    images: tuple[Array, Array], scales: Any, dy: int, max_offsets: Any, rows: Array, pending: Array
) -> None:
    """All planes of vertical offset `dy`, from pixels to pooled sums."""
    convolutions, side = len(scales[0]), scales[0].shape[1]
    for dx in range(side + 1):
        if beyond(dy, max_offsets[0], side) or beyond(dx, max_offsets[0], side + 1):
            continue
        for step in range(side + convolutions):
            if step < side:
                multiply_pixels(images, step, dy, dx, rows)
            advance(scales, step, dy, dx, rows, True)
            if step >= convolutions:
                pool_finished_rows(rows, step - convolutions, dy, dx, max_offsets[1], pending)


@loop
def later_stage(
    stage: int, scales: Any, dy: int, max_offsets: Any, rows: Array, pending: Any, sums: Array
) -> None:
    """All planes of vertical offset `dy`, from pooled sums to the next, or to the values."""
    convolutions, side, source = len(scales[0]), scales[0].shape[1], pending[stage - 1]
    for dx in range(side + 1):
        if beyond(dy, max_offsets[stage], side) or beyond(dx, max_offsets[stage], side + 1):
            continue
        for step in range(side + convolutions):
            if step < side:
                take_pending(source, step, dy, dx, rows)
            advance(scales, step, dy, dx, rows, False)
            if step >= convolutions and stage == 1:
                pool_finished_rows(rows, step - convolutions, dy, dx, max_offsets[2], pending[1])
            elif step >= convolutions:
                add_shared_blocks(rows, step - convolutions, dy, dx, max_offsets[2] + 1, sums)


@loop
def completed(dy: int) -> int:
    """Vertical offset of the next stage that is complete once `dy` is done; −1 for none.

    Its pooled sums of offset e > 0 come from the offsets 2e − 1, 2e and 2e + 1 of this stage.
    """
    return dy // 2 if dy > 1 and dy % 2 else -1


@loop
def later_stages(
    scales: Any, dy: int, max_offsets: Any, stages: int, buffers: Any, sums: Array
) -> None:
    """The second stage of vertical offset `dy`, and the last where that completes an offset."""
    rows, pending = buffers[0], buffers[1:]
    if stages > 1:
        later_stage(1, scales[1], dy, max_offsets, rows[1], pending, sums)
    last = 0 if dy == 0 else completed(dy)
    if stages > 2 and last >= 0:
        later_stage(2, scales[2], last, max_offsets, rows[2], pending, sums)


@loop
def all_stages(
    first: Any, second: Any, max_offsets: Any, stages: int, buffers: Any, sums: Array
) -> None:
    """Add what leaves the last pool, Σ and U of sixteen pairs, to `sums` (2, 16).

    A vertical offset goes to the next stage as soon as its pooled sums are complete, so that few
    are pending at a time: of offset e once 2e + 1 is done, of offset 0 at the very end, since it
    takes −1, which is the last one cyclically. On images of side 8, with the offsets of the second
    and last stage in brackets::

        0 1 2 3 [1] 4 5 [2] 6 7 [3 [1]] [0 [0]]

    Parameters
    ----------
    first, second : pixels and scales per stage
        Of an image or of sixteen.
    max_offsets : three integers
        The largest offset of interest in each stage.
    stages : int
        With fewer than three, what leaves the last of them stays in `buffers`.
    buffers : see `Images.buffers`
        Working memory; pending sums are zero before and after.
    sums : array (2, 16)
        What is added to.
    """
    (pixels1, (a1, a2, a3)), (pixels2, (b1, b2, b3)) = first, second
    images, scales = (pixels1, pixels2), ((a1, b1), (a2, b2), (a3, b3))
    for dy in range(len(pixels1)):
        first_stage(images, scales[0], dy, max_offsets, buffers[0][0], buffers[1])
        if completed(dy) > 0:
            later_stages(scales, completed(dy), max_offsets, stages, buffers, sums)
    later_stages(scales, 0, max_offsets, stages, buffers, sums)
