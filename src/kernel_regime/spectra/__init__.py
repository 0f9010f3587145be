"""Spectra of kernels and networks, and what follows from them; JAX is loaded when asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kernel_regime.spectra.activations import ACTIVATIONS
from kernel_regime.spectra.diagonalise import (
    SpectralDensity,
    eigensystem,
    eigenvalues,
    spectral_density,
    top_eigensystem,
)
from kernel_regime.spectra.forecasts import Forecast, learning_curve
from kernel_regime.spectra.operator import KernelOperator
from kernel_regime.spectra.power_law import PowerLaw, fit_power_law
from kernel_regime.spectra.profiles import Profile, ProfileSettings, profile
from kernel_regime.spectra.shallow import (
    ShallowNTK,
    distance_to_limit,
    shallow_ntk,
    shallow_relu_limit,
)
from kernel_regime.spectra.sphere import compare_on_sphere
from kernel_regime.spectra.study import Settings, Study
from kernel_regime.spectra.summaries import (
    alignment,
    effective_dimension,
    participation_rank,
    target_power,
    trace_rank,
)

if TYPE_CHECKING:
    from kernel_regime.spectra.architectures import Architecture
    from kernel_regime.spectra.finite_ntk import empirical_ntk, empirical_ntk_diagonal
    from kernel_regime.spectra.keras_network import as_jax
    from kernel_regime.spectra.network_kernel import EmpiricalNTK, KerasNTK, of_keras
    from kernel_regime.spectra.spectral_bias_study import run_study

__all__ = [
    "ACTIVATIONS",
    "Architecture",
    "EmpiricalNTK",
    "Forecast",
    "KerasNTK",
    "KernelOperator",
    "PowerLaw",
    "Profile",
    "ProfileSettings",
    "Settings",
    "ShallowNTK",
    "SpectralDensity",
    "Study",
    "alignment",
    "as_jax",
    "compare_on_sphere",
    "distance_to_limit",
    "effective_dimension",
    "eigensystem",
    "eigenvalues",
    "empirical_ntk",
    "empirical_ntk_diagonal",
    "fit_power_law",
    "learning_curve",
    "of_keras",
    "participation_rank",
    "profile",
    "run_study",
    "shallow_ntk",
    "shallow_relu_limit",
    "spectral_density",
    "target_power",
    "top_eigensystem",
    "trace_rank",
]

_NEEDS_JAX = {
    "Architecture": "architectures",
    "EmpiricalNTK": "network_kernel",
    "KerasNTK": "network_kernel",
    "as_jax": "keras_network",
    "empirical_ntk": "finite_ntk",
    "empirical_ntk_diagonal": "finite_ntk",
    "of_keras": "network_kernel",
    "run_study": "spectral_bias_study",
}


def __getattr__(name: str) -> Any:
    if name not in _NEEDS_JAX:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_NEEDS_JAX[name]}"), name)
    globals()[name] = value
    return value
