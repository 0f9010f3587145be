r"""A whole dense network as one polynomial in two lengths and an angle.

The kernel of two inputs depends on their lengths and their angle θ alone, however deep the network
is. Divided by √(k(x, x) k(x', x')) it is a smooth function of θ and of both log-lengths, so that a
product of Chebyshev series replaces all layers at the cost of one. How long the series must be is
read off their coefficients; where no moderate length reaches the tolerance there is none, and
pairs are computed layer by layer.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from scipy.fft import dctn

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dense.network_layers import diagonal_kernel, network_kernel
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import SerialLayers

_FIRST = (24, 6)  # terms in the angle, and in either length, of the first attempt
_MOST = (96, 24)
_AT_ENDS = 1000  # times the tolerance, by which rounding and what is left out may be off there


class LengthInterval(NamedTuple):
    """Logarithms of the shortest and the longest input, divided by √features."""

    low: float
    high: float

    def basis(self, lengths: Array, terms: int) -> Array:
        """Chebyshev polynomials in the log-lengths, shape (terms, n)."""
        width = self.high - self.low
        place = (np.log(lengths) - self.low) / width * 2 - 1 if width else 0 * lengths
        return np.ascontiguousarray(chebvander(np.clip(place, -1, 1), terms - 1).T)


def interval_of(lengths: Array) -> LengthInterval:
    """Interval of log-lengths, rounded outwards to eighths of its width, so that tiles share it.

    Examples
    --------
    >>> interval_of(np.array([1.0, 1.0]))
    LengthInterval(low=0.0, high=0.0)
    """
    low, high = float(np.log(lengths.min())), float(np.log(lengths.max()))
    if high == low:
        return LengthInterval(low, high)
    step = 2.0 ** (np.floor(np.log2(high - low)) - 3)
    return LengthInterval(float(np.floor(low / step) * step), float(np.ceil(high / step) * step))


@lru_cache(maxsize=64)
def interpolate(
    network: SerialLayers,
    features: int,
    get: str,
    interval: LengthInterval,
    nearest: float,
    tolerance: float,
) -> Array | None:
    """Chebyshev coefficients (angles, lengths, lengths) of k(x, x')/√(k(x, x) k(x', x')).

    Parameters
    ----------
    network : SerialLayers
        The layers.
    features : int
        Number of features of the inputs.
    get : {"ntk", "nngp"}
        Which kernel.
    interval : LengthInterval
        Log-lengths that occur.
    nearest : float
        Angles lie between this one and π minus it.
    tolerance : float
        Size of the coefficients that may be left out: they are 0.

    Returns
    -------
    array or None
        None where 96 angles and 24 lengths do not suffice.
    """
    angles, lengths = _FIRST[0], _FIRST[1] if interval.high > interval.low else 1
    while angles <= _MOST[0] and lengths <= _MOST[1]:
        kernel = _Normalised(network, features, get, interval, nearest, lengths)
        coefficients = _coefficients(kernel, angles)
        if not np.isfinite(coefficients).all():
            return None
        size = np.abs(coefficients)
        short = size[-2:].max() > tolerance
        narrow = lengths > 1 and size[:, -1:].max() > tolerance
        if not short and not narrow:
            exact = _error_at_ends(kernel, coefficients) < _AT_ENDS * tolerance
            return _truncated(coefficients, tolerance) if exact else None
        angles, lengths = angles * (2 if short else 1), lengths * (2 if narrow else 1)
    return None


@dataclass(frozen=True)
class _Normalised:
    """k(x, x')/√(k(x, x) k(x', x')) at given angles, and Chebyshev nodes of both lengths."""

    network: SerialLayers
    features: int
    get: str
    interval: LengthInterval
    nearest: float
    lengths: int

    def __call__(self, places: Array) -> Array:
        """Values (angles, lengths, lengths) at angles that the interval maps to [-1, 1]."""
        angle = np.pi / 2 + (np.pi / 2 - self.nearest) * places
        low, high = self.interval
        length = np.exp((high + low) / 2 + (high - low) / 2 * _nodes(self.lengths))
        scale = np.sqrt(diagonal_kernel(self.network, length, self.features, self.get))
        first, second = length[None, :, None], length[None, None, :]
        pairs = GaussianPairs.at_angles(first, second, angle[:, None, None])
        values = network_kernel(self.network, pairs, self.features, self.get)
        return values / (scale[:, None] * scale)


def _coefficients(kernel: _Normalised, angles: int) -> Array:
    """Coefficients of the interpolant at Chebyshev nodes, by cosine transforms."""
    values = kernel(_nodes(angles))
    transformed = np.asarray(dctn(values, type=2)) / values.size
    for axis in range(3):
        np.moveaxis(transformed, axis, 0)[0] /= 2
    return transformed


def _error_at_ends(kernel: _Normalised, coefficients: Array) -> float:
    """Largest error at the smallest and the largest angle, which no node reaches.

    Inputs that saturate a smooth activation have a peak at angle 0 that may be narrower than the
    nodes are apart.
    """
    in_lengths = chebvander(_nodes(kernel.lengths), kernel.lengths - 1)
    ends = np.array([-1.0, 1.0])
    in_angles = chebvander(ends, len(coefficients) - 1)
    series = np.einsum("ea,alm,xl,ym->exy", in_angles, coefficients, in_lengths, in_lengths)
    return float(np.abs(series - kernel(ends)).max())


def _nodes(number: int) -> Array:
    return np.cos(np.pi * (np.arange(number) + 0.5) / number)


def _truncated(coefficients: Array, tolerance: float) -> Array:
    """With zeros for coefficients below the tolerance, and without those at the ends."""
    large = np.abs(coefficients) > tolerance
    large[0, 0, 0] = True  # a kernel may vanish beside its diagonal
    angles = np.flatnonzero(large.any(axis=(1, 2)))[-1] + 1
    lengths = np.flatnonzero(large.any(axis=(0, 2)) | large.any(axis=(0, 1)))[-1] + 1
    return np.ascontiguousarray(np.where(large, coefficients, 0)[:angles, :lengths, :lengths])
