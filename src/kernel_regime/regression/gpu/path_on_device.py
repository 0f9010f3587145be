"""Ridge path on a GPU: by which solver, whether that fits its memory, and running it there."""

import logging

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import TooLargeError
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.types import Matrix
from kernel_regime.kernels.gpu.jax_engine import first_gpu, free_memory, within_memory
from kernel_regime.linalg.products import is_distributed
from kernel_regime.regression.gpu.exact_path import MATRICES, solve_exactly
from kernel_regime.regression.gpu.kernel_on_device import REMEDY, WIDENED, KernelOnDevice
from kernel_regime.regression.krylov_space import MAX_COLUMNS
from kernel_regime.regression.ridge_path import RidgePath
from kernel_regime.regression.solvers.choice import LARGEST_DIRECT, MIN_COLUMNS, Plan
from kernel_regime.regression.solvers.iterative import PROBES, solve_iteratively

logger = logging.getLogger(__name__)


def choose_on_device(n: int, outputs: int, memory: int, *, solver: str = "auto") -> Plan:
    """Plan of a path on a GPU: the rule of `choose_solver`, for the memory beside the kernel there.

    Parameters
    ----------
    n, outputs : int
        Size of the problem.
    memory : int
        Bytes that may be used beside the kernel.
    solver : str
        "auto", or the name of a solver; "direct" and "cholesky" are one here, which the number of
        ridges divides.

    Raises
    ------
    TooLargeError
        If the solver that was asked for, or every solver, exceeds the memory.

    Examples
    --------
    >>> choose_on_device(20_000, 10, 60 * 10**9).solver, choose_on_device(60_000, 10, 10**11).solver
    ('direct', 'iterative')
    """
    exact = 8 * MATRICES * n**2
    blocks = 8 * n * 8 * (outputs + PROBES) + 3 * WIDENED
    columns = min(MAX_COLUMNS, max(0, memory - blocks) // (2 * 8 * n))
    iterative = blocks + 2 * 8 * n * max(columns, MIN_COLUMNS)
    if solver in ("direct", "cholesky") or (
        solver == "auto" and n <= LARGEST_DIRECT and exact <= memory
    ):
        plan = Plan("direct", exact, 0, f"{n:,} points")
    else:
        plan = Plan("iterative", iterative, columns, f"{n:,} points")
    if plan.peak_bytes > memory:
        raise TooLargeError(
            f"ridge.solver: {plan.solver} needs {plan.peak_bytes / 1e9:.2f} GB beside the kernel "
            f"of {n:,} points, {memory / 1e9:.2f} GB are free on the GPU; {REMEDY}"
        )
    return plan


def solve_on_device(
    kernel: KernelOnDevice, targets: Array, ridges: Array, *, solver: str = "auto"
) -> RidgePath:
    """Ridge path of a kernel on a device, computed there.

    Parameters
    ----------
    kernel : KernelOnDevice
    targets : float64 array (n, outputs)
    ridges : array (ridges,)
    solver : str
        See `choose_on_device`.

    Examples
    --------
    >>> import jax
    >>> kernel = KernelOnDevice.of(np.eye(2), jax.devices("cpu")[0])
    >>> solve_on_device(kernel, np.ones((2, 1)), np.array([1.0])).coefficients.ravel()
    array([0.5, 0.5])
    """
    n, outputs = targets.shape
    free = free_memory(kernel.device)
    plan = choose_on_device(n, outputs, 10**15 if free is None else free, solver=solver)
    logger.info("%s solver on %s: %s", plan.solver, kernel.device, plan.reason)
    work = f"the {plan.solver} solver of {n:,} points"
    with jax_precision(np.float64), within_memory(kernel.device, work, REMEDY):
        if plan.columns:
            return solve_iteratively(kernel, targets, ridges, max_columns=plan.columns)
        return solve_exactly(kernel, targets, ridges)


def brought_to_gpu(kernel: Matrix, outputs: int, *, solver: str = "auto") -> Matrix:
    """The kernel on the first GPU; as it was where it is there already, or that is too small.

    The log says why the host has to solve.

    Parameters
    ----------
    kernel : array (n, n) or KernelOnDevice
    outputs : int
        Of the targets.
    solver : str
        See `choose_on_device`.

    Raises
    ------
    MissingDeviceError
        If there is no GPU.
    """
    if isinstance(kernel, KernelOnDevice):
        return kernel
    device = first_gpu()
    if is_distributed(kernel):
        logger.warning("the kernel is a Dask array: its path is computed on the host")
        return kernel
    free = free_memory(device)
    try:
        if free is not None:
            choose_on_device(len(kernel), outputs, free - kernel.nbytes, solver=solver)
        return KernelOnDevice.of(kernel, device)
    except TooLargeError as error:
        logger.warning("%s: the path is computed on the host", str(error).partition(";")[0])
        return kernel
