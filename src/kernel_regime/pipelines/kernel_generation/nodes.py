"""From perturbed inputs to kernel matrices and what they are worth."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from itertools import product
from pathlib import Path

import pandas as pd

from kernel_regime.core.arrays import Array, MappedArray
from kernel_regime.core.types import Identity
from kernel_regime.datasets.kernel_matrix import KernelPartitions
from kernel_regime.datasets.partitions import forget_partitions
from kernel_regime.execution.results import Content, Results, partition_content
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import KernelJob, SharedDisk, audit, seconds_spent
from kernel_regime.kernels.base import Kernel
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.partitions import Partitions, select

LazyJobs = dict[str, Callable[[], KernelJob]]

_FORMAT = 2  # raised when the audit of the same matrix would find other numbers than before


def compute_train_kernels(
    train_images: Partitions,
    noise_levels: pd.DataFrame,
    kernel_disk: SharedDisk,
    kernels: KernelParameters,
    execution: Execution,
) -> KernelPartitions:
    """Fill a matrix per level and kernel: all training inputs with themselves."""
    jobs = describe_train_jobs(train_images, noise_levels, kernels, execution)
    return _fill(kernel_disk, "train_kernels", jobs)


def compute_test_kernels(
    test_images: Partitions,
    train_images: Partitions,
    noise_levels: pd.DataFrame,
    kernel_disk: SharedDisk,
    kernels: KernelParameters,
    execution: Execution,
) -> KernelPartitions:
    """Fill a matrix per level and kernel: test inputs (rows) against training inputs (columns)."""
    jobs = describe_test_jobs(test_images, train_images, noise_levels, kernels, execution)
    return _fill(kernel_disk, "test_kernels", jobs)


def describe_train_jobs(
    train_images: Partitions,
    noise_levels: pd.DataFrame,
    kernels: KernelParameters,
    execution: Execution,
) -> LazyJobs:
    """Training kernels as jobs, made one by one, so that one level is open at a time."""
    images = select(train_images, noise_levels["level"])
    return {
        f"{level}/{name}": partial(_describe, kernel, images[level], None, execution)
        for level, (name, kernel) in product(images, kernels.build().items())
    }


def describe_test_jobs(
    test_images: Partitions,
    train_images: Partitions,
    noise_levels: pd.DataFrame,
    kernels: KernelParameters,
    execution: Execution,
) -> LazyJobs:
    """Test kernels as jobs, made one by one, so that one level is open at a time."""
    levels = list(noise_levels["level"])
    rows, columns = select(test_images, levels), select(train_images, levels)
    return {
        f"{level}/{name}": partial(_describe, kernel, rows[level], columns[level], execution)
        for level, (name, kernel) in product(levels, kernels.build().items())
    }


def audit_kernels(
    train_kernels: Partitions,
    train_images: Partitions,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    kernels: KernelParameters,
) -> pd.DataFrame:
    """Symmetry, extreme eigenvalues, precision, jitter and cost: a row per level and kernel.

    Every audit is kept in `finished_results` as soon as it is finished: see `Results`.
    """
    sweep = list(product(noise_levels["level"], kernels.build().items()))
    matrices = select(train_kernels, partition_names(noise_levels["level"], kernels.names))
    images = select(train_images, noise_levels["level"])
    results = Results(finished_results)
    rows = []
    for level, (name, kernel) in sweep:
        row = _audit(matrices[f"{level}/{name}"], kernel, images[level], results)
        row.insert(0, "level", level)
        row.insert(1, "kernel", name)
        rows.append(row)
    return pd.concat(rows, ignore_index=True)


def partition_names(levels: Iterable[str], kernels: Iterable[str]) -> list[str]:
    """Partitions of the kernel matrices: `level_0/ntk`, `level_0/nngp`, …"""
    return [f"{level}/{name}" for level, name in product(levels, list(kernels))]


def _fill(disk: SharedDisk, output: str, jobs: LazyJobs) -> KernelPartitions:
    """Compute what fits the disk; what a killed run left is no output until it is saved."""
    matrices = {name: disk.partition(output, name) for name in jobs}
    forget_partitions(disk.folder / output)
    disk.add({matrices[name].path: describe for name, describe in jobs.items()})
    return matrices


def _describe(
    kernel: Kernel,
    load_rows: Callable[[], Array],
    load_columns: Callable[[], Array] | None,
    execution: Execution,
) -> KernelJob:
    columns = None if load_columns is None else load_columns()
    return KernelJob(kernel, load_rows(), columns, execution)


def _audit(
    load: Callable[[], MappedArray],
    kernel: Kernel,
    load_samples: Callable[[], Array],
    results: Results,
) -> pd.DataFrame:
    """One row: what the audit finds, and what computing the matrix took."""
    description: Identity = {"what": "audit", "format": _FORMAT, "kernel": partition_content(load)}

    def examine() -> Content:
        matrix = load()
        n, seconds = len(matrix), seconds_spent(matrix)
        findings = asdict(audit(matrix, kernel, load_samples()))
        cost = {"seconds": seconds, "pairs_per_second": n * (n + 1) / 2 / seconds}
        return {"audit": pd.DataFrame([{"samples": n, **findings, **cost}])}

    return pd.DataFrame(results.get(description, examine)["audit"])
