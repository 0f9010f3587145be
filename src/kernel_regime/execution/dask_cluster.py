"""Dask cluster: workers compute, this process alone persists.

Every task carries its samples, a few megabytes: no shared disk is assumed, and a lost worker
costs its unfinished tasks only, since the scheduler can start them elsewhere.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar
from uuid import uuid4

import numba
from threadpoolctl import threadpool_limits

from kernel_regime.core.errors import UnreachableError, UserError
from kernel_regime.core.extras import from_extra
from kernel_regime.execution.devices import Device, no_gpu
from kernel_regime.execution.settings import Execution

with from_extra("dask"):
    import dask
    from distributed import Client, LocalCluster, Nanny, as_completed

Item = TypeVar("Item")
Result = TypeVar("Result")

# A worker thread has its next task at hand while one result travels.
_TASKS_PER_THREAD = 2
PATIENCE_SECONDS = 30.0  # without workers, between one warning and the next
_DRIVER = Path("/proc/driver/nvidia/gpus")
"""A folder for every GPU; looking there starts no library that would reserve their memory."""
_XLA_ON_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"

logger = logging.getLogger(__name__)


class WorkersNotStartedError(UserError, RuntimeError):
    """A local cluster whose processes end before they can work."""


def run_on_dask(
    execution: Execution,
    items: Iterable[Item],
    call: Callable[[Item], tuple[Callable[..., Result], tuple[object, ...]]],
) -> Iterator[tuple[Item, Result]]:
    """Items with what workers computed for them, in the order in which they return it.

    Parameters
    ----------
    execution : Execution
        Which cluster.
    items : iterable
        What to compute, asked for as workers get free.
    call : callable
        The function and the arguments that compute an item, made when its turn comes. A worker
        runs one on one thread, in BLAS and Numba too: Dask alone decides how many cores are busy.

    Yields
    ------
    item, result
    """
    client = connect(execution.address, execution.workers, execution.device)
    pending, ready = iter(items), as_completed(loop=client.loop)
    running: dict[str, Item] = {}
    run, number = uuid4().hex[:8], 0
    # Tasks carry their samples on purpose, see above.
    quiet = dask.config.set({"distributed.admin.large-graph-warning-threshold": "2GB"})

    def start_tasks() -> None:
        nonlocal number
        free = _TASKS_PER_THREAD * max(1, sum(client.nthreads().values())) - len(running)
        for _, item in zip(range(free), pending, strict=False):
            function, arguments = call(item)
            key = f"{function.__name__}-{run}-{number}"
            ready.add(client.submit(on_one_thread, function, *arguments, key=key))
            running[key] = item
            number += 1

    with quiet, warning_without_workers(client):
        start_tasks()
        for future in ready:
            yield running.pop(str(future.key)), future.result()
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
                    "%s --nthreads 1`, or press Ctrl-C: what is finished is kept",
                    *2 * [client.scheduler_info()["address"]],
                )

    watching = Thread(target=watch, name="worker-watch", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def on_one_thread(function: Callable[..., Result], *arguments: object) -> Result:
    """What the function returns, computed on one thread."""
    numba.set_num_threads(1)
    with threadpool_limits(1):
        return function(*arguments)


@cache
def connect(address: str | None, workers: int | None, device: Device = "cpu") -> Client:
    """The client of a cluster, made once per process; a local cluster ends with it.

    Workers of a local cluster for GPUs see one each, in turn; left out, there is one a GPU.

    Raises
    ------
    WorkersNotStartedError
        If the processes of a local cluster end while they start.
    UnreachableError
        If no scheduler answers at the address.
    MissingDeviceError
        If a local cluster is for GPUs, and there is none.
    """
    end_if_starting_up()
    client = _client_of(address) if address else Client(_local_cluster(workers, device))
    logger.info(
        "Dask: %d workers at %s", len(client.nthreads()), client.scheduler_info()["address"]
    )
    return client


def _client_of(address: str) -> Client:
    try:
        return Client(address)
    except (OSError, TypeError, ValueError) as error:  # of TLS, without certificates: TypeError
        raise UnreachableError(
            f"execution.address: no Dask scheduler answers at {address} ({error}); start one "
            "there, `dask scheduler`, or leave address out for a cluster on this machine"
        ) from error


def _local_cluster(workers: int | None, device: Device) -> LocalCluster:
    if device == "gpu":
        workers = workers or len(visible_gpus())
    # What Dask sets before it starts a worker would stay set in this process, for good.
    environment = {"pre-spawn-environ": {}, "environ": {"XLA_FLAGS": _XLA_ON_ONE_THREAD}}
    with dask.config.set({f"distributed.nanny.{k}": v for k, v in environment.items()}):
        try:
            return LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address="localhost:0",
                worker_class=_NannyOfOneGpu if device == "gpu" else Nanny,
            )
        except RuntimeError as error:
            raise WorkersNotStartedError(
                "Dask: the workers end while they start. Each of them imports the main script: "
                'put what it does below `if __name__ == "__main__":`'
            ) from error


class _NannyOfOneGpu(Nanny):
    """Parent of a worker process that sees one GPU: JAX reserves memory on all that it sees."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        gpus = visible_gpus()
        options["env"] = {"CUDA_VISIBLE_DEVICES": gpus[options["name"] % len(gpus)]}
        super().__init__(*arguments, **options)


def visible_gpus() -> list[str]:
    """GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` names them.

    Raises
    ------
    MissingDeviceError
        If there is none.
    """
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        found = [str(number) for number, _ in enumerate(_DRIVER.glob("*"))]
    else:
        found = [name for name in listed.split(",") if name]
    if not found:
        raise no_gpu("the driver")
    return found


def end_if_starting_up() -> None:
    """End this process if it is a worker that imports, and thereby runs, the main script.

    It would wait for results of a computation that waits for it. Its end is noticed where the
    computation began, by `connect`.
    """
    imported = sys.modules.get("__mp_main__")  # so `multiprocessing` calls it while it starts
    if imported is not None and imported is not sys.modules["__main__"]:
        raise SystemExit(1)
