"""Polynomial kernels in JAX."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import enable_x64

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.gpu.jax_blocks import fill
from kernel_regime.kernels.polynomial import Polynomial


def polynomial_tile(kernel: Polynomial, x1: Array, x2: Array, device: jax.Device) -> Array:
    """What `Polynomial.tile` returns, shape (n1, n2), computed on a device of JAX."""
    matrix = np.empty((len(x1), len(x2)), x1.dtype)
    with enable_x64():
        left = jax.device_put(x1.reshape(len(x1), -1), device)
        right = left if x2 is x1 else jax.device_put(x2.reshape(len(x2), -1), device)
        fill(partial(values, kernel), left, right, matrix)
    return matrix


@partial(jax.jit, static_argnums=0)
def values(kernel: Polynomial, left: jax.Array, right: jax.Array) -> jax.Array:
    """Kernel values of rows (n1, d) and (n2, d), shape (n1, n2)."""
    products = jnp.matmul(left, right.T, precision="highest")
    return kernel.of_products(products, left.shape[1])
