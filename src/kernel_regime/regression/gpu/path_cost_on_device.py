"""Time of a ridge path on a GPU, before it is computed."""

from collections.abc import Callable
from functools import cache

import numpy as np

from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.timing import shortest_seconds
from kernel_regime.regression.gpu.exact_path import CHOLESKY_RIDGES
from kernel_regime.regression.gpu.kernel_on_device import KernelOnDevice
from kernel_regime.regression.path_cost import COLUMNS, PRODUCTS
from kernel_regime.regression.solvers.choice import LARGEST_DIRECT

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp

_EDGE = 2048


def path_seconds_on_device(n: int, ridges: int, device: jax.Device) -> float:
    """Seconds that a path over `ridges` ridges takes on `n` training points.

    Products are timed on the device, those of whole matrices for factors, and those of a kernel
    with a block for the iterative solver; so this is an order of magnitude.

    Examples
    --------
    >>> device = jax.devices("cpu")[0]
    >>> path_seconds_on_device(8000, 20, device) > path_seconds_on_device(4000, 20, device)
    True
    """
    if n > LARGEST_DIRECT:
        return PRODUCTS * _block_seconds(device) * (n / _EDGE) ** 2
    # Eigenvectors come at half the rate of products.
    operations = 2 / 3 * ridges if ridges <= CHOLESKY_RIDGES else 2 * 9
    return operations * n**3 * _operation_seconds(device)


@cache
def _operation_seconds(device: jax.Device) -> float:
    """Of one operation of a float64 product of matrices."""
    with jax_precision(np.float64):
        matrix = jnp.ones((_EDGE, _EDGE), jnp.float64, device=device)
        return _seconds(lambda: matrix @ matrix) / (2 * _EDGE**3)


@cache
def _block_seconds(device: jax.Device) -> float:
    """Of a product of a float32 kernel of `_EDGE` points with a block."""
    with jax_precision(np.float64):
        kernel = KernelOnDevice(jnp.ones((_EDGE, _EDGE), jnp.float32, device=device))
        multiply, block = kernel.products(), kernel.block(np.ones((_EDGE, COLUMNS)))
        return _seconds(lambda: multiply(block))


def _seconds(action: Callable[[], jax.Array]) -> float:
    """Of an action on a device, once it is compiled."""
    action().block_until_ready()
    return shortest_seconds(lambda: action().block_until_ready())
