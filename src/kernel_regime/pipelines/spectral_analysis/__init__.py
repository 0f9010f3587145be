"""Spectra, spectral bias outside the training set, learning curves, and regimes."""

from kernel_regime.pipelines.spectral_analysis.pipeline import create_pipeline

__all__ = ["create_pipeline"]
