"""Checks before a run of where it computes: a GPU that is there, a cluster that answers."""

from collections.abc import Mapping

from kernel_regime.core.errors import MissingDeviceError
from kernel_regime.execution.devices import TileKernel, gpu_class
from kernel_regime.execution.settings import Execution


def check_execution(execution: Execution, kernels: Mapping[str, TileKernel]) -> None:
    """Refuse a missing device, a kernel that has no code for it, and a cluster without answer.

    Parameters
    ----------
    execution : Execution
        Where to compute.
    kernels : mapping of str to TileKernel
        What, by name.

    Raises
    ------
    MissingDeviceError
        If there is no GPU to compute on, or a kernel has no code for one.
    UnreachableError
        If no scheduler answers at the address.

    Examples
    --------
    >>> check_execution(Execution(device="cpu"), {})
    """
    if execution.device == "gpu":
        for name, kernel in kernels.items():
            try:
                gpu_class(kernel)
            except MissingDeviceError as error:
                raise MissingDeviceError(f"kernels.{name}: {error}") from error
    if execution.engine == "dask":
        from kernel_regime.execution.dask_cluster import connect, visible_gpus

        if execution.address:
            connect(execution.address, execution.workers, execution.device)
        elif execution.device == "gpu":
            visible_gpus()
    elif execution.device == "gpu":
        from kernel_regime.kernels.gpu.jax_engine import first_gpu

        first_gpu()
