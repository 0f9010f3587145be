"""Kernel matrices as jobs: computed tile by tile, resumable at any moment, never lost."""

from kernel_regime.core.errors import NotFiniteError
from kernel_regime.execution.store.audit import Audit, audit
from kernel_regime.execution.store.cost import CostForecast, forecast_cost, measure_rate
from kernel_regime.execution.store.filling import fill, fill_all
from kernel_regime.execution.store.finished import (
    MissingMatrixError,
    is_complete,
    open_matrix,
    seconds_spent,
)
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.matrix_store import MatrixRefusedError
from kernel_regime.execution.store.resources import DiskTooSmallError
from kernel_regime.execution.store.shared_disk import KernelPartition, SharedDisk, disk_of

__all__ = [
    "Audit",
    "CostForecast",
    "DiskTooSmallError",
    "KernelJob",
    "KernelPartition",
    "MatrixRefusedError",
    "MissingMatrixError",
    "NotFiniteError",
    "SharedDisk",
    "audit",
    "disk_of",
    "fill",
    "fill_all",
    "forecast_cost",
    "is_complete",
    "measure_rate",
    "open_matrix",
    "seconds_spent",
]
