"""Empirical neural tangent kernels of any JAX network, layer by layer."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.linalg.symmetric import mirror_upper
from kernel_regime.ntk.contraction import GradientTable, contract, gather, squared_norms
from kernel_regime.ntk.factors import Apply, Factors, pull_back

Outputs = int | Sequence[int] | str

CHUNK = 64
"""Samples pulled back at once by one thread: their activations fit in its cache."""

TABLE_BYTES = 2**30
"""Largest table of gradients kept at once; beyond it the samples are walked in blocks."""


def empirical_ntk(
    apply: Apply, params: Any, x1: Array, x2: Array | None = None, outputs: Outputs = 0
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
        Parameters, brought to the dtype of the inputs.
    x1, x2 : arrays of shape (n, ...)
        Inputs, float32 or float64; the result has their dtype. `x2` defaults to `x1`.
    outputs : int, sequence of int, "trace" or "full"
        One logit; several, stacked in front; the sum over all logits; or every pair of logits.

    Returns
    -------
    array
        (n1, n2) for one logit or the trace, (len(outputs), n1, n2) for a sequence,
        (n1, K, n2, K) for "full".

    Raises
    ------
    ValueError
        If the inputs are not finite float arrays, the network does not return (n, K), or
        `outputs` names a logit it does not have.

    References
    ----------
    Jacot et al. (2018); Bowman & Montúfar (2022), section 5.
    """
    if x2 is None:
        x1 = checked_samples(x1, "x1")
    else:
        x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
    with _precision(x1.dtype):
        network = _Network.of(apply, params, x1)
        if outputs == "full":
            kernel = network.kernel(x1, x2, np.eye(network.logits), groups=network.logits)
            return kernel.reshape(len(x1), network.logits, -1, network.logits)
        if isinstance(outputs, str | int | np.integer):
            return network.kernel(x1, x2, network.cotangents(outputs))
        return np.stack([network.kernel(x1, x2, network.cotangents(k)) for k in outputs])


def empirical_ntk_diagonal(apply: Apply, params: Any, x: Array, outputs: int | str = 0) -> Array:
    """Diagonal (n,) of `empirical_ntk` for one logit or the trace: squared gradient norms."""
    x = checked_samples(x, "x")
    with _precision(x.dtype):
        network = _Network.of(apply, params, x)
        tables = network.tables(x, network.cotangents(outputs), groups=1)
        return np.concatenate([squared_norms(table) for _, table in tables])


@dataclass(frozen=True)
class _Network:
    """A network with its parameters in the working precision."""

    apply: Apply
    params: Any
    logits: int

    @classmethod
    def of(cls, apply: Apply, params: Any, x: Array) -> "_Network":
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
        if outputs == "trace":
            return np.eye(self.logits)
        if isinstance(outputs, str) or not 0 <= outputs < self.logits:
            raise InputError(
                f"outputs: {outputs!r} is not a logit of this network (0…{self.logits - 1}), "
                'nor "trace" or "full"'
            )
        return np.eye(self.logits)[[outputs]]

    def kernel(self, x1: Array, x2: Array | None, cotangents: Array, groups: int = 1) -> Array:
        """Kernel of shape (n1·groups, n2·groups)."""
        columns = x1 if x2 is None else x2
        kernel = np.empty((len(x1) * groups, len(columns) * groups), x1.dtype)
        for rows, left in self.tables(x1, cotangents, groups):
            if x2 is None:
                contract(left, None, kernel[rows, rows])
            rest = x1[rows.stop // groups :] if x2 is None else x2
            for part, right in self.tables(rest, cotangents, groups):
                shift = rows.stop if x2 is None else 0
                contract(left, right, kernel[rows, part.start + shift : part.stop + shift])
        if x2 is None:
            mirror_upper(kernel)
        return kernel

    def tables(
        self, x: Array, cotangents: Array, groups: int
    ) -> Iterator[tuple[slice, GradientTable]]:
        """Gradients of as many samples at a time as `TABLE_BYTES` allows, with their rows."""
        if len(x) == 0:
            return
        weights = jnp.asarray(cotangents, x.dtype)
        sample = jax.ShapeDtypeStruct((1, *x.shape[1:]), x.dtype)
        shapes = jax.eval_shape(partial(pull_back, self.apply), self.params, sample, weights)
        width = sum(leaf.size for leaf in jax.tree.leaves(shapes)) * x.itemsize
        step = max(1, TABLE_BYTES // width)
        for start in range(0, len(x), step):
            block = x[start : start + step]
            factors = self._pull_back(block, weights)
            yield (
                slice(start * groups, (start + len(block)) * groups),
                gather(factors, len(block), groups),
            )

    def _pull_back(self, x: Array, weights: jax.Array) -> list[Factors]:
        """Factors of all samples, chunk by chunk on every core: XLA keeps a chunk to one."""

        def pull(part: Array) -> Factors:
            with _precision(x.dtype):  # a setting of each thread
                return jax.device_get(pull_back(self.apply, self.params, part, weights))

        first, *others = _chunks(x, min(CHUNK, len(x)))
        compiled = pull(first)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return [compiled, *pool.map(pull, others)]


def _chunks(x: Array, size: int) -> Iterator[Array]:
    """Consecutive blocks of exactly `size` samples, the last one filled up with its last sample."""
    for start in range(0, len(x), size):
        part = x[start : start + size]
        yield np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])


def _cast(leaf: Any, dtype: np.dtype[Any]) -> jax.Array:
    """A parameter in the working precision; integers stay what they are."""
    leaf = jnp.asarray(leaf)
    return leaf.astype(dtype) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf


def _precision(dtype: np.dtype[Any]) -> AbstractContextManager[None]:
    """Let JAX compute in float64 where the inputs are."""
    if dtype != np.float64:
        return nullcontext()
    enable: Any = getattr(jax, "enable_x64", None)
    if enable is None:
        from jax.experimental import enable_x64 as enable
    return enable(True)
