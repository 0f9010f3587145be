"""Plan of kernel_generation: what it will cost, the table behind `kedro plan`."""

import logging
from pathlib import Path
from typing import Any, cast

import pandas as pd
from kedro.io import CatalogProtocol, DatasetError

from kernel_regime.core.errors import InputError
from kernel_regime.core.progress import progress
from kernel_regime.datasets.kernel_matrix import KernelMatricesDataset
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store.cost import CostForecast, forecast_cost, measure_rate
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.resources import free_bytes
from kernel_regime.pipelines.kernel_generation.nodes import (
    LazyJobs,
    describe_test_kernels,
    describe_train_kernels,
)
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters

logger = logging.getLogger(__name__)


def plan_kernels(
    catalog: CatalogProtocol, kernels: KernelParameters, execution: Execution
) -> pd.DataFrame:
    """Cost of every kernel over all levels, train and test, and of all kernels together.

    Parameters
    ----------
    catalog : Kedro catalog
        With the outputs of data_processing: the plan needs sizes, and samples to measure on.
    kernels, execution
        The parameters of these names.

    Returns
    -------
    DataFrame
        A row per kernel, and a last one, `total`: kernel, pairs, pairs_per_second (measured
        here, on one small tile), hours (of what is not done, on this machine alone), gigabytes
        (of the files), gigabytes_to_come (not on the disk yet), free_gigabytes (of that disk),
        peak_memory_gb (of tile buffers), tiles, tiles_done.

    Raises
    ------
    InputError
        If data_processing has not been run.
    """
    try:
        train, test, levels = (
            catalog.load(name) for name in ("train_images", "test_images", "noise_levels")
        )
    except DatasetError as error:
        raise InputError(
            "the plan needs the inputs; run `kedro run --pipelines data_processing` first, with "
            "the same --env and --params"
        ) from error
    jobs = {
        "train_kernels": describe_train_kernels(train, levels, kernels, execution),
        "test_kernels": describe_test_kernels(test, train, levels, kernels, execution),
    }
    folders = {name: cast(KernelMatricesDataset, catalog.get(name)) for name in jobs}
    parts: dict[str, list[CostForecast]] = {}
    with progress("measuring", len(kernels.names), "kernels") as advance:
        for kernel in kernels.names:
            logger.info("%s: measuring a tile, counting what is done", kernel)
            parts[kernel] = _forecast(_jobs_of(kernel, jobs, folders))
            advance(1, kernel)
    parts["total"] = [part for forecasts in parts.values() for part in forecasts]
    free = free_bytes(folders["train_kernels"].file("any").parent) / 1e9
    table = pd.DataFrame({"kernel": name} | _sum(part, free) for name, part in parts.items())
    _warn_of_disk(table["gigabytes_to_come"].iloc[-1], free)
    return table


def _jobs_of(
    kernel: str, jobs: dict[str, LazyJobs], folders: dict[str, KernelMatricesDataset]
) -> list[tuple[Path, KernelJob]]:
    return [
        (folders[split].file(partition), describe())
        for split, described in jobs.items()
        for partition, describe in described.items()
        if partition.rpartition("/")[2] == kernel
    ]


def _forecast(jobs: list[tuple[Path, KernelJob]]) -> list[CostForecast]:
    rate = measure_rate(jobs[0][1])
    return [forecast_cost(job, path, rate) for path, job in jobs]


def _sum(parts: list[CostForecast], free: float) -> dict[str, Any]:
    pairs = sum(part.pairs for part in parts)
    return {
        "pairs": pairs,
        "pairs_per_second": pairs / sum(part.pairs / part.pairs_per_second for part in parts),
        "hours": sum(part.hours for part in parts),
        "gigabytes": sum(part.gigabytes for part in parts),
        "gigabytes_to_come": sum(part.gigabytes_to_come for part in parts),
        "free_gigabytes": free,
        "peak_memory_gb": max(part.peak_memory for part in parts),
        "tiles": sum(part.tiles for part in parts),
        "tiles_done": sum(part.done for part in parts),
    }


def _warn_of_disk(to_come: float, free: float) -> None:
    if to_come > free:
        logger.warning(
            "The kernels need %.3g GB more, the disk has %.3g GB left: free space, lower "
            "data.n_train, take fewer levels or kernels, or move the data folder to a larger disk",
            *(to_come, free),
        )
