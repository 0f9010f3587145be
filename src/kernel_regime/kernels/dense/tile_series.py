"""Angles of tiles of cosines, and series in them: what the loops over tiles share.

Every step of a recurrence waits four cycles for the one before; two vectors at a time let
twice as many be under way.
"""

from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.simd import (
    VECTOR_SIZE,
    Vector,
    absolute,
    broadcast,
    copy_sign,
    larger,
    load,
    root,
    store,
)


@compiled()
def largest_size(tile: Array) -> Any:
    """The largest absolute value of a tile."""
    vectors, found = tile.reshape(-1, VECTOR_SIZE), np.empty((1, VECTOR_SIZE), tile.dtype)
    largest = broadcast(tile, 0.0)
    for k in range(len(vectors)):
        largest = larger(largest, absolute(load(vectors, (k,))))
    store(found, (0,), largest)
    return found.max()


@compiled()
def mark_beyond(cosines: Array, far: float, diagonal: bool) -> bool:
    """Put NaN for cosines whose size is beyond `far`; whether there are any.

    Of a tile on the `diagonal` of a symmetric matrix not where samples meet themselves, which is
    known otherwise: all such tiles would have some.
    """
    if diagonal:
        for k in range(len(cosines)):
            cosines[k, k] = 0
    if largest_size(cosines) <= far:
        return False
    flat = cosines.reshape(-1)
    for k in range(len(flat)):
        if abs(flat[k]) > far:
            flat[k] = np.nan
    return True


@compiled()
def put_angles(cosines: Array, arccos: Array, angles: Array) -> None:
    """Angles of a tile of cosines, in right angles from a right one; NaN of NaN."""
    vectors, results = cosines.reshape(-1, VECTOR_SIZE), angles.reshape(-1, VECTOR_SIZE)
    for k in range(len(vectors)):
        cosine = load(vectors, (k,))
        # In this order NaN is not the smaller of two.
        versine = larger(broadcast(cosines, 0.0), 1 - absolute(cosine))
        store(results, (k,), angle(cosine, versine, arccos))


@compiled()
def angle(cosine: Vector, versine: Vector, arccos: Array) -> Vector:
    """Angles with the sign of `cosine` and 1 − |cosine| = `versine`; `arccos` has it over √v."""
    turn = broadcast(arccos, arccos[-1])
    for power in range(len(arccos) - 2, -1, -1):
        turn = turn * versine + arccos[power]
    return copy_sign(root(versine) * turn - 1, 0 - cosine)


@compiled()
def chebyshev_series(coefficients: Array, x: Vector, y: Vector) -> tuple[Vector, Vector]:
    """A Chebyshev series at two vectors by Clenshaw's recurrence, lowest coefficient first."""
    twice_x, twice_y = x + x, y + y
    p = before_p = q = before_q = broadcast(coefficients, 0.0)
    for degree in range(len(coefficients) - 1, 0, -1):
        coefficient = coefficients[degree]
        p, before_p = twice_x * p + (coefficient - before_p), p
        q, before_q = twice_y * q + (coefficient - before_q), q
    return x * p + (coefficients[0] - before_p), y * q + (coefficients[0] - before_q)
