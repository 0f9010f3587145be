"""Conjugate gradients for several right-hand sides at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array


@dataclass(frozen=True)
class Solution:
    """What conjugate gradients found.

    Parameters
    ----------
    values : array (p, columns)
        The solution.
    iterations : int
        How many products with the matrix it took.
    residual : float
        Largest over the columns, relative to the right-hand side.
    """

    values: Array
    iterations: int
    residual: float


def conjugate_gradients(
    product: Callable[[Array], Array],
    right: Array,
    start: Array,
    iterations: int,
    tolerance: float,
) -> Solution:
    """Solve M v = right for a symmetric positive definite M that is known by its products.

    Parameters
    ----------
    product : callable
        M times an array (p, columns).
    right, start : arrays (p, columns)
        Right-hand sides and first guess.
    iterations : int
        At most so many.
    tolerance : float
        Stop when every residual is so small relative to its right-hand side.

    Notes
    -----
    Columns advance each with its own step length; one that has converged stays where it is.
    """
    goal = tolerance * np.linalg.norm(right, axis=0)
    values = start.copy()
    residual = right - product(values) if start.any() else right.copy()
    direction = residual.copy()
    square = _dots(residual, residual)
    done = 0
    while done < iterations and (np.sqrt(square) > goal).any():
        image = product(direction)
        active = np.sqrt(square) > goal
        step = _ratio(square, _dots(direction, image), active).astype(values.dtype)
        values += step * direction
        residual -= step * image
        square, before = _dots(residual, residual), square
        direction *= _ratio(square, before, active).astype(values.dtype)
        direction += residual
        done += 1
    scale = np.linalg.norm(right, axis=0)
    relative = np.sqrt(square) / np.where(scale > 0, scale, 1)
    return Solution(values, done, float(relative.max()))


def _dots(a: Array, b: Array) -> Array:
    """Inner products of columns, in float64."""
    return np.einsum("ij,ij->j", a, b, dtype=np.float64)


def _ratio(above: Array, below: Array, where: Array) -> Array:
    return np.divide(above, below, out=np.zeros_like(above), where=where)
