"""Empirical neural tangent kernels of finite networks; JAX is loaded when one is asked for."""

from typing import TYPE_CHECKING

from kernel_regime.core.lazy import lazy_exports
from kernel_regime.ntk.activation_functions import ACTIVATIONS
from kernel_regime.ntk.shallow_network import (
    ShallowNTK,
    distance_to_limit,
    shallow_ntk,
    shallow_relu_limit,
)

if TYPE_CHECKING:
    from kernel_regime.ntk.empirical import empirical_ntk, empirical_ntk_diagonal
    from kernel_regime.ntk.keras_models import as_jax
    from kernel_regime.ntk.network_kernel import EmpiricalNTK, KerasNTK, of_keras

__all__ = [
    "ACTIVATIONS",
    "EmpiricalNTK",
    "KerasNTK",
    "ShallowNTK",
    "as_jax",
    "distance_to_limit",
    "empirical_ntk",
    "empirical_ntk_diagonal",
    "of_keras",
    "shallow_ntk",
    "shallow_relu_limit",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "EmpiricalNTK": "network_kernel",
        "KerasNTK": "network_kernel",
        "as_jax": "keras_models",
        "empirical_ntk": "empirical",
        "empirical_ntk_diagonal": "empirical",
        "of_keras": "network_kernel",
    },
)
