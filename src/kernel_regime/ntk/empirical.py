"""Empirical neural tangent kernels of any JAX network, layer by layer: no Jacobian is formed."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from operator import index
from typing import SupportsIndex

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, Dtype
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.memory import rows_within
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.core.types import PyTree
from kernel_regime.linalg.symmetric import mirror_upper
from kernel_regime.ntk.contraction import GradientTable, write_cross, write_gram
from kernel_regime.ntk.factors import Apply, Factors, pull_back

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

Outputs = int | Sequence[int] | str

BATCH = 64
"""Samples pulled back at once by one thread: their activations fit in its cache."""


def empirical_ntk(
    apply: Apply, params: PyTree, x1: ArrayLike, x2: ArrayLike = None, outputs: Outputs = 0
) -> Array:
    r"""Neural tangent kernel :math:`\langle \nabla_\theta f_k(x), \nabla_\theta f_l(x') \rangle`.

    Dense and convolutional layers are contracted from activations and back-propagated signals
    wherever that is cheaper than their gradients; the Jacobian of a whole network is never
    formed.

    Parameters
    ----------
    apply : callable
        JAX function `apply(params, x) -> (n, K)` that treats samples independently.
    params : pytree
        Parameters, brought to the dtype of the inputs; integers are constants.
    x1, x2 : array-likes of shape (n, ...)
        Inputs; float32 ones give a float32 result, all others float64. `x2` defaults to `x1`.
    outputs : int, sequence of int, "trace" or "full"
        One logit; several, stacked in front; the sum over all logits; or every pair of logits.

    Returns
    -------
    array
        (n1, n2) for one logit or the trace, (len(outputs), n1, n2) for a sequence,
        (n1, K, n2, K) for "full".

    Raises
    ------
    InputError
        If the inputs are not finite numbers, the network does not return (n, K), or `outputs`
        names a logit it does not have.

    References
    ----------
    Jacot et al. (2018); Bowman & Montúfar (2022), section 5.

    Examples
    --------
    The kernel of a linear model is that of its inputs:

    >>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> empirical_ntk(lambda w, x: x @ w, np.ones((2, 1)), x).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    """
    x1, x2 = (checked_samples(x1, "x1"), None) if x2 is None else checked_pair(x1, x2, ("x1", "x2"))
    if isinstance(outputs, np.ndarray) and outputs.ndim == 0:
        outputs = outputs.item()
    with jax_precision(x1.dtype):
        network = _Network.of(apply, params, x1)

        def kernel(cotangents: Array, rows_per_sample: int = 1) -> Array:
            if x2 is None:
                return network.gram(x1, cotangents, rows_per_sample)
            return network.cross(x1, x2, cotangents, rows_per_sample)

        if isinstance(outputs, str) and outputs == "full":
            full = kernel(np.eye(network.logits), network.logits)
            return full.reshape(len(x1), network.logits, -1, network.logits)
        if isinstance(outputs, Sequence | np.ndarray) and not isinstance(outputs, str):
            if not np.size(outputs):
                raise InputError(f"outputs: {outputs!r} names no logit; give one at least")
            return np.stack([kernel(network.cotangents(k)) for k in outputs])
        return kernel(network.cotangents(outputs))


def empirical_ntk_diagonal(
    apply: Apply, params: PyTree, x: ArrayLike, outputs: int | str = 0
) -> Array:
    """Diagonal (n,) of `empirical_ntk` for one logit or the trace: squared gradient norms.

    Examples
    --------
    >>> empirical_ntk_diagonal(lambda w, x: x @ w, np.ones((2, 1)), [[1, 2], [3, 4]]).tolist()
    [5.0, 25.0]
    """
    x = checked_samples(x, "x")
    with jax_precision(x.dtype):
        network = _Network.of(apply, params, x)
        tables = network.tables(x, network.cotangents(outputs), rows_per_sample=1)
        norms = [table.squared_norms() for _, table in tables]
        return np.concatenate([np.empty(0, x.dtype), *norms])


def samples_at_once(apply: Apply, params: PyTree, x: Array, outputs: int | str = 0) -> int:
    """How many samples like those of `x` are pulled back and kept at once, by working memory.

    Examples
    --------
    >>> samples_at_once(lambda w, x: x @ w, np.ones((2, 1)), np.ones((3, 2))) > 1000
    True
    """
    with jax_precision(x.dtype):
        network = _Network.of(apply, params, x)
        return network.at_once(x, jnp.asarray(network.cotangents(outputs), x.dtype))


def logit_number(outputs: object) -> int | None:
    """Which logit is meant, as Python's integer; None where none can be.

    Examples
    --------
    >>> logit_number(np.int64(2)), logit_number(1.5), logit_number(True)
    (2, None, None)
    """
    if isinstance(outputs, bool | np.bool_) or not isinstance(outputs, SupportsIndex):
        return None
    try:
        number = index(outputs)
    except TypeError:  # of an array
        return None
    return number if number >= 0 else None


@dataclass(frozen=True)
class _Network:
    """A network with its parameters in the working precision."""

    apply: Apply
    params: PyTree
    logits: int

    @classmethod
    def of(cls, apply: Apply, params: PyTree, x: Array) -> "_Network":
        params = jax.tree.map(lambda leaf: _cast(leaf, x.dtype), params)
        shape = jax.eval_shape(apply, params, jax.ShapeDtypeStruct(x[:2].shape, x.dtype)).shape
        if len(shape) != 2 or shape[0] != len(x[:2]):
            raise InputError(
                f"apply: {len(x[:2])} samples gave an array of shape {shape}; "
                "return one row of logits per sample, (n, K)"
            )
        return cls(apply, params, shape[1])

    def cotangents(self, outputs: int | str) -> Array:
        """Rows of the identity: the logits that enter the sum."""
        if isinstance(outputs, str) and outputs == "trace":
            return np.eye(self.logits)
        logit = logit_number(outputs)
        if logit is None or logit >= self.logits:
            raise InputError(
                f"outputs: {outputs!r} is not a logit of this network (0…{self.logits - 1}), "
                'nor "trace" or "full"'
            )
        return np.eye(self.logits)[[logit]]

    def gram(self, x: Array, cotangents: Array, rows_per_sample: int) -> Array:
        """Kernel of samples with themselves, (n·r, n·r)."""
        size = len(x) * rows_per_sample
        kernel = np.empty((size, size), x.dtype)
        for rows, left in self.tables(x, cotangents, rows_per_sample):
            write_gram(left, kernel[rows, rows])
            later = x[rows.stop // rows_per_sample :]
            for columns, right in self.tables(later, cotangents, rows_per_sample):
                write_cross(left, right, kernel[rows, rows.stop :][:, columns])
        mirror_upper(kernel)
        return kernel

    def cross(self, x1: Array, x2: Array, cotangents: Array, rows_per_sample: int) -> Array:
        """Kernel between two sets of samples, (n1·r, n2·r)."""
        kernel = np.empty((len(x1) * rows_per_sample, len(x2) * rows_per_sample), x1.dtype)
        for rows, left in self.tables(x1, cotangents, rows_per_sample):
            for columns, right in self.tables(x2, cotangents, rows_per_sample):
                write_cross(left, right, kernel[rows, columns])
        return kernel

    def tables(
        self, x: Array, cotangents: Array, rows_per_sample: int
    ) -> Iterator[tuple[slice, GradientTable]]:
        """Gradients of as many samples at a time as memory allows, with their rows.

        Two tables are alive at once: each may take half of the working memory.
        """
        if len(x) == 0:
            return
        weights = jnp.asarray(cotangents, x.dtype)
        step = self.at_once(x, weights)
        for start in range(0, len(x), step):
            block = x[start : start + step]
            factors = self._pull_back(block, weights)
            yield (
                slice(start * rows_per_sample, (start + len(block)) * rows_per_sample),
                GradientTable.join(factors, len(block), rows_per_sample, x.dtype),
            )

    def at_once(self, x: Array, weights: jax.Array) -> int:
        """Samples whose gradients fit into half of the working memory."""
        sample = jax.ShapeDtypeStruct((1, *x.shape[1:]), x.dtype)
        shapes = jax.eval_shape(partial(pull_back, self.apply), self.params, sample, weights)
        numbers = sum(leaf.size for leaf in jax.tree.leaves(shapes))
        return rows_within(numbers * x.itemsize, share=1 / 2)

    def _pull_back(self, x: Array, weights: jax.Array) -> list[Factors]:
        """Factors of all samples, batch by batch on every core: XLA keeps a batch to one."""

        def pull(batch: Array) -> Factors:
            with jax_precision(x.dtype):  # a setting of each thread
                return jax.device_get(pull_back(self.apply, self.params, batch, weights))

        first, *others = _batches(x, min(BATCH, len(x)))
        compiled = pull(first)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return [compiled, *pool.map(pull, others)]


def _batches(x: Array, size: int) -> Iterator[Array]:
    """Consecutive batches of exactly `size` samples, the last filled up with its last sample."""
    for start in range(0, len(x), size):
        part = x[start : start + size]
        yield np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])


def _cast(leaf: jax.Array, dtype: Dtype) -> jax.Array:
    """A parameter in the working precision; integers stay what they are."""
    leaf = jnp.asarray(leaf)
    return leaf.astype(dtype) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf
