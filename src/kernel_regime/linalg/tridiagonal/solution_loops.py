"""The hot loops that solve in the basis of a block tridiagonal form, and leave it again."""

import numpy as np
from numba import prange

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.matrix_tiles import EDGE
from kernel_regime.linalg.packed_products import ROWS, accumulate
from kernel_regime.linalg.simd import VECTOR_SIZE, load, store
from kernel_regime.linalg.tridiagonal.reduction_loops import BANDWIDTH

DEPTH = 384
"""Rows of Z that are kept at hand."""


@compiled(parallel=True, nogil=True)
def multiply_basis(
    basis: Array, flipped: Array, first: int, columns: Array, products: Array
) -> None:
    """Q X, as far as some column blocks of Q contribute to it.

    Parameters
    ----------
    basis : array (count, parts, rows, BANDWIDTH / parts)
        Consecutive column blocks of Q, from block `first` on.
    flipped : array (count, parts, BANDWIDTH / parts, rows)
        Their transposes.
    columns, products : arrays (·, rows, columns of a packed panel)
        X, and what is added to.
    """
    width = basis.shape[3]
    for tile_row in prange(basis.shape[2] // EDGE):
        top = np.intp(tile_row) * EDGE
        for k in range(len(basis)):
            for part in range(basis.shape[1]):
                start = (first + k) * BANDWIDTH + part * width
                x = columns[:, start : start + width]
                for packed_panel in range(len(columns)):
                    product = products[packed_panel]
                    for row in range(top, top + EDGE, ROWS):
                        accumulate(
                            flipped[k], part, row, x, packed_panel, 0, width, product, row, 0
                        )


@compiled(parallel=True, nogil=True)
def solve_banded_systems(factors: Array, targets: Array, columns: Array) -> None:
    """(L Lᵀ)⁻¹ Y for every ridge, side by side.

    Parameters
    ----------
    factors : array (ridges, rows, BANDWIDTH + 2)
        As `eliminate` takes them.
    targets : array (rows, outputs)
        Y.
    columns : array (·, rows, columns of a packed panel)
        The result.
    """
    rows, outputs = targets.shape
    width = columns.shape[2]
    for r in prange(len(factors)):
        factor, x = factors[r], np.empty((rows, outputs))
        for k in range(rows):
            for o in range(outputs):
                x[k, o] = targets[k, o]
            for d in range(1, min(BANDWIDTH, k) + 1):
                for o in range(outputs):
                    x[k, o] -= factor[k, d] * x[k - d, o]
            for o in range(outputs):
                x[k, o] *= factor[k, 0]
        for k in range(rows - 1, -1, -1):
            for o in range(outputs):
                x[k, o] *= factor[k, 0]
            for d in range(1, min(BANDWIDTH, k) + 1):
                for o in range(outputs):
                    x[k - d, o] -= factor[k, d] * x[k, o]
            for o in range(outputs):
                column = r * outputs + o
                columns[column // width, k, column % width] = x[k, o]


@compiled(parallel=True, nogil=True)
def eliminate(basis: Array, factors: Array, first: int, state: Array, total: Array) -> None:
    """Walk on through L Z = Qᵀ, and add the squares of Z; EDGE samples walk together.

    In NumPy, for all of Q: ``Z = solve_triangular(L, Q.T, lower=True)``, ``total = Z**2`` summed
    over its rows.

    Parameters
    ----------
    basis : array (count, parts, rows, BANDWIDTH / parts)
        Consecutive column blocks of Q, from block `first` on.
    factors : array (ridges, rows, BANDWIDTH + 2)
        Per row of L the inverse of its diagonal, the BANDWIDTH entries before it, nearest first,
        and 0.
    state : array (rows / EDGE, ridges, BANDWIDTH, EDGE / VECTOR_SIZE, VECTOR_SIZE)
        The BANDWIDTH rows of Z before `first`; afterwards the last ones.
    total : array (rows / EDGE, ridges, EDGE / VECTOR_SIZE, VECTOR_SIZE)
        Σ Z² so far.
    """
    for tile_row in prange(len(state)):
        columns = _transposed(basis, np.intp(tile_row) * EDGE)
        z = np.empty((BANDWIDTH + DEPTH, EDGE // VECTOR_SIZE, VECTOR_SIZE))
        for r in range(len(factors)):
            _copy(state[tile_row, r], z)
            for start in range(0, len(columns), DEPTH):
                part = columns[start : start + DEPTH]
                _substitute(factors[r, first * BANDWIDTH + start :], part, z, total[tile_row, r])
                _copy(z[len(part) :], z)
            _copy(z, state[tile_row, r])


@compiled()
def _transposed(basis: Array, top: np.intp) -> Array:
    """EDGE rows of column blocks of Q, column after column, as (columns, vectors, VECTOR_SIZE)."""
    blocks, _, _, width = basis.shape
    result = np.empty((blocks * BANDWIDTH, EDGE // VECTOR_SIZE, VECTOR_SIZE))
    for k in range(blocks):
        for i in range(EDGE):
            for j in range(BANDWIDTH):
                value = basis[k, j // width, top + i, j % width]
                result[k * BANDWIDTH + j, i // VECTOR_SIZE, i % VECTOR_SIZE] = value
    return result


@compiled()
def _copy(source: Array, target: Array) -> None:
    """The first BANDWIDTH rows."""
    for k in range(BANDWIDTH):
        for i in range(source.shape[1]):
            store(target, (k, i), load(source, (k, i)))


@compiled()
def _substitute(factor: Array, columns: Array, z: Array, total: Array) -> None:
    """Rows of Z behind its first BANDWIDTH, two at a time; half of EDGE samples, in registers.

    Forward substitution, of which the plain loop is

        for k in range(len(columns)):
            for d in range(1, BANDWIDTH + 1):
                columns[k] -= factor[k, d] * z[BANDWIDTH + k - d]
            z[BANDWIDTH + k] = factor[k, 0] * columns[k]
            total += z[BANDWIDTH + k] ** 2
    """
    for i in range(0, EDGE // VECTOR_SIZE, 3):
        t0, t1, t2 = load(total, (i,)), load(total, (i + 1,)), load(total, (i + 2,))
        for k in range(0, len(columns), 2):
            a0, a1, a2 = load(columns, (k, i)), load(columns, (k, i + 1)), load(columns, (k, i + 2))
            b0 = load(columns, (k + 1, i))
            b1 = load(columns, (k + 1, i + 1))
            b2 = load(columns, (k + 1, i + 2))
            for d in range(BANDWIDTH, 0, -1):  # what was finished last is needed last
                before, a, b = BANDWIDTH + k - d, factor[k, d], factor[k + 1, d + 1]
                z0, z1, z2 = (
                    load(z, (before, i)),
                    load(z, (before, i + 1)),
                    load(z, (before, i + 2)),
                )
                a0, a1, a2 = a0 - z0 * a, a1 - z1 * a, a2 - z2 * a
                b0, b1, b2 = b0 - z0 * b, b1 - z1 * b, b2 - z2 * b
            a0, a1, a2 = a0 * factor[k, 0], a1 * factor[k, 0], a2 * factor[k, 0]
            b = factor[k + 1, 1]
            b0, b1, b2 = b0 - a0 * b, b1 - a1 * b, b2 - a2 * b
            b0, b1, b2 = b0 * factor[k + 1, 0], b1 * factor[k + 1, 0], b2 * factor[k + 1, 0]
            store(z, (BANDWIDTH + k, i), a0)
            store(z, (BANDWIDTH + k, i + 1), a1)
            store(z, (BANDWIDTH + k, i + 2), a2)
            store(z, (BANDWIDTH + k + 1, i), b0)
            store(z, (BANDWIDTH + k + 1, i + 1), b1)
            store(z, (BANDWIDTH + k + 1, i + 2), b2)
            t0, t1, t2 = t0 + a0 * a0 + b0 * b0, t1 + a1 * a1 + b1 * b1, t2 + a2 * a2 + b2 * b2
        store(total, (i,), t0)
        store(total, (i + 1,), t1)
        store(total, (i + 2,), t2)
