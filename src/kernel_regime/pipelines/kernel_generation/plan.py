"""Plan of kernel_generation: what it will cost, the table behind `kedro plan`."""

import logging
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import cast

import pandas as pd
from kedro.io import DatasetError

from kernel_regime.core.errors import InputError
from kernel_regime.core.progress import progress
from kernel_regime.core.types import Row
from kernel_regime.datasets.kernel_matrix import KernelMatricesDataset
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store.cost import CostForecast, forecast_cost, measure_rate
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.resources import bytes_allowed, free_bytes
from kernel_regime.pipelines.kernel_generation.nodes import (
    LazyJobs,
    describe_test_jobs,
    describe_train_jobs,
)
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.partitions import Catalog

logger = logging.getLogger(__name__)

Described = list[tuple[Path, Callable[[], KernelJob]]]
"""Files of kernels, and their jobs, made one by one: each holds the samples of a level."""


def plan_kernels(catalog: Catalog, kernels: KernelParameters, execution: Execution) -> pd.DataFrame:
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
        "train_kernels": describe_train_jobs(train, levels, kernels, execution),
        "test_kernels": describe_test_jobs(test, train, levels, kernels, execution),
    }
    folders = {name: cast(KernelMatricesDataset, catalog.get(name)) for name in jobs}
    by_kernel = {kernel: _described(kernel, jobs, folders) for kernel in kernels.names}
    parts: dict[str, list[CostForecast]] = {}
    with progress("measuring", len(kernels.names), "kernels") as advance:
        for kernel in kernels.names:
            logger.info("%s: measuring a tile, counting what is done", kernel)
            parts[kernel] = _forecast(kernel, by_kernel)
            advance(1, kernel)
    parts["total"] = [part for forecasts in parts.values() for part in forecasts]
    folder = folders["train_kernels"].file("any").parent
    free = free_bytes(folder) / 1e9
    table = pd.DataFrame({"kernel": name} | _sum(part, free) for name, part in parts.items())
    _warn_of_disk(parts["total"], folder, execution)
    return table


def _described(
    kernel: str, jobs: dict[str, LazyJobs], folders: dict[str, KernelMatricesDataset]
) -> Described:
    return [
        (folders[split].file(partition), describe)
        for split, described in jobs.items()
        for partition, describe in described.items()
        if partition.rpartition("/")[2] == kernel
    ]


def _rate(kernel: str, jobs: dict[str, Described]) -> float:
    """Pairs a second of a kernel, with those that are filled in the same pass."""
    _, describe = jobs[kernel][0]
    job = describe()
    network = job.network()
    if network is None:
        return measure_rate(job)
    others = (own[0][1]() for name, own in jobs.items() if name != kernel)
    return measure_rate(job, *(other for other in others if other.network() == network))


def _forecast(kernel: str, jobs: dict[str, Described]) -> list[CostForecast]:
    rate = _rate(kernel, jobs)
    return [forecast_cost(describe(), path, rate) for path, describe in jobs[kernel]]


def _sum(parts: list[CostForecast], free: float) -> Row:
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


def _warn_of_disk(parts: list[CostForecast], folder: Path, execution: Execution) -> None:
    """Say what does not fit, and what it costs that kernels give way to each other."""
    needed, to_come = (sum(map(size, parts)) for size in (_gigabytes, _gigabytes_to_come))
    there = needed - to_come
    allowed = bytes_allowed(folder, execution.disk, int(1e9 * there)) / 1e9
    if to_come <= allowed:
        return
    largest = max(map(_gigabytes, parts))
    if largest > there + allowed:
        logger.warning(
            "A kernel needs %.3g GB, kernels may take %.3g GB: free space, raise "
            "execution.disk, lower data.n_train, or move the data folder to a larger disk",
            *(largest, there + allowed),
        )
        return
    logger.warning(
        "The kernels need %.3g GB, kernels may take %.3g GB: they give way to each other, and "
        "what is gone is computed again for audits, ridge paths, spectra and learning curves, up "
        "to %.2g hours each; a larger disk, fewer levels or fewer kernels avoid it",
        *(
            needed,
            there + allowed,
            sum(part.pairs / part.pairs_per_second for part in parts) / 3600,
        ),
    )


_gigabytes, _gigabytes_to_come = attrgetter("gigabytes"), attrgetter("gigabytes_to_come")
