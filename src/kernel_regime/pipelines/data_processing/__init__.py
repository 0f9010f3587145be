"""Selecting samples and perturbing them, level by level."""

from kernel_regime.pipelines.data_processing.pipeline import create_pipeline

__all__ = ["create_pipeline"]
