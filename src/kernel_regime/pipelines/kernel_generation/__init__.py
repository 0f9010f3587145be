"""Kernel matrices of every level and kernel, resumable, and their audit."""

from kernel_regime.pipelines.kernel_generation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
