"""Kernels of finitely many random ReLU features, never held all at once."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import ClassVar

import numpy as np
from numba import get_num_threads
from pydantic import NonNegativeInt, PositiveInt

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.base import Kernel, register, require_representable
from kernel_regime.linalg.packed_products import add_gram, add_products
from kernel_regime.linalg.symmetric import mirror_upper

STREAM = 512  # features drawn from one seed; part of what (width, seed) means
BLOCK = 4096  # features held at once


@register("random_features")
@dataclass(frozen=True)
class RandomFeatures(Kernel):
    r"""Kernel :math:`1 + \sum_i \mathrm{ReLU}(⟨w_i, x⟩)\,\mathrm{ReLU}(⟨w_i, x'⟩)`.

    The weights :math:`w_i ∼ N(0, I/d)` are drawn block by block and thrown away: the same
    (width, seed) always draws the same ones, so train and test kernels share them, and a wider
    kernel starts with the features of a narrower one. Float32 values are exact to 2e-6.

    The network of random features (`kernel_regime.networks`) is another model, both as published:
    its weights are uniform on the unit sphere, and where this kernel has a constant feature, it
    trains an output bias that no penalty holds back.

    Parameters
    ----------
    width : int
        Number N of features, at least 1.
    seed : int
        Seed of the weights, at least 0.

    References
    ----------
    Ghorbani et al. (2020), section 3.

    Examples
    --------
    >>> kernel = RandomFeatures(width=1000, seed=1)
    >>> matrix = kernel([[1.0, 0.0], [0.0, 1.0]])
    >>> matrix.shape, bool((matrix >= 1).all())
    ((2, 2), True)
    """

    width: PositiveInt
    seed: NonNegativeInt = 0
    gpu: ClassVar[str | None] = "kernel_regime.kernels.gpu.random_features_jax:RandomFeaturesOnGpu"

    def _cross(self, x1: Array, x2: Array) -> Array:
        values = random_features_cross(x1, x2, self.weights(x1[0].size))
        require_representable(self, values, x1, x2)
        return values

    def _gram(self, x: Array) -> Array:
        values = random_features_gram(x, self.weights(x[0].size))
        require_representable(self, values, x, x)
        return values

    def _diagonal(self, x: Array) -> Array:
        flat, total = scaled_rows(x), np.ones(len(x))
        for weights in self.weights(flat.shape[1]):
            features = _features(flat, weights)
            total += np.einsum("ij,ij->i", features, features, dtype=np.float64)
        return total.astype(x.dtype)

    def weights(self, dimension: int) -> Iterator[Array]:
        """Blocks of N(0, 1) weights, float32 (features, dimension), to be divided by √d.

        Each run of 512 features has its own seed. Drawn in single precision for every dtype:
        the float64 kernel is then that of the same features, not of others.
        """
        with ThreadPoolExecutor(get_num_threads()) as drawing:
            for start in range(0, self.width, BLOCK):
                block = np.empty((min(BLOCK, self.width - start), dimension), np.float32)
                parts = [block[i : i + STREAM] for i in range(0, len(block), STREAM)]
                list(drawing.map(self._draw, count(start // STREAM), parts))
                yield block

    def _draw(self, stream: int, out: Array) -> None:
        generator = np.random.Generator(np.random.SFC64([self.seed, stream]))
        generator.standard_normal(dtype=np.float32, out=out)


def random_features_cross(x1: Array, x2: Array, weights: Iterable[Array]) -> Array:
    """Kernel 1 + Σ ReLU(Wx/√d)·ReLU(Wx'/√d), (n1, n2), over blocks of weights (features, d).

    Sums over blocks are kept in float64: a float32 sum of 4·10⁶ positive terms would lose three
    digits.

    Examples
    --------
    >>> random_features_cross(np.eye(2), np.eye(2), [np.eye(2)])
    array([[1.5, 1. ],
           [1. , 1.5]])
    """
    left, right = scaled_rows(x1), scaled_rows(x2)
    total = np.ones((len(left), len(right)))
    for block in weights:
        add_products(total, _features(left, block), _features(right, block))
    return _rounded(total, x1.dtype)


def random_features_gram(x: Array, weights: Iterable[Array]) -> Array:
    """`random_features_cross` of samples with themselves, of which half is computed."""
    rows = scaled_rows(x)
    total = np.ones((len(rows), len(rows)))
    for block in weights:
        add_gram(total, _features(rows, block))
    mirror_upper(total)
    return _rounded(total, x.dtype)


def scaled_rows(x: Array) -> Array:
    """Samples as rows, divided by √d."""
    rows = x.reshape(len(x), -1)
    return rows / x.dtype.type(np.sqrt(rows.shape[1]))


def _features(rows: Array, weights: Array) -> Array:
    """ReLU(xWᵀ), shape (n, features), in the dtype of x."""
    features = np.zeros((len(rows), len(weights)), rows.dtype)
    add_products(features, rows, weights.astype(rows.dtype, copy=False))
    return np.maximum(features, 0, out=features)


def _rounded(total: Array, dtype: np.dtype) -> Array:
    with np.errstate(over="ignore"):  # `require_representable` tells
        return total.astype(dtype, copy=False)
