"""Tiles on Dask workers: they compute, this process alone persists.

Every task carries its samples, a few megabytes: no shared disk is assumed, and a lost worker
costs its unfinished tiles only, since the scheduler can start them elsewhere.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import dask
import numba
from distributed import Client, LocalCluster, as_completed
from threadpoolctl import threadpool_limits

from kernel_regime.core.arrays import Array
from kernel_regime.execution.store.job import KernelJob, compute_tile
from kernel_regime.execution.store.tiles import Tile
from kernel_regime.kernels.base import Kernel

# A worker thread has its next tile at hand while one result travels.
_TASKS_PER_THREAD = 2
PATIENCE_SECONDS = 30.0  # without workers, between one warning and the next
_XLA_ON_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"

logger = logging.getLogger(__name__)


def compute_on_dask(job: KernelJob, tiles: Iterable[Tile]) -> Iterator[tuple[Tile, Array]]:
    """Finished tiles, in the order in which the workers return them."""
    client = connect(job.execution.address, job.execution.workers)
    waiting, ready = iter(tiles), as_completed()
    running: dict[Any, Tile] = {}
    run = uuid4().hex[:8]

    def start_tasks() -> None:
        room = _TASKS_PER_THREAD * max(1, sum(client.nthreads().values())) - len(running)
        for _, tile in zip(range(room), waiting, strict=False):
            future = client.submit(
                compute_on_one_thread, job.kernel, *job.samples(tile), key=f"tile-{run}-{tile.key}"
            )
            running[future.key] = tile
            ready.add(future)

    # Tasks carry their samples on purpose, see above.
    quiet = dask.config.set({"distributed.admin.large-graph-warning-threshold": "2GB"})
    with quiet, warning_without_workers(client):
        start_tasks()
        for future in ready:
            yield running.pop(future.key), future.result()
            start_tasks()


@contextmanager
def warning_without_workers(client: Client) -> Iterator[None]:
    """Log, as long as it lasts, that nobody is there to compute: Dask waits without a word."""
    over = Event()

    def watch() -> None:
        while not over.wait(PATIENCE_SECONDS):
            if not client.nthreads():
                logger.warning(
                    "Dask: no worker is left at %s; the run waits. Start one there, `dask worker "
                    "%s --nthreads 1`, or press Ctrl-C: finished tiles are kept",
                    *2 * [client.scheduler.address],
                )

    watching = Thread(target=watch, name="worker-watch", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def compute_on_one_thread(kernel: Kernel, rows: Array, columns: Array | None) -> Array:
    """A tile, as `compute_tile` gives it: Dask alone decides how many cores are busy."""
    numba.set_num_threads(1)
    with threadpool_limits(1):
        return compute_tile(kernel, rows, columns)


@cache
def connect(address: str | None, workers: int | None) -> Client:
    """The client of a cluster, made once per process; a local cluster ends with it."""
    if address is not None:
        client = Client(address)
    else:
        # What Dask sets before it starts a worker would stay set in this process, for good.
        environment = {"pre-spawn-environ": {}, "environ": {"XLA_FLAGS": _XLA_ON_ONE_THREAD}}
        with dask.config.set({f"distributed.nanny.{k}": v for k, v in environment.items()}):
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address="localhost:0"
            )
        client = Client(cluster)
    logger.info("Dask: %d workers at %s", len(client.nthreads()), client.scheduler.address)
    return client
