"""The plane loops of the convolutional engine: pairs of images, plane by plane, row behind row.

A convolution or an activation relates the pixel pair (p, p') only to pairs of the same offset
δ = p' − p. So every plane {(p, p + δ)} of one offset goes through all nodes of a stage alone, row
behind row in the first-level cache; pooling is what mixes offsets, so only pooled sums leave,
pending until the next stage (see `pooling`). Nothing of the size (pixels)² ever exists.

Offsets are cyclic, so that the planes of δ and of δ − side share full rows: the pixel (y, x) of the
first image meets (y + dy, x + dx) of the second, both modulo the sides. Where the second coordinate
starts again two planes meet, and filters with zero padding do not look across; circular filters do.

Two numbers travel with every pixel pair: the NNGP Σ, and the tangent kernel: Θ where values are
Gaussian, U = Σ + Θ behind activations. A convolution filters both (the new Θ is the filtered U),
an activation makes Σ ← E[φφ'] and U ← ΘE[φ̇φ̇'] + Σ. What a stage does is data: a table of nodes
(`node_table`), read once a row.

Arrays of one image (numbers) and of sixteen (..., 16) are both accepted as the first of a pair:
`load` broadcasts the numbers of the former. The arrays, all flat but for the axis of a vector:

* pixels: (height, pitch, channels), every row twice where planes are shifted sideways
* factors: what activations need of every pixel, (height, pitch, factors) for each of them
* rows: one of zeros and one for column sums; then the last rows of every node, (ring, 2,
  width + 1), whose last column stays zero
* pending: pooled sums between stages, see `pooling`

`tests/kernels/reference.py` has the same kernels as a few lines of NumPy on all pairs of pixels.
"""

from typing import Any

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.activation_steps.steps import activate_columns
from kernel_regime.kernels.convolutional.filter_loops import filter_row, scale_row
from kernel_regime.kernels.convolutional.node_table import (
    FILTER,
    HEAD,
    NNGP,
    OF_GAUSSIAN,
    OF_PIXELS,
    PENDING,
    PIXELS,
    POOL,
    TANGENT,
)
from kernel_regime.kernels.convolutional.pooling import (
    add_shared_windows,
    beyond,
    completed,
    inlined,
    loop,
    pool_rows,
    row_of,
    take_pending,
)
from kernel_regime.linalg.simd import load, store


@loop
def inner_product(pixels1: Array, at1: int, pixels2: Array, at2: int, channels: int) -> Any:
    """Sum over channels of the products of two pixels; unrolled for colour images."""
    total = load(pixels1, (at1,)) * load(pixels2, (at2,))
    if channels == 3:
        total = total + load(pixels1, (at1 + 1,)) * load(pixels2, (at2 + 1,))
        return total + load(pixels1, (at1 + 2,)) * load(pixels2, (at2 + 2,))
    for c in range(1, channels):
        total = total + load(pixels1, (at1 + c,)) * load(pixels2, (at2 + c,))
    return total


@inlined
def multiply_pixels(
    node: Any, stage: Any, y1: int, y2: int, dx: int, images: Any, rows: Array
) -> None:
    """A row of the inner products of pixels."""
    pixels1, pixels2 = images
    pitch, channels, target = stage.pitch, node.channel, row_of(node, stage, y1, NNGP)
    at1, at2 = y1 * pitch * channels, (y2 * pitch + dx) * channels
    for x in range(stage.width):
        product = inner_product(pixels1, at1 + x * channels, pixels2, at2 + x * channels, channels)
        store(rows, (target + x,), product)


@inlined
def convolve_row(
    node: Any, source: Any, stage: Any, y1: int, y2: int, dx: int, rows: Array
) -> None:
    """Row `y1` of Σ and Θ behind a convolution."""
    filter_row(node, source, stage, y1, y2, dx, NNGP, node.bias, rows)
    if node.input == OF_PIXELS:  # Θ = Σ, as an activation reads it by itself
        if not node.activation:
            copied = row_of(node, stage, y1, NNGP), row_of(node, stage, y1, TANGENT)
            scale_row(copied[0], copied[1], stage.width, 1.0, 0.0, rows)
        return
    bias = 0.0 if node.input == OF_GAUSSIAN else node.bias
    filter_row(node, source, stage, y1, y2, dx, TANGENT, bias, rows)
    if node.input == OF_GAUSSIAN:
        nngp, tangent = row_of(node, stage, y1, NNGP), row_of(node, stage, y1, TANGENT)
        for x in range(stage.width):
            total = load(rows, (nngp + x,)) + load(rows, (tangent + x,))
            store(rows, (tangent + x,), total)


@loop
def add_rows(node: Any, nodes: Any, stage: Any, y1: int, rows: Array) -> None:
    """Row `y1` of the sum of two nodes."""
    for part in range(2):
        target = row_of(node, stage, y1, part)
        first = row_of(nodes[node.source], stage, y1, part)
        second = row_of(nodes[node.other], stage, y1, part)
        for x in range(stage.width):
            store(rows, (target + x,), load(rows, (first + x,)) + load(rows, (second + x,)))


@inlined
def activate_row(
    node: Any, stage: Any, y1: int, y2: int, dx: int, numbers: Any, rows: Array
) -> None:
    """Row `y1` of a node through its activation, in place."""
    factors1, factors2, constants = numbers
    width, pitch, number = stage.width, stage.pitch, node.n_factors
    nngp, tangent = row_of(node, stage, y1, NNGP), row_of(node, stage, y1, TANGENT)
    places = nngp, nngp if node.input == OF_PIXELS else tangent, tangent
    first = factors1, node.factors + y1 * pitch * number
    second = factors2, node.factors + (y2 * pitch + dx) * number
    own = constants[node.constants :]
    activate_columns(node.activation, own, rows, places, first, second, (0, width, number))


@inlined
def compute_row(
    node: Any, nodes: Any, stages: Any, y1: int, dy: int, dx: int, pair: Any, buffers: Any
) -> None:
    """Row `y1` of one node, on the plane of one offset."""
    stage, (rows, pending, sums) = stages[0], buffers
    (pixels1, factors1), (pixels2, factors2), constants = pair
    y2 = y1 + dy - (stage.height if y1 + dy >= stage.height else 0)
    if node.kind == PIXELS:
        multiply_pixels(node, stage, y1, y2, dx, (pixels1, pixels2), rows)
    elif node.kind == PENDING:
        take_pending(node, stage, y1, dy, dx, rows, pending)
    elif node.kind == FILTER:
        convolve_row(node, nodes[node.source], stage, y1, y2, dx, rows)
    elif node.kind == POOL:
        pool_rows(node, nodes[node.source], stages, y1, dy, dx, rows, pending)
    elif node.kind == HEAD:
        add_shared_windows(nodes[node.source], stage, y1, y2, dx, rows, sums)
    else:
        add_rows(node, nodes, stage, y1, rows)
    if node.activation:
        activate_row(node, stage, y1, y2, dx, (factors1, factors2, constants), rows)


@loop
def compute_planes(nodes: Any, stages: Any, dy: int, pair: Any, buffers: Any) -> None:
    """All planes of vertical offset `dy` through a stage, from its inputs to pooled sums.

    `stages` are the stage and the one after it.
    """
    stage = stages[0]
    for dx in range(stage.width):
        if beyond(dx, stage.max_dx, stage.width):
            continue
        for step in range(stage.height + stage.delay):
            for n in range(stage.first, stage.last):
                y1 = step - nodes[n].delay
                if 0 <= y1 < stage.height:
                    compute_row(nodes[n], nodes, stages, y1, dy, dx, pair, buffers)


@loop
def pairs_of_blocks(
    nodes: Any, stages: Any, count: int, images: Any, span: Any, buffers: Any, sums: Array
) -> None:
    """Images, one by one or in sixteens, with blocks of sixteen: add what reaches the head.

    All of the first meet a block while it is in the cache.

    Parameters
    ----------
    nodes, stages : structured arrays
        See `node_table`.
    count : int
        How many stages; what leaves the last of fewer than all stays pending.
    images : two pairs of arrays, and an array
        Pixels and factors, of the first (n, …) or (n, …, 16), and of all blocks (blocks, …, 16);
        and the constants of activations.
    span : two integers
        The first block, and the one behind the last.
    buffers : (rows, pending)
        Working memory; rows of zeros and pending sums are zero before and after.
    sums : array (n, blocks, 2, 2, 16)
        What is added to: of Σ and the tangent kernel the sum, and what its roundings left out.
    """
    rows, pending = buffers
    (pixels1, factors1), (pixels2, factors2), constants = images
    for b in range(span[0], span[1]):
        for i in range(len(pixels1)):
            pair = (pixels1[i], factors1[i]), (pixels2[b], factors2[b]), constants
            all_stages(nodes, stages, count, pair, (rows, pending, sums[i, b]))


@loop
def all_stages(nodes: Any, stages: Any, count: int, pair: Any, buffers: Any) -> None:
    """One pair of images, or sixteen, through all stages.

    A vertical offset goes to the next stage as soon as its pooled sums are complete.
    """
    for turn in range(1, stages[0].height + 1):
        dy = turn % stages[0].height
        for s in range(count):
            stage = stages[s]
            if dy < 0 or beyond(dy, stage.max_dy, stage.height):
                break
            compute_planes(nodes, (stage, stages[s + 1]), dy, pair, buffers)
            dy = completed(dy, stage.pool_height)
