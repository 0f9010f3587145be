"""Random features in JAX: the weights of the CPU, drawn there while the device multiplies."""

from collections.abc import Iterable

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import enable_x64

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.random_features_kernel import scaled
from kernel_regime.linalg.symmetric import mirror_upper


def accumulate(x1: Array, x2: Array, weights: Iterable[Array], device: jax.Device) -> Array:
    """What `random_features.accumulate` returns, shape (n1, n2), computed on a device of JAX.

    The device holds the sums over blocks, in float64: 8 n1 n2 bytes.
    """
    with enable_x64():
        left = jax.device_put(scaled(x1), device)
        right = left if x2 is x1 else jax.device_put(scaled(x2), device)
        total = jnp.ones((len(x1), len(x2)), jnp.float64, device=device)
        for block in weights:
            total = add_products(total, left, right, jax.device_put(block, device))
        matrix = np.array(total.astype(x1.dtype))
    if x2 is x1:
        mirror_upper(matrix)
    return matrix


@jax.jit
def add_products(
    total: jax.Array, left: jax.Array, right: jax.Array, weights: jax.Array
) -> jax.Array:
    """total + ReLU(xWᵀ)·ReLU(x'Wᵀ)ᵀ of rows (n1, d) and (n2, d) and weights (features, d)."""
    transposed = weights.astype(left.dtype).T
    features1, features2 = (
        jnp.maximum(jnp.matmul(rows, transposed, precision="highest"), 0) for rows in (left, right)
    )
    return total + jnp.matmul(features1, features2.T, precision="highest")
