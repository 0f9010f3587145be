"""Random features in JAX: the weights of the CPU, drawn there while the device multiplies.

Every 512 features are one stream of a generator whose rejections decide what it draws next: a walk
of 512·d dependent steps, which a GPU would take one by one. The threads of the host draw one
stream each, so that the weights of the next block are there before the products of this one are.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.execution.store.tiles import TileGrid
from kernel_regime.kernels.gpu.jax_engine import Block, largest_norm, mirrored_upper
from kernel_regime.kernels.gpu.kernel_on_jax import KernelOnJax
from kernel_regime.kernels.random_features_kernel import RandomFeatures, scaled_rows

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp

_LARGEST_WEIGHT = 16.0  # more than a float32 normal that takes 32 random bits can be


@dataclass(frozen=True)
class RandomFeaturesOnGpu(KernelOnJax[RandomFeatures]):
    """A kernel of random features on a device of JAX.

    Sums over features are kept there in float64: 8 bytes a pair, of a symmetric matrix half.

    Parameters
    ----------
    kernel : RandomFeatures
        The kernel.
    device : jax.Device
        Where to compute; left out, the first GPU.

    Examples
    --------
    >>> engine = RandomFeaturesOnGpu(RandomFeatures(100), jax.devices("cpu")[0])
    >>> engine.gram([[0.0, 0.0]])
    array([[1.]])
    """

    def _blocks(self, x1: Array, x2: Array, grid: TileGrid) -> Iterator[Block]:
        weights = drawn_ahead(self.kernel.weights(x1[0].size))
        return feature_blocks(x1, x2, grid, weights, self.device)

    def _bound(self, x1: Array, x2: Array) -> float:
        """No weight is larger than some number, so that no feature is."""
        longest = largest_norm(x1) * largest_norm(x2)
        return 1 + self.kernel.width * _LARGEST_WEIGHT**2 * longest


def drawn_ahead(blocks: Iterator[Array]) -> Iterator[Array]:
    """Blocks of weights, each drawn while the one before is used.

    Examples
    --------
    >>> list(drawn_ahead(iter(["first", "second"])))
    ['first', 'second']
    """
    with ThreadPoolExecutor(1) as drawing:
        coming = drawing.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = drawing.submit(next, blocks, None)
            yield block


def feature_blocks(
    x1: Array, x2: Array, grid: TileGrid, weights: Iterable[Array], device: jax.Device
) -> Iterator[Block]:
    """Blocks of 1 + Σ ReLU(Wx/√d)·ReLU(Wx'/√d), over blocks of weights (features, d)."""
    left = jax.device_put(scaled_rows(x1), device)
    right = left if grid.symmetric else jax.device_put(scaled_rows(x2), device)
    totals = [jnp.ones(tile.shape, jnp.float64, device=device) for tile in grid.tiles]
    for block in weights:
        on_device = jax.device_put(block, device)
        features1 = features_of(left, on_device)
        features2 = features1 if grid.symmetric else features_of(right, on_device)
        for k, tile in enumerate(grid.tiles):
            totals[k] = with_products_added(
                totals[k], features1[tile.rows], features2[tile.columns]
            )
    for tile, total in zip(grid.tiles, totals, strict=True):
        values = total.astype(x1.dtype)
        same = grid.symmetric and tile.row == tile.column
        yield tile, (mirrored_upper(values) if same else values,)


@jax.jit
def features_of(rows: jax.Array, weights: jax.Array) -> jax.Array:
    """ReLU(xWᵀ) of rows (n, d) and weights (features, d), shape (n, features)."""
    products = jnp.matmul(rows, weights.astype(rows.dtype).T, precision="highest")
    return jnp.maximum(products, 0)


@partial(jax.jit, donate_argnums=0)
def with_products_added(total: jax.Array, left: jax.Array, right: jax.Array) -> jax.Array:
    """total + F F'ᵀ of features (n1, features) and (n2, features), in place."""
    return total + jnp.matmul(left, right.T, precision="highest")
