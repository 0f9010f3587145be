"""The plane loops of the Myrtle kernels: one image against sixteen, or sixteen pairs, at a time.

A convolution or a ReLU relates the pixel pair (p, p') only to pairs of the same displacement
δ = p' − p. So every displacement plane {(p, p + δ)} goes through all convolutions of a stage alone,
row behind row in the first-level cache; average pooling is what mixes displacements, so only pooled
sums leave. Those wait, one row of planes at a time, until the last of the nine planes that feed
them has passed, and then go through the next stage. Nothing of the size (pixels)² ever exists.

Two numbers travel with every pixel pair: the NNGP Σ and U = Σ + Θ, its sum with the tangent kernel.
A convolution box-filters both (the new Θ is the filtered U), a ReLU makes Σ ← σσ'κ₁(ρ) and
U ← Uκ₀(ρ) + Σ. The factors 1/9 of the filters, ½ of the ReLUs and 1/16 of the pools are left out:
they are the same for all pixel pairs and enter once, at the end.

Arrays of one image (height, width, ...) and of sixteen (height, width, ..., 16) are both accepted
as the first of a pair: `load` spreads the former over the lanes.

* pixels (side, side, channels)
* scales (convolutions, side, side, 2): σ and 1/σ of every pixel in front of every ReLU of a stage
* rows (1 + convolutions, 2, 4, side + 1, 16): the last three rows of Σ and U behind every layer of
  the plane under way, and a row of zeros; zeros to the right of every row
* pooled (2, 2, side, 2·reach + 3, side, 16): sums Σ and U waiting for the next stage, indexed by
  the parity of Δy, y, Δx + reach + 1, x
"""

from numba import njit

from kernel_regime.kernels.myrtle_lanes import load, spread, store
from kernel_regime.kernels.myrtle_relu import relu

compiled = njit(cache=True, nogil=True, error_model="numpy")
NNGP, SUM = 0, 1
ZEROS = 3


@compiled
def start(displacement):
    """First coordinate p for which both p and p + displacement can lie inside the image."""
    return max(0, -displacement)


@compiled
def correlate(pixels1, pixels2, y, dy, dx, rows, slot):
    """Row `y` of the products of pixels, summed over channels: the Σ and U that come in."""
    x0, width = start(dx), pixels1.shape[1] - abs(dx)
    for x in range(width):
        value = load(pixels1, (y, x0 + x, 0)) * load(pixels2, (y + dy, x0 + x + dx, 0))
        for c in range(1, pixels1.shape[2]):
            product = load(pixels1, (y, x0 + x, c)) * load(pixels2, (y + dy, x0 + x + dx, c))
            value = value + product
        store(rows, (0, NNGP, slot, x), value)
        store(rows, (0, SUM, slot, x), value)
    store(rows, (0, NNGP, slot, width), spread(rows, 0.0))
    store(rows, (0, SUM, slot, width), spread(rows, 0.0))


@compiled
def take(pooled, y, dy, dx, rows, slot):
    """Row `y` of the pooled sums of one displacement: the Σ and U that come in."""
    side, centre = pooled.shape[2], pooled.shape[3] // 2
    x0, width = start(dx), side - abs(dx)
    for part in range(2):
        for x in range(width):
            value = load(pooled, (part, dy & 1, y, centre + dx, x0 + x))
            store(rows, (0, part, slot, x), value)
        store(rows, (0, part, slot, width), spread(rows, 0.0))


@compiled
def column(rows, layer, part, above, here, below, x):
    """Sum of three pixel pairs above each other."""
    total = load(rows, (layer, part, above, x)) + load(rows, (layer, part, here, x))
    return total + load(rows, (layer, part, below, x))


@compiled
def convolve(scales1, scales2, layer, y, dy, dx, rows, above, here, below):
    """Row `y` through convolution `layer` of the stage and its ReLU."""
    x0, width = start(dx), scales1.shape[2] - abs(dx)
    nngp0, total0 = spread(rows, 0.0), spread(rows, 0.0)
    nngp1 = column(rows, layer, NNGP, above, here, below, 0)
    total1 = column(rows, layer, SUM, above, here, below, 0)
    for x in range(width):
        nngp2 = column(rows, layer, NNGP, above, here, below, x + 1)
        total2 = column(rows, layer, SUM, above, here, below, x + 1)
        nngp, total = relu(
            nngp0 + nngp1 + nngp2,
            total0 + total1 + total2,
            load(scales1, (layer, y, x0 + x, 0)),
            load(scales1, (layer, y, x0 + x, 1)),
            load(scales2, (layer, y + dy, x0 + x + dx, 0)),
            load(scales2, (layer, y + dy, x0 + x + dx, 1)),
        )
        store(rows, (layer + 1, NNGP, here, x), nngp)
        store(rows, (layer + 1, SUM, here, x), total)
        nngp0, nngp1, total0, total1 = nngp1, nngp2, total1, total2
    store(rows, (layer + 1, NNGP, here, width), spread(rows, 0.0))
    store(rows, (layer + 1, SUM, here, width), spread(rows, 0.0))


@compiled
def advance(scales1, scales2, step, dy, dx, rows):
    """Every layer does the row it can: `step` is the row that has just come in."""
    y0, height = start(dy), scales1.shape[1] - abs(dy)
    for layer in range(len(scales1)):
        row = step - 1 - layer
        if 0 <= row < height:
            above = (row - 1) % 3 if row > 0 else ZEROS
            below = (row + 1) % 3 if row < height - 1 else ZEROS
            convolve(scales1, scales2, layer, y0 + row, dy, dx, rows, above, row % 3, below)


@compiled
def pool(rows, slot, y, dy, dx, width, pooled):
    """Add a finished row to the sums over 2x2 pixels in both images."""
    layer, centre = len(rows) - 1, pooled.shape[3] // 2
    y_out, dy_out = y // 2, (y + dy) // 2 - y // 2
    if abs(dy_out) >= centre:
        return
    x0 = start(dx)
    for part in range(2):
        for x in range(x0, x0 + width):
            x_out = x // 2
            place = (part, dy_out & 1, y_out, centre + (x + dx) // 2 - x_out, x_out)
            store(pooled, place, load(pooled, place) + load(rows, (layer, part, slot, x - x0)))


@compiled
def gather(rows, slot, y, dy, dx, width, block, sums):
    """Add a finished row of the last stage to the sums over blocks common to both images."""
    if y // block != (y + dy) // block:
        return
    layer, x0 = len(rows) - 1, start(dx)
    for part in range(2):
        total = load(sums, (part,))
        for x in range(x0, x0 + width):
            if x // block == (x + dx) // block:
                total = total + load(rows, (layer, part, slot, x - x0))
        store(sums, (part,), total)


@compiled
def first_stage(pixels1, pixels2, scales1, scales2, dy, reach, rows, pooled):
    """All planes of vertical displacement `dy`, from pixels to sums over 2x2 pixels."""
    convolutions, side = len(scales1), len(pixels1)
    y0, height = start(dy), side - abs(dy)
    for dx in range(-reach, reach + 1):
        for step in range(height + convolutions):
            if step < height:
                correlate(pixels1, pixels2, y0 + step, dy, dx, rows, step % 3)
            advance(scales1, scales2, step, dy, dx, rows)
            done = step - convolutions
            if done >= 0:
                pool(rows, done % 3, y0 + done, dy, dx, side - abs(dx), pooled)


@compiled
def second_stage(source, scales1, scales2, dy, reach, rows, pooled):
    """All planes of vertical displacement `dy`, from sums to sums."""
    convolutions, side = len(scales1), source.shape[2]
    y0, height = start(dy), side - abs(dy)
    for dx in range(-reach, reach + 1):
        for step in range(height + convolutions):
            if step < height:
                take(source, y0 + step, dy, dx, rows, step % 3)
            advance(scales1, scales2, step, dy, dx, rows)
            done = step - convolutions
            if done >= 0:
                pool(rows, done % 3, y0 + done, dy, dx, side - abs(dx), pooled)
    source[:, dy & 1] = 0


@compiled
def last_stage(source, scales1, scales2, dy, reach, rows, sums):
    """All planes of vertical displacement `dy`, from sums to the two kernel values."""
    convolutions, side = len(scales1), source.shape[2]
    y0, height = start(dy), side - abs(dy)
    for dx in range(-reach, reach + 1):
        for step in range(height + convolutions):
            if step < height:
                take(source, y0 + step, dy, dx, rows, step % 3)
            advance(scales1, scales2, step, dy, dx, rows)
            done = step - convolutions
            if done >= 0:
                gather(rows, done % 3, y0 + done, dy, dx, side - abs(dx), reach + 1, sums)
    source[:, dy & 1] = 0


@compiled
def all_stages(first, second, reaches, buffers, sums):
    """Add what leaves the last pool, Σ and U, to `sums` (2, 16).

    `first` and `second` are each an image's or sixteen images' pixels and tuple of scales.
    """
    (pixels1, scales1), (pixels2, scales2) = first, second
    rows, pooled1, pooled2 = buffers
    for dy in range(-reaches[0], reaches[0] + 1):
        first_stage(pixels1, pixels2, scales1[0], scales2[0], dy, reaches[0], rows[0], pooled1)
        dy1 = dy // 2
        if dy % 2 == 0 or abs(dy1) > reaches[1]:
            continue
        second_stage(pooled1, scales1[1], scales2[1], dy1, reaches[1], rows[1], pooled2)
        dy2 = dy1 // 2
        if dy1 % 2 == 0 or abs(dy2) > reaches[2]:
            continue
        last_stage(pooled2, scales1[2], scales2[2], dy2, reaches[2], rows[2], sums)
