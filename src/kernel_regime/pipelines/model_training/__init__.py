"""Kernel ridge regression and network training on every noise level, and their comparison."""

from kernel_regime.pipelines.model_training.pipeline import create_pipeline

__all__ = ["create_pipeline"]
