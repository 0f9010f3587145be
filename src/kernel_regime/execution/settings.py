"""Where kernels are computed, and within which memory."""

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    ByteSize,
    Field,
    PositiveInt,
    model_validator,
)

from kernel_regime.core.errors import InputError
from kernel_regime.core.parameters import ParameterModel
from kernel_regime.execution.devices import Device

_SCHEDULER = re.compile(r"(tcp|tls|ucx|wss?)://\S+:\d+/?")


def _scheduler(address: str) -> str:
    if not _SCHEDULER.fullmatch(address):
        raise InputError(f"{address!r} is no address of a Dask scheduler; write tcp://host:8786")
    return address


class Execution(ParameterModel):
    """How kernel matrices are computed; changes time and memory, and no value beyond rounding.

    Parameters
    ----------
    engine : {"local", "dask"}
        This process, or Dask workers.
    device : {"cpu", "gpu"}
        What computes tiles; a GPU needs the `[gpu]` extra. It rounds differently, so that a
        matrix remembers which it was.
    address : str, optional
        Scheduler of an existing Dask cluster, `tcp://host:8786`; left out, a local one starts.
    workers : int, optional
        Single-threaded processes of the local Dask cluster; left out, one per core.
    memory : bytes
        For temporary arrays of one process, `500MB` or `2GiB`: decides the size of a tile, and
        in a run of Kedro that of the row blocks in every node (see `core.memory`).
    disk : bytes, optional
        That kernel matrices of one experiment may occupy together, `50GB`; left out, what is free
        less a margin. Those that do not fit are computed when they are asked for, and give way
        to the next (see `SharedDisk`).
    overwrite : bool
        Replace a stored matrix of other inputs even if it took long to compute.

    Examples
    --------
    >>> Execution(engine="dask", workers=4, memory="2GiB").memory
    2147483648
    """

    engine: Literal["local", "dask"] = "local"
    device: Device = "cpu"
    address: Annotated[str, AfterValidator(_scheduler)] | None = None
    workers: PositiveInt | None = None
    memory: Annotated[ByteSize, Field(gt=0)] = ByteSize(10**9)
    disk: Annotated[ByteSize, Field(gt=0)] | None = None
    overwrite: bool = False

    @model_validator(mode="after")
    def _is_consistent(self) -> "Execution":
        if self.engine == "local" and (self.address or self.workers):
            raise InputError(
                "address and workers belong to the dask engine; add `engine: dask` or remove them"
            )
        if self.address and self.workers:
            raise InputError(
                f"the cluster at {self.address} has its own workers; remove address or workers"
            )
        return self
