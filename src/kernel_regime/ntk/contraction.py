"""Neural tangent kernels from factored gradients: a few matrix products, half when square.

Written-out gradients J give J J'ᵀ; factored ones Σ_t δ_t ⊗ a_t give the Hadamard product of two
small Gram matrices, Σ_{t,t'} (δ_t·δ'_t')(a_t·a'_t').
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array, Dtype
from kernel_regime.core.memory import rows_within
from kernel_regime.linalg.symmetric import mirror_upper
from kernel_regime.ntk.factors import Factors, Gradient


@dataclass(frozen=True)
class GradientTable:
    """Gradients of n samples, ready to be multiplied with those of others.

    Parameters
    ----------
    written : array of shape (n·r, p)
        Everything that is written out, side by side.
    factored : list of (signals, inputs)
        Factored layers: (n·r, T, c) and (n, T, in).
    rows_per_sample : int
        Rows r that a sample has in the kernel: one for every logit that keeps its own, or a
        single one, in which products of several logits are summed.
    """

    written: Array
    factored: list[tuple[Array, Array]]
    rows_per_sample: int

    @classmethod
    def join(
        cls, batches: Sequence[Factors], n: int, rows_per_sample: int, dtype: Dtype
    ) -> "GradientTable":
        """Join the factors of consecutive batches of samples, dropping what pads the last."""
        written: list[Array] = [np.empty((n * rows_per_sample, 0), dtype)]
        factored = []
        for parts in zip(*batches, strict=True):
            if isinstance(parts[0], Gradient):
                rows = np.concatenate([part.rows for part in parts])[:n]
                written.append(rows.reshape(n * rows_per_sample, -1))
                continue
            signals = np.concatenate([part.signals for part in parts])[:n]
            inputs = np.concatenate([part.inputs for part in parts])[:n]
            if rows_per_sample == 1:
                signals = np.moveaxis(signals, 1, 2)
            signals = signals.reshape(n * rows_per_sample, inputs.shape[1], -1)
            factored.append((signals, inputs))
        return cls(np.concatenate(written, axis=1), factored, rows_per_sample)

    def __len__(self) -> int:
        return len(self.written)

    @property
    def positions(self) -> int:
        """Largest number of positions of a factored layer."""
        return max((inputs.shape[1] for _, inputs in self.factored), default=1)

    def squared_norms(self) -> Array:
        """Diagonal of the kernel, shape (n·r,)."""
        norms = np.einsum("ij,ij->i", self.written, self.written)
        for signals, inputs in self.factored:
            inputs = np.repeat(inputs, self.rows_per_sample, axis=0)
            of_signals = signals @ np.moveaxis(signals, 1, 2)
            of_inputs = inputs @ np.moveaxis(inputs, 1, 2)
            norms += (of_signals * of_inputs).sum(axis=(1, 2))
        return norms


def write_gram(table: GradientTable, kernel: Array) -> None:
    """Fill `kernel` (n·r, n·r) with the products of a table with itself, exactly symmetric."""
    for rows in _row_blocks(table, table, kernel.itemsize):
        _write(table, rows, table, slice(rows.start, len(table)), kernel)
    mirror_upper(kernel)


def write_cross(left: GradientTable, right: GradientTable, kernel: Array) -> None:
    """Fill `kernel` (n1·r, n2·r) with the products of two tables."""
    for rows in _row_blocks(left, right, kernel.itemsize):
        _write(left, rows, right, slice(0, len(right)), kernel)


def _row_blocks(left: GradientTable, right: GradientTable, itemsize: int) -> Iterator[slice]:
    """Rows of whole samples whose Gram matrices of positions fit a share of the memory."""
    positions = max(left.positions, right.positions)
    sample_bytes = left.rows_per_sample * positions**2 * len(right) * itemsize
    step = rows_within(sample_bytes) * left.rows_per_sample
    for start in range(0, len(left), step):
        yield slice(start, min(start + step, len(left)))


def _write(
    left: GradientTable, rows: slice, right: GradientTable, columns: slice, kernel: Array
) -> None:
    """Fill rows and columns of the kernel."""
    kernel[rows, columns] = left.written[rows] @ right.written[columns].T
    per_sample = left.rows_per_sample
    samples = slice(rows.start // per_sample, rows.stop // per_sample)
    others = slice(columns.start // per_sample, columns.stop // per_sample)
    for (signals, inputs), (signals2, inputs2) in zip(left.factored, right.factored, strict=True):
        kernel[rows, columns] += _hadamard(
            signals[rows], inputs[samples], signals2[columns], inputs2[others]
        )


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
