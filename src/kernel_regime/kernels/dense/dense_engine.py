"""The dense engine: kernel matrices of any chain of dense layers, activations and residual sums.

Large matrices take one product, tile by tile, and then the layers in turn, or where these are many
or of other kinds, one polynomial that stands for all of them. What tiles do not cover (nearly
parallel inputs of networks with kinks, inputs far shorter or longer than most, and small matrices)
is computed pair by pair.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dense.layer_sequence import layer_rows, layer_sequence
from kernel_regime.kernels.dense.layer_tiles import fill_by_layers, layer_tiles
from kernel_regime.kernels.dense.network_interpolation import (
    LengthInterval,
    interpolate,
    interval_of,
)
from kernel_regime.kernels.dense.network_layers import (
    activations_of,
    diagonal_kernel,
    network_kernels,
)
from kernel_regime.kernels.dense.network_pairs import (
    NEARLY_PARALLEL,
    SATURATING,
    Directions,
    directions,
    gaps,
    pairwise_kernels,
)
from kernel_regime.kernels.dense.network_rows import NetworkAngles, NetworkSide
from kernel_regime.kernels.dense.network_tiles import fill_on_host
from kernel_regime.kernels.dense.zonal import arccos_polynomial
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import SerialLayers
from kernel_regime.linalg.matrix_tiles import EDGE

Matrices = tuple[Array, ...]
Filled = tuple[Matrices, Array]
"""Matrices, and in which of their tiles pairs were left out."""
Filler = Callable[..., Filled]
"""What has the arguments and results of `fill_on_host`."""

FEWEST_PAIRS = 2**16  # for which a polynomial pays
NEAREST = float(np.arccos(1 - NEARLY_PARALLEL))
ONE_LENGTH = 0.01  # spread of log-lengths within which a polynomial is hardly one in them
FEW_ACTIVATIONS = 5  # that take no longer than a polynomial in the angle alone
USUAL_LENGTHS = 8.0  # times the median length, or one over it, that the polynomial covers


class Wanted(NamedTuple):
    """Which matrices are wanted: between which samples, of which kernels."""

    left: Directions
    right: Directions
    gets: Sequence[str]
    symmetric: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Of each matrix."""
        return len(self.left.lengths), len(self.right.lengths)

    @property
    def features(self) -> int:
        """Of a sample."""
        return int(self.left.units.shape[1])


@dataclass(frozen=True)
class DenseEngine:
    """Kernel matrices of one network.

    In float64, values are exact to 1e-12 relative to √(k(x, x) k(x', x')). Float32 products round
    cosines by 1e-7, and angles θ by 1e-7/θ where the network has kinks; values then are within
    1e-6 a layer.

    Parameters
    ----------
    network : SerialLayers
        Layers that `network_layers.unsupported` finds no fault with.
    fill : callable
        What evaluates polynomials: `fill_on_host`, or its like on a GPU.
    layer_by_layer : bool
        Whether layers may be taken in turn, which this machine does where it is less work than to
        evaluate polynomials.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> dense = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}
    >>> engine = DenseEngine(read_architecture([dense, "Erf", dense]))
    >>> engine.matrices(np.eye(2), None, ["nngp"])[0].round(4)
    array([[0.9168, 0.0184],
           [0.0184, 0.9168]])
    """

    network: SerialLayers
    fill: Filler = fill_on_host
    layer_by_layer: bool = True

    @property
    def kinked(self) -> bool:
        """Whether the kernel has a kink where inputs are parallel."""
        return any(activation.kinked for activation in activations_of(self.network))

    def diagonal(self, x: Array, get: str) -> Array:
        """Kernel of every sample with itself, shape (n,)."""
        return self._scales(directions(x), get).astype(x.dtype)

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[str]) -> Matrices:
        """A matrix for each of `gets`; exactly symmetric without `x2`."""
        left = directions(x1)
        right = left if x2 is None else directions(x2)
        matrices = self._matrices(Wanted(left, right, gets, x2 is None))
        if x2 is None:
            for get, matrix in zip(gets, matrices, strict=True):
                np.fill_diagonal(matrix, self._scales(left, get).astype(x1.dtype))
        return matrices

    def _scales(self, side: Directions, get: str) -> Array:
        """k(x, x) in float64."""
        features = side.units.shape[1]
        return diagonal_kernel(self.network, side.lengths / np.sqrt(features), features, get)

    def _matrices(self, wanted: Wanted) -> Matrices:
        if np.prod(wanted.shape) >= FEWEST_PAIRS:
            usual = _usual(wanted.left.lengths), _usual(wanted.right.lengths)
            if all(np.any(mask) for mask in usual):
                return self._tile_by_tile(wanted, usual)
        return self._pair_by_pair(wanted)

    def _pair_by_pair(self, wanted: Wanted) -> Matrices:
        wide1, wide2 = (
            Directions(side.units.astype(float), side.lengths)
            for side in (wanted.left, wanted.right)
        )
        matrices = pairwise_kernels(self.network, wide1, wide2, wanted.gets)
        if wanted.symmetric:
            lower = np.tril_indices(len(wide1.lengths), -1)
            for values in matrices:
                values[lower] = values.T[lower]
        return tuple(values.astype(wanted.left.units.dtype) for values in matrices)

    def _tile_by_tile(self, wanted: Wanted, usual: tuple[Array, Array]) -> Matrices:
        """The matrices; pair by pair where no loop over tiles is exact enough."""
        sides = wanted.left.lengths[usual[0]], wanted.right.lengths[usual[1]]
        interval = interval_of(np.concatenate(sides) / np.sqrt(wanted.features))
        found = self._filled_by_layers(wanted, usual, interval)
        found = found or self._filled_by_series(wanted, usual, interval)
        if found is None:
            if len(wanted.gets) == 1:
                return self._pair_by_pair(wanted)
            alone = (self._matrices(wanted._replace(gets=(get,))) for get in wanted.gets)
            return tuple(matrix for (matrix,) in alone)
        matrices, left_out = found
        for i, j in np.argwhere(left_out):
            self._fill_left_out(matrices, wanted, i * EDGE, j * EDGE)
        self._fill_unusual(matrices, wanted, usual)
        return matrices

    def _filled_by_layers(
        self, wanted: Wanted, usual: tuple[Array, Array], interval: LengthInterval
    ) -> Filled | None:
        """Matrices layer by layer, if the network is such, loses few digits and it is faster."""
        sequence = layer_sequence(self.network) if self.layer_by_layer else None
        if sequence is None:
            return None
        one_length = interval.high - interval.low < ONE_LENGTH
        if one_length and len(sequence.activations) > FEW_ACTIVATIONS:
            return None
        left = layer_rows(sequence, wanted.left, usual[0])
        right = left if wanted.symmetric else layer_rows(sequence, wanted.right, usual[1])
        if left is None or right is None:
            return None
        sharp = left.sharp or right.sharp
        far = _far(NEAREST if sharp else self._nearest(interval))
        tiles = layer_tiles(sequence, left, right, wanted.shape, far, wanted.gets)
        return fill_by_layers(tiles, wanted.gets)

    def _nearest(self, interval: LengthInterval) -> float:
        """Angle below which pairs are nearly parallel, and 1 − cos θ loses too many digits."""
        bent = self.kinked or interval.high > np.log(SATURATING)
        return NEAREST if bent else 0.0

    def _filled_by_series(
        self, wanted: Wanted, usual: tuple[Array, Array], interval: LengthInterval
    ) -> Filled | None:
        """Matrices by one polynomial for each kernel, if all have one."""
        left, right, gets, symmetric = wanted
        nearest, dtype = self._nearest(interval), left.units.dtype
        found = (
            interpolate(self.network, wanted.features, get, interval, nearest, _tolerance(dtype))
            for get in gets
        )
        series = [one for one in found if one is not None]
        if len(series) < len(gets):
            return None
        angles = NetworkAngles(
            _arccos(8 if dtype == np.float32 else 20).astype(dtype),
            np.pi / (np.pi - 2 * nearest),
            _far(nearest),
        )
        terms = max(one.shape[1] for one in series)
        side1 = self._side(left, usual[0], gets, interval, terms)
        side2 = side1 if symmetric else self._side(right, usual[1], gets, interval, terms)
        return self.fill(side1, side2, angles, series, symmetric)

    def _side(
        self,
        side: Directions,
        usual: Array,
        gets: Sequence[str],
        interval: LengthInterval,
        terms: int,
    ) -> NetworkSide:
        """Unit vectors, scales, and polynomials in the log-lengths; unusual ones as the median."""
        lengths = np.where(usual, side.lengths, np.median(side.lengths[usual]))
        own = Directions(side.units, lengths)
        scales = np.array([np.sqrt(self._scales(own, get)) for get in gets])
        basis = interval.basis(lengths / np.sqrt(side.units.shape[1]), terms)
        return NetworkSide(side.units, scales, basis)

    def _fill_left_out(self, matrices: Matrices, wanted: Wanted, top: int, start: int) -> None:
        """Nearly parallel pairs of one tile."""
        (left, right, gets, symmetric), root = wanted, np.sqrt(wanted.features)
        i, j = np.nonzero(np.isnan(matrices[0][top : top + EDGE, start : start + EDGE]))
        i, j = i + top, j + start
        apart, together = gaps(left.units, right.units, i, j)
        std1, std2 = left.lengths[i] / root, right.lengths[j] / root
        pairs = GaussianPairs(std1, std2, std1 * std2 * apart, std1 * std2 * together)
        values = network_kernels(self.network, pairs, wanted.features, gets)
        for matrix, part in zip(matrices, values, strict=True):
            matrix[i, j] = part
            if symmetric:
                matrix[j, i] = matrix[i, j]

    def _fill_unusual(self, matrices: Matrices, wanted: Wanted, usual: tuple[Array, Array]) -> None:
        """Rows and columns of samples whose lengths the polynomial does not cover."""
        rows, columns = (np.flatnonzero(~mask) for mask in usual)
        if len(rows):
            few = wanted._replace(left=_part(wanted.left, rows), symmetric=False)
            for matrix, part in zip(matrices, self._pair_by_pair(few), strict=True):
                matrix[rows] = part
                if wanted.symmetric:
                    _mirror_rows(matrix, rows)
        if len(columns) and not wanted.symmetric:
            few = wanted._replace(right=_part(wanted.right, columns))
            for matrix, part in zip(matrices, self._pair_by_pair(few), strict=True):
                matrix[:, columns] = part


def _part(side: Directions, rows: Array) -> Directions:
    return Directions(side.units[rows], side.lengths[rows])


def _mirror_rows(matrix: Array, rows: Array) -> None:
    """Make columns equal to the rows of the same numbers."""
    matrix[:, rows] = matrix[rows].T
    corner = matrix[np.ix_(rows, rows)]
    matrix[np.ix_(rows, rows)] = np.triu(corner) + np.triu(corner, 1).T


def _far(nearest: float) -> float:
    """Size of cosines beyond which angles are smaller than `nearest`."""
    return 1 - NEARLY_PARALLEL if nearest else np.inf


def _tolerance(dtype: np.dtype) -> float:
    """Size of the coefficients that may be left out."""
    return 2e-8 if dtype == np.float32 else 1e-14


def _usual(lengths: Array) -> Array:
    """Which lengths lie near the median of those that are not zero."""
    if not np.any(lengths):
        return np.zeros(len(lengths), bool)
    middle = np.median(lengths[lengths > 0])
    return np.asarray((lengths * USUAL_LENGTHS >= middle) & (lengths <= middle * USUAL_LENGTHS))


@lru_cache(maxsize=2)
def _arccos(degree: int) -> Array:
    """Coefficients of arccos(1 − v)/√v in right angles."""
    return np.asarray(arccos_polynomial(degree) * 2 / np.pi)
