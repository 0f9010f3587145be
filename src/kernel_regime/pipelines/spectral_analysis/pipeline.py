"""Wiring of spectral_analysis."""

from kedro.pipeline import Pipeline

from kernel_regime.pipelines import model_training
from kernel_regime.pipelines.spectral_analysis.learning_curves import create_learning_curves
from kernel_regime.pipelines.spectral_analysis.limits import create_limits
from kernel_regime.pipelines.spectral_analysis.regime import create_regime
from kernel_regime.pipelines.spectral_analysis.spectra import create_spectra
from kernel_regime.pipelines.spectral_analysis.spectral_bias import create_spectral_bias


def create_pipeline() -> Pipeline:
    """Kernels, networks and labels → spectra and what they predict; model_training included."""
    own = Pipeline(
        [
            create_spectra(),
            create_spectral_bias(),
            create_learning_curves(),
            create_limits(),
            create_regime(),
        ],
        namespace="spectral_analysis",
        prefix_datasets_with_namespace=False,
    )
    return model_training.create_pipeline() + own
