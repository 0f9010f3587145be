"""Random features in JAX: the weights of the CPU, drawn there while the device multiplies."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.kernels.gpu.jax_engine import first_gpu
from kernel_regime.kernels.gpu.kernel_on_gpu import KernelOnGpu
from kernel_regime.kernels.random_features_kernel import RandomFeatures, scaled_rows
from kernel_regime.linalg.symmetric import mirror_upper

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp


@dataclass(frozen=True)
class RandomFeaturesOnGpu(KernelOnGpu[RandomFeatures]):
    """A kernel of random features on a device of JAX.

    Parameters
    ----------
    kernel : RandomFeatures
        The kernel.
    device : jax.Device
        Where to compute; left out, the first GPU.

    Raises
    ------
    MissingDeviceError
        If there is no GPU.

    Examples
    --------
    >>> engine = RandomFeaturesOnGpu(RandomFeatures(100), jax.devices("cpu")[0])
    >>> engine.gram(np.zeros((1, 3)))
    array([[1.]])
    """

    device: jax.Device = field(default_factory=first_gpu)

    def _gram(self, x: Array) -> Array:
        matrix = random_features_on(self.device, x, x, self.kernel.weights(x[0].size))
        mirror_upper(matrix)
        return matrix

    def _cross(self, x1: Array, x2: Array) -> Array:
        return random_features_on(self.device, x1, x2, self.kernel.weights(x1[0].size))


def random_features_on(device: jax.Device, x1: Array, x2: Array, weights: Iterable[Array]) -> Array:
    """What `random_features_cross` returns, shape (n1, n2), computed on a device of JAX.

    The device holds the sums over blocks, in float64: 8 n1 n2 bytes.
    """
    with jax_precision(np.float64):
        left, right = (jax.device_put(scaled_rows(x), device) for x in (x1, x2))
        total = jnp.ones((len(x1), len(x2)), jnp.float64, device=device)
        for block in weights:
            total = with_features_added(total, left, right, jax.device_put(block, device))
        return np.array(total.astype(x1.dtype))


@jax.jit
def with_features_added(
    total: jax.Array, left: jax.Array, right: jax.Array, weights: jax.Array
) -> jax.Array:
    """total + ReLU(xWᵀ)·ReLU(x'Wᵀ)ᵀ of rows (n1, d) and (n2, d) and weights (features, d)."""
    transposed = weights.astype(left.dtype).T
    features1, features2 = (
        jnp.maximum(jnp.matmul(rows, transposed, precision="highest"), 0) for rows in (left, right)
    )
    return total + jnp.matmul(features1, features2.T, precision="highest")
