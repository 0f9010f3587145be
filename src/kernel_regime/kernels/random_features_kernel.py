"""Kernels of finitely many random ReLU features, never held all at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.base import require_integer
from kernel_regime.kernels.device import Device, DeviceKernel
from kernel_regime.linalg.packed_products import add_products
from kernel_regime.linalg.symmetric import mirror_upper

STREAM = 512  # features drawn from one seed; part of what (width, seed) means
BLOCK = 4096  # features held at once


@dataclass(frozen=True)
class RandomFeatures(DeviceKernel):
    r"""Kernel :math:`1 + \sum_i \mathrm{ReLU}(⟨w_i, x⟩)\,\mathrm{ReLU}(⟨w_i, x'⟩)`.

    The weights :math:`w_i ∼ N(0, I/d)` are drawn block by block and thrown away: the same
    (width, seed) always draws the same ones, so train and test kernels share them, and a wider
    kernel starts with the features of a narrower one. Float32 values are exact to 2e-6.

    Parameters
    ----------
    width : int
        Number N of features, at least 1.
    seed : int
        Seed of the weights, at least 0.
    device : {"cpu", "gpu"}
        Where tiles are computed; a GPU needs the `[gpu]` extra. `diagonal` stays on the CPU.

    References
    ----------
    Ghorbani et al. (2020), section 3.
    """

    width: int
    seed: int = 0
    device: Device = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "width", at_least=1)
        require_integer(self, "seed", at_least=0)

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values of shape (n1, n2); any trailing shape of the samples is flattened.

        Raises
        ------
        RuntimeError
            If `device` is gpu and there is none.
        """
        weights = self.weights(x1[0].size)
        if self.device == "gpu":
            from kernel_regime.kernels.gpu import random_features_jax
            from kernel_regime.kernels.gpu.jax_blocks import first_gpu

            return random_features_jax.accumulate(x1, x2, weights, first_gpu())
        return accumulate(x1, x2, weights)

    def _diagonal(self, x: Array) -> Array:
        """Kernel of every sample with itself, shape (n,)."""
        flat, total = scaled(x), np.ones(len(x))
        for weights in self.weights(flat.shape[1]):
            features = _features(flat, weights)
            total += np.einsum("ij,ij->i", features, features, dtype=np.float64)
        return total.astype(x.dtype)

    def weights(self, dimension: int) -> Iterator[Array]:
        """Blocks of N(0, 1) weights, float32 (features, dimension), to be divided by √d.

        Each run of 512 features has its own seed. Drawn in single precision for every dtype:
        the float64 kernel is then that of the same features, not of others.
        """
        for start in range(0, self.width, BLOCK):
            block = np.empty((min(BLOCK, self.width - start), dimension), np.float32)
            for offset in range(0, len(block), STREAM):
                stream = np.random.SFC64([self.seed, (start + offset) // STREAM])
                np.random.Generator(stream).standard_normal(
                    dtype=np.float32, out=block[offset : offset + STREAM]
                )
            yield block


def accumulate(x1: Array, x2: Array, weights: Iterable[Array]) -> Array:
    """Kernel 1 + Σ ReLU(Wx/√d)·ReLU(Wx'/√d) over blocks of weights (features, d).

    Sums over blocks are kept in float64: a float32 sum of 4·10⁶ positive terms would lose three
    digits.
    """
    symmetric = x2 is x1
    left = scaled(x1)
    right = left if symmetric else scaled(x2)
    total = np.ones((len(left), len(right)))
    for block in weights:
        features1 = _features(left, block)
        features2 = features1 if symmetric else _features(right, block)
        add_products(total, features1, features2)
    if symmetric:
        mirror_upper(total)
    return total.astype(x1.dtype, copy=False)


def scaled(x: Array) -> Array:
    """Samples as rows, divided by √d."""
    rows = x.reshape(len(x), -1)
    return rows / x.dtype.type(np.sqrt(rows.shape[1]))


def _features(x: Array, weights: Array) -> Array:
    """ReLU(xWᵀ), shape (n, features), in the dtype of x."""
    features = np.zeros((len(x), len(weights)), x.dtype)
    add_products(features, x, weights.astype(x.dtype, copy=False))
    return np.maximum(features, 0, out=features)
