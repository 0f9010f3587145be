"""The dense engine: kernel matrices of any chain of dense layers, activations and residual sums.

Large matrices take one product, and one polynomial that stands for all layers, tile by tile;
what the polynomial does not cover (nearly parallel inputs of networks with kinks, inputs far
shorter or longer than most, and small matrices) is computed pair by pair.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dense.network_interpolation import (
    LengthInterval,
    interpolate,
    interval_of,
    widths_of,
)
from kernel_regime.kernels.dense.network_layers import (
    activations_of,
    diagonal_kernel,
    network_kernel,
)
from kernel_regime.kernels.dense.network_pairs import (
    NEARLY_PARALLEL,
    Directions,
    directions,
    gaps,
    pairwise_kernel,
)
from kernel_regime.kernels.dense.network_tiles import (
    NetworkCurve,
    NetworkRows,
    fill_network,
    network_rows,
)
from kernel_regime.kernels.dense.zonal import arccos_polynomial
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import SerialLayers
from kernel_regime.linalg.packed_products import EDGE

FEWEST_PAIRS = 2**16  # for which a polynomial pays
USUAL_LENGTHS = 8.0  # times the median length, or one over it, that the polynomial covers


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
    get : {"ntk", "nngp"}
        Which kernel.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> dense = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}
    >>> engine = DenseEngine(read_architecture([dense, "Erf", dense]), "nngp")
    >>> engine.gram(np.eye(2)).round(4)
    array([[0.9168, 0.0184],
           [0.0184, 0.9168]])
    """

    network: SerialLayers
    get: str

    @property
    def kinked(self) -> bool:
        """Whether the kernel has a kink where inputs are parallel."""
        return any(activation.kinked for activation in activations_of(self.network))

    def diagonal(self, x: Array) -> Array:
        """Kernel of every sample with itself, shape (n,)."""
        return self._scales(directions(x)).astype(x.dtype)

    def gram(self, x: Array) -> Array:
        """Kernel matrix of samples with themselves, exactly symmetric."""
        side = directions(x)
        matrix = self._matrix(side, side, symmetric=True)
        np.fill_diagonal(matrix, self._scales(side).astype(x.dtype))
        return matrix

    def cross(self, x1: Array, x2: Array) -> Array:
        """Kernel matrix between two sets of samples."""
        return self._matrix(directions(x1), directions(x2), symmetric=False)

    def _scales(self, side: Directions) -> Array:
        """k(x, x) in float64."""
        features = side.units.shape[1]
        return diagonal_kernel(self.network, side.lengths / np.sqrt(features), features, self.get)

    def _matrix(self, left: Directions, right: Directions, *, symmetric: bool) -> Array:
        if len(left.lengths) * len(right.lengths) >= FEWEST_PAIRS:
            usual = _usual(left.lengths), _usual(right.lengths)
            if all(np.any(mask) for mask in usual):
                matrix = self._by_polynomial(left, right, usual, symmetric=symmetric)
                if matrix is not None:
                    return matrix
        return self._pair_by_pair(left, right, symmetric=symmetric)

    def _pair_by_pair(self, left: Directions, right: Directions, *, symmetric: bool) -> Array:
        wide1, wide2 = (Directions(s.units.astype(float), s.lengths) for s in (left, right))
        values = pairwise_kernel(self.network, wide1, wide2, self.get)
        if symmetric:
            lower = np.tril_indices(len(values), -1)
            values[lower] = values.T[lower]
        return values.astype(left.units.dtype)

    def _by_polynomial(
        self, left: Directions, right: Directions, usual: tuple[Array, Array], *, symmetric: bool
    ) -> Array | None:
        """The matrix, or None where no moderate polynomial is exact enough."""
        features, dtype = left.units.shape[1], left.units.dtype
        root = np.sqrt(features)
        lengths = [s.lengths[mask] / root for s, mask in zip((left, right), usual, strict=True)]
        interval = interval_of(np.concatenate(lengths))
        nearest = float(np.arccos(1 - NEARLY_PARALLEL)) if self.kinked else 0.0
        single = dtype == np.float32
        tolerance = 2e-8 if single else 1e-14
        coefficients = interpolate(self.network, features, self.get, interval, nearest, tolerance)
        if coefficients is None:
            return None
        curve = NetworkCurve(
            _arccos(8 if single else 20).astype(dtype),
            np.pi / (np.pi - 2 * nearest),
            widths_of(coefficients, tolerance),
            1 - NEARLY_PARALLEL if self.kinked else np.inf,
        )
        matrix = np.empty((len(left.lengths), len(right.lengths)), dtype)
        rows1 = self._rows(left, usual[0], interval, coefficients)
        rows2 = rows1 if symmetric else self._rows(right, usual[1], interval, coefficients)
        tiles = tuple(-(-n // EDGE) for n in matrix.shape)
        left_out = np.zeros(tiles, np.bool_)
        fill_network(matrix, rows1, rows2, curve, symmetric, left_out)
        for i, j in np.argwhere(left_out):
            self._fill_left_out(matrix, left, right, i * EDGE, j * EDGE, symmetric=symmetric)
        self._fill_unusual(matrix, left, right, usual, symmetric=symmetric)
        return matrix

    def _rows(
        self, side: Directions, usual: Array, interval: LengthInterval, coefficients: Array
    ) -> NetworkRows:
        lengths = np.where(usual, side.lengths, np.median(side.lengths[usual]))
        scales = np.sqrt(self._scales(Directions(side.units, lengths)))
        basis = interval.basis(lengths / np.sqrt(side.units.shape[1]), coefficients.shape[1])
        return network_rows(side.units, scales, basis, coefficients)

    def _fill_left_out(
        self,
        matrix: Array,
        left: Directions,
        right: Directions,
        top: int,
        start: int,
        *,
        symmetric: bool,
    ) -> None:
        """Nearly parallel pairs of one tile."""
        features = left.units.shape[1]
        i, j = np.nonzero(np.isnan(matrix[top : top + EDGE, start : start + EDGE]))
        i, j = i + top, j + start
        apart, together = gaps(left.units, right.units, i, j)
        std1, std2 = left.lengths[i] / np.sqrt(features), right.lengths[j] / np.sqrt(features)
        bound = std1 * std2
        pairs = GaussianPairs(std1, std2, bound * apart, bound * together)
        matrix[i, j] = network_kernel(self.network, pairs, features, self.get)
        if symmetric:
            matrix[j, i] = matrix[i, j]

    def _fill_unusual(
        self,
        matrix: Array,
        left: Directions,
        right: Directions,
        usual: tuple[Array, Array],
        *,
        symmetric: bool,
    ) -> None:
        """Rows and columns of samples whose lengths the polynomial does not cover."""
        rows, columns = (np.flatnonzero(~mask) for mask in usual)
        if len(rows):
            few = Directions(left.units[rows], left.lengths[rows])
            matrix[rows] = self._pair_by_pair(few, right, symmetric=False)
        if symmetric:
            matrix[:, rows] = matrix[rows].T
            corner = matrix[np.ix_(rows, rows)]
            matrix[np.ix_(rows, rows)] = np.triu(corner) + np.triu(corner, 1).T
        elif len(columns):
            few = Directions(right.units[columns], right.lengths[columns])
            matrix[:, columns] = self._pair_by_pair(left, few, symmetric=False)


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
