"""Neural tangent kernels from factored gradients: a few matrix products, half when square.

Written-out gradients J give J J'ᵀ; factored ones Σ_t δ_t ⊗ a_t give the Hadamard product of two
small Gram matrices, Σ_{t,t'} (δ_t·δ'_t')(a_t·a'_t').
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.symmetric import mirror_upper
from kernel_regime.ntk.factors import Factors, Gradient

BLOCK_BYTES = 64 * 2**20
"""Largest temporary Gram matrix: small beside any kernel worth blocking, large beside a cache."""


@dataclass(frozen=True)
class GradientTable:
    """Gradients of n samples in `groups` logits each, ready to be contracted.

    Parameters
    ----------
    rows : array of shape (n·groups, p)
        Everything that is written out, side by side.
    outers : list of (signals, inputs)
        Factored layers: (n·groups, T, c) and (n, T, in).
    groups : int
        Logits that keep their own row and column; combinations within a group are summed.
    """

    rows: Array
    outers: list[tuple[Array, Array]]
    groups: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def positions(self) -> int:
        """Largest number of positions of a factored layer."""
        return max((a.shape[1] for _, a in self.outers), default=1)


def gather(chunks: Sequence[Factors], n: int, groups: int) -> GradientTable:
    """Join the factors of consecutive chunks of samples, dropping the padding after n."""
    dtype = jax.tree.leaves(chunks[0])[0].dtype
    rows, outers = [np.empty((n * groups, 0), dtype)], []
    for parts in zip(*chunks, strict=True):
        if isinstance(parts[0], Gradient):
            rows.append(np.concatenate([part.rows for part in parts])[:n].reshape(n * groups, -1))
            continue
        signals = np.concatenate([part.signals for part in parts])[:n]
        inputs = np.concatenate([part.inputs for part in parts])[:n]
        if groups == 1:
            signals = np.moveaxis(signals, 1, 2)
        outers.append((signals.reshape(n * groups, inputs.shape[1], -1), inputs))
    return GradientTable(np.concatenate(rows, axis=1), outers, groups)


def contract(left: GradientTable, right: GradientTable | None, kernel: Array) -> None:
    """Fill `kernel` (n1·groups, n2·groups); exactly symmetric when `right` is left out."""
    other = left if right is None else right
    positions = max(left.positions, other.positions)
    row_bytes = positions**2 * len(other) * kernel.itemsize
    step = max(1, BLOCK_BYTES // row_bytes // left.groups) * left.groups
    for start in range(0, len(left), step):
        block = slice(start, min(start + step, len(left)))
        rest = slice(start if right is None else 0, len(other))
        kernel[block, rest] = left.rows[block] @ other.rows[rest].T
        for (signals, inputs), (signals2, inputs2) in zip(left.outers, other.outers, strict=True):
            samples, samples2 = (_per_sample(part, left.groups) for part in (block, rest))
            kernel[block, rest] += _hadamard(
                signals[block], inputs[samples], signals2[rest], inputs2[samples2]
            )
    if right is None:
        mirror_upper(kernel)


def squared_norms(table: GradientTable) -> Array:
    """Diagonal of the kernel, shape (n·groups,)."""
    norms = np.einsum("ij,ij->i", table.rows, table.rows)
    for signals, inputs in table.outers:
        inputs = np.repeat(inputs, table.groups, axis=0)
        of_signals = signals @ np.moveaxis(signals, 1, 2)
        of_inputs = inputs @ np.moveaxis(inputs, 1, 2)
        norms += (of_signals * of_inputs).sum(axis=(1, 2))
    return norms


def _per_sample(rows: slice, groups: int) -> slice:
    """The samples behind whole groups of rows."""
    return slice(rows.start // groups, rows.stop // groups)


def _hadamard(signals: Array, inputs: Array, signals2: Array, inputs2: Array) -> Array:
    """Σ_{t,t'} (δ_t·δ'_t')(a_t·a'_t') for every row and column."""
    rows, positions, _ = signals.shape
    columns, positions2, _ = signals2.shape
    n1, n2 = len(inputs), len(inputs2)
    shape = (n1, rows // n1, positions, n2, columns // n2, positions2)
    products = _gram(signals, signals2).reshape(shape)
    products *= _gram(inputs, inputs2).reshape(n1, 1, positions, n2, 1, positions2)
    if positions == positions2 == 1:
        return products.reshape(rows, columns)
    return products.sum(axis=(2, 5)).reshape(rows, columns)


def _gram(a: Array, b: Array) -> Array:
    """Inner products of all vectors of a (n1, T, k) with all of b (n2, T', k)."""
    return a.reshape(-1, a.shape[-1]) @ b.reshape(-1, b.shape[-1]).T
