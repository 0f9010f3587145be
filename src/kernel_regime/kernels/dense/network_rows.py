"""Inputs of network kernels: unit vectors, and what depends on lengths, as the loops want it."""

from typing import NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.matrix_tiles import EDGE
from kernel_regime.linalg.packed_products import packed_panels


class NetworkSide(NamedTuple):
    """Unit vectors of one input, and what depends on their lengths alone, in float64.

    Attributes
    ----------
    units : array (n, d)
        In the dtype of the kernels.
    scales : array (kernels, n)
        √k(x, x), the scale of a row's values.
    basis : array (lengths, n)
        Chebyshev polynomials in the logarithm of a row's length.
    """

    units: Array
    scales: Array
    basis: Array


class NetworkRows(NamedTuple):
    """Unit vectors of one input packed for multiplication, and what depends on lengths alone.

    All are as many as fill whole tiles, the last ones 0.

    Attributes
    ----------
    packed : array
        The unit vectors.
    scales : array (kernels, n)
        √k(x, x), the scale of a row's values.
    basis : array (lengths, n)
        Chebyshev polynomials in the logarithm of a row's length.
    """

    packed: Array
    scales: Array
    basis: Array


class NetworkAngles(NamedTuple):
    """What angles are made of cosines by, the same for both kernels of a network.

    Attributes
    ----------
    arccos : array
        Coefficients of arccos(1 − v)/√v in right angles, lowest first.
    stretch : float
        What maps angles, in right angles from a right one, onto [-1, 1].
    far : float
        Pairs whose |cos θ| is larger are left out, as NaN; beyond 1 there are none.
    """

    arccos: Array
    stretch: float
    far: float


def padded_rows(side: NetworkSide) -> NetworkRows:
    """Rows packed and padded to whole tiles."""
    padding = [(0, 0), (0, -len(side.units) % EDGE)]
    padded = (np.pad(a, padding).astype(side.units.dtype) for a in (side.scales, side.basis))
    return NetworkRows(packed_panels(side.units), *padded)


def coefficients_of_rows(series: Array, basis: Array, rows: NetworkRows) -> Array:
    """Coefficients (n, lengths, angles) of one kernel for the length of every row.

    Not by BLAS, whose threads go on spinning beside those of the loop that comes next: for matrices
    of 6,000 samples that took a third of its time.
    """
    missing = rows.basis.shape[1] - basis.shape[1]
    padded = np.pad(basis[: series.shape[1]], [(0, 0), (0, missing)])
    by_lengths = series.transpose(1, 2, 0)
    coefficients = np.einsum(
        "nr,rk->nk", np.ascontiguousarray(padded.T), by_lengths.reshape(len(by_lengths), -1)
    )
    return coefficients.astype(rows.basis.dtype).reshape(-1, *by_lengths.shape[1:])
