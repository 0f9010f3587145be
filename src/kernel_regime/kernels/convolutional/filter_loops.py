"""Filters of the plane loops: sums over the pixel pairs of one offset around each, row by row.

Rows and planes are those of `plane_loops`. A filter of ones needs no products: homogeneous chains
fold their weights into the head.
"""

from typing import Any

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.convolutional.pooling import inlined, loop, row_of
from kernel_regime.linalg.simd import Vector, broadcast, load, store


@loop
def neighbour(node: Any, source: Any, stage: Any, y1: int, y2: int, step: int, part: int) -> int:
    """Where a row of a node's source begins, `step` rows below; zeros outside of an image."""
    height = stage.height
    if node.circular:
        return row_of(source, stage, (y1 + step) % height, part)
    if 0 <= y1 + step < height and 0 <= y2 + step < height:
        return row_of(source, stage, y1 + step, part)
    return 0


@loop
def column(rows: Array, slots: Any, x: int) -> Any:
    """Sum of three pixel pairs above each other."""
    above, here, below = slots
    return load(rows, (above + x,)) + load(rows, (here + x,)) + load(rows, (below + x,))


@compiled(_nrt=False)
def as_it_is(total: Vector, weight: Vector, constant: Vector) -> Vector:
    """A sum over a filter of weight 1, without bias."""
    return total


@compiled(_nrt=False)
def weighted(total: Vector, weight: Vector, constant: Vector) -> Vector:
    """A sum over a filter, scaled, plus a constant."""
    return total * weight + constant


@compiled(inline="always")
def filter_three(
    finish: Any, node: Any, stage: Any, slots: Any, dx: int, target: int, bias: float, rows: Any
) -> None:
    """Sums over 3x3 pixel pairs of a row, finished by `as_it_is` or `weighted`.

    First as if there were no seam, then the two columns at it once more, without each other.
    """
    width, seam = stage.width, stage.width - dx
    before, after = (width - 1, 0) if node.circular else (width, width)  # which is zero
    weight, constant = broadcast(rows, node.weight), broadcast(rows, bias)
    left, centre = column(rows, slots, before), column(rows, slots, 0)
    for x in range(width - 1):
        right = column(rows, slots, x + 1)
        store(rows, (target + x,), finish(left + centre + right, weight, constant))
        left, centre = centre, right
    total = left + centre + column(rows, slots, after)
    store(rows, (target + width - 1,), finish(total, weight, constant))
    if dx and not node.circular:
        inner = column(rows, slots, seam - 2 if seam > 1 else width)
        total = inner + column(rows, slots, seam - 1)
        store(rows, (target + seam - 1,), finish(total, weight, constant))
        inner = column(rows, slots, seam + 1)  # the zero behind the row, if there is none
        total = inner + column(rows, slots, seam)
        store(rows, (target + seam,), finish(total, weight, constant))


@loop
def filter_any(
    node: Any, source: Any, stage: Any, y1: int, y2: int, dx: int, part: int, bias: float, rows: Any
) -> None:
    """Sums over a filter of any odd size: first of columns, then of rows."""
    width, columns = stage.width, stage.columns
    target = row_of(node, stage, y1, part)
    for x in range(width):
        store(rows, (columns + x,), broadcast(rows, 0.0))
    for step in range(-(node.size_y // 2), node.size_y // 2 + 1):
        row = neighbour(node, source, stage, y1, y2, step, part)
        for x in range(width):
            store(rows, (columns + x,), load(rows, (columns + x,)) + load(rows, (row + x,)))
    seam = width - dx
    for x in range(width):
        total = broadcast(rows, 0.0)
        for c in range(x - node.size_x // 2, x + node.size_x // 2 + 1):
            if node.circular:
                total = total + load(rows, (columns + c % width,))
            elif 0 <= c < width and (c < seam) == (x < seam):
                total = total + load(rows, (columns + c,))
        total = total * broadcast(rows, node.weight) + broadcast(rows, bias)
        store(rows, (target + x,), total)


@loop
def scale_row(source: int, target: int, width: int, weight: float, bias: float, rows: Any) -> None:
    """A row through a filter of one pixel."""
    for x in range(width):
        scaled = load(rows, (source + x,)) * broadcast(rows, weight) + broadcast(rows, bias)
        store(rows, (target + x,), scaled)


@inlined
def filter_row(
    node: Any, source: Any, stage: Any, y1: int, y2: int, dx: int, part: int, bias: float, rows: Any
) -> None:
    """Row `y1` of Σ or of the tangent kernel through a filter."""
    target = row_of(node, stage, y1, part)
    if node.size_y == 1 and node.size_x == 1:
        scale_row(row_of(source, stage, y1, part), target, stage.width, node.weight, bias, rows)
        return
    if node.size_y != 3 or node.size_x != 3:
        filter_any(node, source, stage, y1, y2, dx, part, bias, rows)
        return
    slots = (
        neighbour(node, source, stage, y1, y2, -1, part),
        neighbour(node, source, stage, y1, y2, 0, part),
        neighbour(node, source, stage, y1, y2, 1, part),
    )
    if node.weight == 1 and bias == 0:
        filter_three(as_it_is, node, stage, slots, dx, target, bias, rows)
    else:
        filter_three(weighted, node, stage, slots, dx, target, bias, rows)
