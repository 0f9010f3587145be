"""What kernel_generation will cost: the table behind `kedro plan`."""

from pathlib import Path
from typing import cast

import pandas as pd
from kedro.io import CatalogProtocol, DatasetError
from kedro_datasets.partitions import PartitionedDataset

from kernel_regime.core.errors import InputError
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store.cost import CostForecast, forecast_cost, measure_rate
from kernel_regime.pipelines.kernel_generation.nodes import (
    LazyJobs,
    describe_test_kernels,
    describe_train_kernels,
)
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters


def plan_kernels(
    catalog: CatalogProtocol, kernels: KernelParameters, execution: Execution
) -> pd.DataFrame:
    """Cost of every kernel over all levels, train and test.

    Parameters
    ----------
    catalog : Kedro catalog
        With the outputs of data_processing: the plan needs sizes, and samples to measure on.
    kernels, execution
        The parameters of these names.

    Returns
    -------
    DataFrame
        A row per kernel: kernel, pairs, pairs_per_second (measured here, on one small tile),
        hours (of what is not done, on this machine alone), gigabytes (on disk), peak_memory_gb
        (of tile buffers), tiles, tiles_done.

    Raises
    ------
    ValueError
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
    folders = {name: Path(cast(PartitionedDataset, catalog.get(name))._path) for name in jobs}
    return pd.DataFrame(_row(kernel, jobs, folders) for kernel in kernels.names)


def _row(kernel: str, jobs: dict[str, LazyJobs], folders: dict[str, Path]) -> dict[str, object]:
    mine = [
        (folders[split] / f"{partition}.npy", describe())
        for split, described in jobs.items()
        for partition, describe in described.items()
        if partition.rpartition("/")[2] == kernel
    ]
    rate = measure_rate(mine[0][1])
    return {"kernel": kernel} | _total([forecast_cost(job, path, rate) for path, job in mine])


def _total(parts: list[CostForecast]) -> dict[str, object]:
    return {
        "pairs": sum(part.pairs for part in parts),
        "pairs_per_second": parts[0].pairs_per_second,
        "hours": sum(part.hours for part in parts),
        "gigabytes": sum(part.gigabytes for part in parts),
        "peak_memory_gb": max(part.peak_memory for part in parts),
        "tiles": sum(part.tiles for part in parts),
        "tiles_done": sum(part.done for part in parts),
    }
