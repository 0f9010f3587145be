"""The test of spectral bias outside the training set; JAX is loaded when one is run."""

from typing import TYPE_CHECKING

from kernel_regime.analysis.spectral_bias.operator import TrainingKernel
from kernel_regime.analysis.spectral_bias.study_settings import (
    ExperimentSettings,
    SpectralBiasStudy,
    Widths,
)
from kernel_regime.core.lazy import lazy_exports

if TYPE_CHECKING:
    from kernel_regime.analysis.spectral_bias.finite_networks import FiniteNetwork
    from kernel_regime.analysis.spectral_bias.study import run_study

__all__ = [
    "ExperimentSettings",
    "FiniteNetwork",
    "SpectralBiasStudy",
    "TrainingKernel",
    "Widths",
    "run_study",
]

__getattr__ = lazy_exports(__name__, {"FiniteNetwork": "finite_networks", "run_study": "study"})
