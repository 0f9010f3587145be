"""Training kernel in the memory of a GPU: products with it, and what solvers ask of its entries."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.memory import row_blocks
from kernel_regime.kernels.gpu.jax_engine import placed, within_memory
from kernel_regime.linalg.products import check_finite
from kernel_regime.linalg.symmetric import refuse_asymmetry
from kernel_regime.regression.conditioning import scale_of_diagonal
from kernel_regime.regression.nearest_points import NearestPoints
from kernel_regime.regression.symmetric_kernel import SymmetricKernel

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp

WIDENED = 2**29
"""Bytes of the rows that are in float64 at once."""

REMEDY = "leave `device` out to solve on the host, or take fewer training points"


@dataclass(frozen=True, eq=False)
class KernelOnDevice(SymmetricKernel):
    """A symmetric kernel on a device of JAX.

    Products are taken in float64 whatever it is stored in: they wait for the memory anyway. JAX
    has to be in double precision (`jax_precision`) while they are.

    Parameters
    ----------
    values : jax.Array (n, n)
        Float32 or float64: `KernelOnJax.gram_on_device` gives one that has never left the device.

    Examples
    --------
    >>> KernelOnDevice.of(np.diag([2.0, 4.0]), jax.devices("cpu")[0]).scale
    4.0
    """

    values: jax.Array

    @classmethod
    def of(cls, kernel: Array, device: jax.Device) -> "KernelOnDevice":
        """A kernel of the host, brought to a device by row blocks; memory-mapped ones too.

        Raises
        ------
        TooLargeError
            If it does not fit there.
        """
        work = f"a kernel of {len(kernel):,} points"
        with jax_precision(np.float64), within_memory(device, work, REMEDY):
            values = jnp.zeros(kernel.shape, kernel.dtype, device=device)
            for rows in row_blocks(len(kernel), kernel[:1].nbytes):
                part = jax.device_put(np.ascontiguousarray(kernel[rows]), device)
                values = placed(values, part, rows.start, 0)
            return cls(values.block_until_ready())

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the kernel."""
        return tuple(self.values.shape)

    @property
    def device(self) -> jax.Device:
        """Where it is."""
        (device,) = self.values.devices()
        return device

    @property
    def single(self) -> bool:
        """Whether it is stored in float32."""
        return bool(self.values.dtype == np.float32)

    @property
    def rounded(self) -> bool:
        """Never."""
        return False

    @cached_property
    def diagonal(self) -> Array:
        """Its diagonal (n,), on the host."""
        with jax_precision(np.float64):
            return np.asarray(jnp.diagonal(self.values))

    @cached_property
    def scale(self) -> float:
        """See `scale_of`."""
        return scale_of_diagonal(self.diagonal)

    def check(self, name: str) -> None:
        """Both triangles are compared on the device."""
        found = [float(_asymmetry(self.values, *rows)) for rows in self._rows()]
        if not np.isfinite(found).all():
            check_finite(np.asarray(jnp.abs(self.values).max(axis=1))[:, None], name)
        refuse_asymmetry(max(found), self.diagonal, name)

    def block(self, columns: Array) -> jax.Array:
        """Columns (n, k) of the host, on the device."""
        return jax.device_put(columns, self.device)

    def products(self) -> Callable[[jax.Array], jax.Array]:
        """All in float64."""

        def multiply(block: jax.Array) -> jax.Array:
            product = jnp.zeros_like(block)
            for rows in self._rows():
                product = _with_rows_added(product, self.values, block, *rows)
            return product / self.scale

        return multiply

    def nearest_points(self) -> NearestPoints:
        """The kernel is read once."""

        def search(roots: Array) -> tuple[Array, Array]:
            weights = self.block(roots)
            parts = [_nearest(self.values, weights, *rows) for rows in self._rows()]
            nearest, shared = (np.concatenate(part) for part in zip(*parts, strict=True))
            return nearest, shared

        return NearestPoints.found_by(search, self.diagonal, self.scale)

    def _rows(self) -> Iterator[tuple[int, int]]:
        """First row, and number of rows, of the parts that are widened one by one."""
        n = len(self.values)
        height = max(1, WIDENED // (8 * n))
        for start in range(0, n, height):
            yield start, min(height, n - start)


@partial(jax.jit, static_argnums=4, donate_argnums=0)
def _with_rows_added(
    product: jax.Array, kernel: jax.Array, block: jax.Array, start: int, height: int
) -> jax.Array:
    """A product with what some rows of a symmetric kernel, as columns, contribute to it."""
    rows = jax.lax.dynamic_slice_in_dim(kernel, start, height).astype(block.dtype)
    theirs = jax.lax.dynamic_slice_in_dim(block, start, height)
    return product + jnp.matmul(rows.T, theirs, precision="highest")


@partial(jax.jit, static_argnums=2)
def _asymmetry(kernel: jax.Array, start: int, height: int) -> jax.Array:
    """Largest difference between some rows and the same columns."""
    rows = jax.lax.dynamic_slice_in_dim(kernel, start, height)
    columns = jax.lax.dynamic_slice_in_dim(kernel, start, height, axis=1)
    return jnp.abs(rows - columns.T).max()


@partial(jax.jit, static_argnums=3)
def _nearest(
    kernel: jax.Array, weights: jax.Array, start: int, height: int
) -> tuple[jax.Array, jax.Array]:
    """Of some rows, the place of the largest weighted entry beside the diagonal, and the entry."""
    rows = jax.lax.dynamic_slice_in_dim(kernel, start, height)
    own = jnp.arange(len(kernel)) == start + jnp.arange(height)[:, None]
    places = jnp.where(own, -1, jnp.abs(rows) * weights).argmax(axis=1)
    return places, jnp.take_along_axis(rows, places[:, None], axis=1)[:, 0]
