"""Polynomial kernels in JAX."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.execution.store.tiles import TileGrid
from kernel_regime.kernels.gpu.jax_engine import Block, largest_norm, mirrored_upper
from kernel_regime.kernels.gpu.kernel_on_jax import KernelOnJax
from kernel_regime.kernels.polynomial import Polynomial

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp


@dataclass(frozen=True)
class PolynomialOnGpu(KernelOnJax[Polynomial]):
    """A polynomial kernel on a device of JAX.

    Parameters
    ----------
    kernel : Polynomial
        The kernel.
    device : jax.Device
        Where to compute; left out, the first GPU.

    Examples
    --------
    >>> engine = PolynomialOnGpu(Polynomial(2), jax.devices("cpu")[0])
    >>> engine.cross([[1.0]], [[2.0]])
    array([[9.]])
    """

    def _blocks(self, x1: Array, x2: Array, grid: TileGrid) -> Iterator[Block]:
        left = self._rows(x1)
        right = left if grid.symmetric else self._rows(x2)
        for tile in grid.tiles:
            same = grid.symmetric and tile.row == tile.column
            sides = left[tile.rows], right[tile.columns]
            yield tile, (polynomial_values(self.kernel, *sides, same),)

    def _bound(self, x1: Array, x2: Array) -> float:
        products = np.array([largest_norm(x1) * largest_norm(x2)])
        with np.errstate(over="ignore"):  # the check of the values tells
            return float(self.kernel.of_products(products, x1[0].size)[0])

    def _rows(self, x: Array) -> jax.Array:
        return jax.device_put(x.reshape(len(x), -1), self.device)


@partial(jax.jit, static_argnums=(0, 3))
def polynomial_values(
    kernel: Polynomial, left: jax.Array, right: jax.Array, same: bool = False
) -> jax.Array:
    """Kernel values of rows (n1, d) and (n2, d); exactly symmetric where both are the same."""
    products = jnp.matmul(left, right.T, precision="highest")
    values = kernel.of_products(products, left.shape[1])
    return mirrored_upper(values) if same else values
