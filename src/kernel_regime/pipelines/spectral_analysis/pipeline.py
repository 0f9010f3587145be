"""Wiring of spectral_analysis."""

from kedro.pipeline import Pipeline

from kernel_regime.pipelines import model_training
from kernel_regime.pipelines.spectral_analysis.spectra import create_spectra


def create_pipeline() -> Pipeline:
    """Kernels, networks and labels → spectra and what they predict; model_training included."""
    own = Pipeline(
        [create_spectra()],
        namespace="spectral_analysis",
        prefix_datasets_with_namespace=False,
    )
    return model_training.create_pipeline() + own
