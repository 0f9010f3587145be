"""Checks before a run of where it computes: a GPU that is there, a cluster that answers."""

from kernel_regime.execution.settings import Execution


def check_execution(execution: Execution) -> None:
    """Refuse a device that is missing, and a cluster that nobody answers for.

    Raises
    ------
    MissingDeviceError
        If there is no GPU to compute on.
    UnreachableError
        If no scheduler answers at the address.

    Examples
    --------
    >>> check_execution(Execution(device="cpu"))
    """
    if execution.engine == "dask":
        from kernel_regime.execution.dask_cluster import connect, visible_gpus

        if execution.address:
            connect(execution.address, execution.workers, execution.device)
        elif execution.device == "gpu":
            visible_gpus()
    elif execution.device == "gpu":
        from kernel_regime.kernels.gpu.jax_engine import first_gpu

        first_gpu()
