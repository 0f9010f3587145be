"""Kernel matrices as jobs: computed tile by tile, resumable at any moment, never lost."""

from kernel_regime.gram.audit import Audit, audit
from kernel_regime.gram.execution import Execution
from kernel_regime.gram.fill import fill
from kernel_regime.gram.job import KernelJob
from kernel_regime.gram.plan import Forecast, forecast, measure_rate
from kernel_regime.gram.resources import DiskTooSmallError
from kernel_regime.gram.store import MatrixRefusedError, is_complete, open_matrix, seconds_spent

__all__ = [
    "Audit",
    "DiskTooSmallError",
    "Execution",
    "Forecast",
    "KernelJob",
    "MatrixRefusedError",
    "audit",
    "fill",
    "forecast",
    "is_complete",
    "measure_rate",
    "open_matrix",
    "seconds_spent",
]
