"""Precision of JAX."""

from contextlib import AbstractContextManager, nullcontext

import numpy as np
from numpy.typing import DTypeLike

from kernel_regime.core.extras import from_extra


def jax_precision(dtype: DTypeLike) -> AbstractContextManager[object]:
    """Context in which JAX computes in float64 where `dtype` is; a setting of each thread.

    Its switch has moved: newer versions no longer have it in `jax.experimental`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> with jax_precision(np.float64):
    ...     jnp.ones(1).dtype.name
    'float64'
    """
    if np.dtype(dtype) != np.float64:
        return nullcontext()
    with from_extra("jax"):
        import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64(True)
