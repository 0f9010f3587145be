"""Polynomial kernels in JAX."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.kernels.base import require_representable
from kernel_regime.kernels.gpu.jax_engine import fill_in_blocks, fill_symmetric, first_gpu
from kernel_regime.kernels.polynomial import Polynomial

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp


@dataclass(frozen=True)
class PolynomialOnGpu:
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

    kernel: Polynomial
    device: jax.Device = field(default_factory=first_gpu)

    def gram(self, x: Any) -> Array:
        """What `Polynomial.gram` returns."""
        x = checked_samples(x, "x1")
        matrix = np.empty((len(x), len(x)), x.dtype)
        with jax_precision(x.dtype):
            fill_symmetric(partial(polynomial_values, self.kernel), self._rows(x), matrix)
        require_representable(self.kernel, matrix, x, x)
        return matrix

    def cross(self, x1: Any, x2: Any) -> Array:
        """What `Polynomial.cross` returns."""
        x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
        matrix = np.empty((len(x1), len(x2)), x1.dtype)
        evaluate = partial(polynomial_values, self.kernel)
        with jax_precision(x1.dtype):
            fill_in_blocks(evaluate, self._rows(x1), self._rows(x2), matrix)
        require_representable(self.kernel, matrix, x1, x2)
        return matrix

    def _rows(self, x: Array) -> jax.Array:
        return jax.device_put(x.reshape(len(x), -1), self.device)


@partial(jax.jit, static_argnums=0)
def polynomial_values(kernel: Polynomial, left: jax.Array, right: jax.Array) -> jax.Array:
    """Kernel values of rows (n1, d) and (n2, d), shape (n1, n2)."""
    products = jnp.matmul(left, right.T, precision="highest")
    return kernel.of_products(products, left.shape[1])
