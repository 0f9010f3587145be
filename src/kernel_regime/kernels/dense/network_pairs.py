"""Kernel matrices of dense networks pair by pair: exact for all inputs, in float64."""

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.core.memory import row_blocks
from kernel_regime.kernels.dense.network_layers import network_kernels
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import SerialLayers

NEARLY_PARALLEL = 1e-2
"""1 − |cos θ| below which angles come from differences of unit vectors; θ < 8°."""
SATURATING = 10.0
"""Standard deviation from which smooth activations are as good as kinked."""

_SHARE = 1 / 1024  # of the working memory for one array of pairs: it stays in the cache
_ARRAYS = 4  # of such size that one gap of pairs needs while it is computed


class Directions(NamedTuple):
    """Rows as unit vectors and lengths; a zero row has direction 0.

    Attributes
    ----------
    units : array (n, d)
        In the dtype of the rows.
    lengths : array (n,)
        In float64.
    """

    units: Array
    lengths: Array


def directions(x: Array) -> Directions:
    """Unit vectors and lengths of samples, whose trailing axes are flattened.

    Rows are scaled by their largest entry first, so that squares neither overflow nor vanish.

    Examples
    --------
    >>> directions(np.array([[3e200, 4e200], [0, 0]])).lengths
    array([5.e+200, 0.e+000])
    """
    rows = np.ascontiguousarray(x.reshape(len(x), -1))
    units, lengths = np.empty_like(rows), np.empty(len(rows))
    _part(rows, units, lengths)
    return Directions(units, lengths)


@compiled(parallel=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _part(rows: Array, units: Array, lengths: Array) -> None:
    """Rows into unit vectors and lengths, in float64 within."""
    for i in numba.prange(len(rows)):
        row, largest, square = rows[i], 0.0, 0.0
        for k in range(len(row)):
            largest = max(largest, abs(np.float64(row[k])))
        scale = largest if largest > 0 else 1.0
        for k in range(len(row)):
            square += (row[k] / scale) ** 2
        length = np.sqrt(square)
        lengths[i] = scale * length
        for k in range(len(row)):
            units[i, k] = row[k] / scale / (length if length > 0 else 1.0)


def pairwise_kernels(
    network: SerialLayers, left: Directions, right: Directions, gets: Sequence[str]
) -> tuple[Array, ...]:
    """Kernel matrices of shape (n1, n2) in float64, block of rows by block of rows.

    Parameters
    ----------
    network : SerialLayers
        The layers.
    left, right : Directions
        Both sides, in float64.
    gets : sequence of {"ntk", "nngp"}
        Which kernels.
    """
    features = left.units.shape[1]
    std1, std2 = (side.lengths / np.sqrt(features) for side in (left, right))
    matrices = tuple(np.empty((len(std1), len(std2))) for _ in gets)
    for rows in row_blocks(len(std1), _ARRAYS * 8 * len(std2), _SHARE):
        cosine = left.units[rows] @ right.units.T
        apart, together = 1 - cosine, 1 + cosine
        near = np.nonzero(np.abs(cosine) > 1 - NEARLY_PARALLEL)
        apart[near], together[near] = gaps(left.units[rows], right.units, *near)
        bound = std1[rows, None] * std2
        pairs = GaussianPairs(std1[rows, None], std2[None], bound * apart, bound * together)
        values = network_kernels(network, pairs, features, gets)
        for matrix, part in zip(matrices, values, strict=True):
            matrix[rows] = part
    return matrices


def gaps(units1: Array, units2: Array, first: Array, second: Array) -> tuple[Array, Array]:
    """1 − cos θ and 1 + cos θ of chosen pairs, the smaller without cancellation, in float64."""
    apart, together = np.empty(len(first)), np.empty(len(first))
    _put_gaps(units1, units2, first, second, apart, together)
    # Rounded unit vectors have lengths 1 ± 1e-7 in single precision: only small gaps hold.
    return np.where(apart < 1, apart, 2 - together), np.where(apart < 1, 2 - apart, together)


@compiled(parallel=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _put_gaps(
    units1: Array, units2: Array, first: Array, second: Array, apart: Array, together: Array
) -> None:
    """Halves of the squared distances of unit vectors, and of one from minus the other."""
    for pair in numba.prange(len(first)):
        a, b, minus, plus = units1[first[pair]], units2[second[pair]], 0.0, 0.0
        for k in range(len(a)):
            x, y = np.float64(a[k]), np.float64(b[k])
            minus += (x - y) ** 2
            plus += (x + y) ** 2
        apart[pair], together[pair] = minus / 2, plus / 2
