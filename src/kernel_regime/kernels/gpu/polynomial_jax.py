"""Polynomial kernels in JAX."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.kernels.gpu.jax_engine import fill_in_blocks, fill_symmetric, first_gpu
from kernel_regime.kernels.gpu.kernel_on_gpu import KernelOnGpu
from kernel_regime.kernels.polynomial import Polynomial

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp


@dataclass(frozen=True)
class PolynomialOnGpu(KernelOnGpu[Polynomial]):
    """A polynomial kernel on a device of JAX.

    Parameters
    ----------
    kernel : Polynomial
        The kernel.
    device : jax.Device
        Where to compute; left out, the first GPU.

    Raises
    ------
    MissingDeviceError
        If there is no GPU.

    Examples
    --------
    >>> engine = PolynomialOnGpu(Polynomial(2), jax.devices("cpu")[0])
    >>> engine.cross([[1.0]], [[2.0]])
    array([[9.]])
    """

    device: jax.Device = field(default_factory=first_gpu)

    def _gram(self, x: Array) -> Array:
        matrix = np.empty((len(x), len(x)), x.dtype)
        with jax_precision(x.dtype):
            fill_symmetric(partial(polynomial_values, self.kernel), self._rows(x), matrix)
        return matrix

    def _cross(self, x1: Array, x2: Array) -> Array:
        matrix = np.empty((len(x1), len(x2)), x1.dtype)
        evaluate = partial(polynomial_values, self.kernel)
        with jax_precision(x1.dtype):
            fill_in_blocks(evaluate, self._rows(x1), self._rows(x2), matrix)
        return matrix

    def _rows(self, x: Array) -> jax.Array:
        return jax.device_put(x.reshape(len(x), -1), self.device)


@partial(jax.jit, static_argnums=0)
def polynomial_values(kernel: Polynomial, left: jax.Array, right: jax.Array) -> jax.Array:
    """Kernel values of rows (n1, d) and (n2, d), shape (n1, n2)."""
    products = jnp.matmul(left, right.T, precision="highest")
    return kernel.of_products(products, left.shape[1])
