"""From tables to figures, and one page that shows them."""

from kernel_regime.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
