"""Choice of a solver by size and memory, and whether it fits, decided before it starts."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError, TooLargeError, did_you_mean
from kernel_regime.core.memory import working_memory
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.tridiagonal.block_tridiagonal import reduction_bytes
from kernel_regime.regression.krylov_space import MAX_COLUMNS
from kernel_regime.regression.ridge_path import RidgePath
from kernel_regime.regression.solvers.cholesky import NearlySingularError, solve_by_cholesky
from kernel_regime.regression.solvers.direct import solve_directly
from kernel_regime.regression.solvers.iterative import PROBES, solve_iteratively

logger = logging.getLogger(__name__)


class Solver(Protocol):
    """What every solver of a path is: a function of kernel, targets and ridges."""

    def __call__(self, kernel: Matrix, targets: Array, ridges: Array) -> RidgePath:
        """Path for a checked kernel (n, n), float64 targets (n, outputs) and ridges."""
        ...


def _by_cholesky_or_directly(kernel: Matrix, targets: Array, ridges: Array) -> RidgePath:
    try:
        return solve_by_cholesky(kernel, targets, ridges)
    except NearlySingularError as error:
        logger.info("%s is nearly singular: on to the direct solver", error)
        return solve_directly(kernel, targets, ridges)


SOLVERS: Mapping[str, Solver] = {
    "cholesky": _by_cholesky_or_directly,
    "direct": solve_directly,
    "iterative": solve_iteratively,
}
"""Solvers by the names that parameters give and the table reports."""

LARGEST_DIRECT = 30_000
"""There the cubic reduction takes nine minutes on two cores, Krylov one or two."""

MIN_COLUMNS = 500
"""Smallest Krylov space worth starting with."""


@dataclass(frozen=True)
class Plan:
    """A solver and what it needs.

    Parameters
    ----------
    solver : str
        Its name in `SOLVERS`.
    peak_bytes : int
        Predicted peak beside the kernel itself.
    columns : int
        Largest Krylov space; 0 for the exact solvers.
    reason : str
        For the log.

    Examples
    --------
    >>> import numpy as np
    >>> plan = choose_solver(n=2, outputs=1, ridges=1, memory=10**9)
    >>> path = plan.solve(np.diag([1.0, 3.0]), np.array([[2.0], [4.0]]), np.array([1.0]))
    >>> path.coefficients.ravel().round(6).tolist()
    [1.0, 1.0]
    """

    solver: str
    peak_bytes: int
    columns: int
    reason: str

    def solve(self, kernel: Matrix, targets: Array, ridges: Array) -> RidgePath:
        """Run the solver as planned."""
        solver = SOLVERS[self.solver]
        if self.columns:
            solver = partial(solve_iteratively, max_columns=self.columns)
        return solver(kernel, targets, ridges)


def choose_solver(
    n: int,
    outputs: int,
    ridges: int,
    memory: int,
    *,
    solver: str = "auto",
    distributed: bool = False,
) -> Plan:
    """Plan of a path: the solver, and the memory that it takes.

    Parameters
    ----------
    n, outputs, ridges : int
        Size of the problem.
    memory : int
        Bytes that may be used beside the kernel.
    solver : str
        A name in `SOLVERS` settles the choice; "auto" is exact up to `LARGEST_DIRECT` points
        where memory allows, else iterative.
    distributed : bool
        Whether the kernel is a Dask array, which only products may touch.

    Raises
    ------
    InputError
        If there is no such solver, or it needs the entries of a Dask array.
    TooLargeError
        If the solver that was asked for, or every solver, exceeds the memory.

    Examples
    --------
    >>> choose_solver(4_000, 10, 20, 8 * 10**9).solver
    'direct'
    """
    require_solver(solver)
    if distributed and solver not in ("auto", "iterative"):
        raise InputError(
            f"ridge.solver: {solver} needs the entries of the kernel, which is a Dask array; use "
            "iterative, or pass kernel.compute()"
        )
    # Solutions, their predictions at the training points, and the diagonals of the inverse.
    results = 8 * n * ridges * (3 * outputs + 2) + working_memory() // 8
    direct = reduction_bytes(n, ridges) + results
    # A block in the making, the start, and products by several workers.
    blocks = 8 * n * 4 * (outputs + PROBES) + working_memory() // 2
    # Solutions for the probes, before and after they become estimates.
    blocks += 8 * n * ridges * 2 * PROBES
    columns = min(MAX_COLUMNS, max(0, memory - results - blocks) // (8 * n))
    iterative = 8 * n * max(columns, MIN_COLUMNS) + blocks + results
    # For two ridges at n = 4000, 2.0 s by Cholesky factors and 1.5 s by one reduction.
    exact = "cholesky" if ridges == 1 else "direct"
    if solver == "auto" and n <= LARGEST_DIRECT and direct <= memory and not distributed:
        return Plan(exact, direct, 0, f"{n:,} points, {ridges} ridges")
    if solver in ("direct", "cholesky") and direct <= memory:
        return Plan(exact if solver == "direct" else solver, direct, 0, "asked for")
    if solver in ("direct", "cholesky"):
        raise TooLargeError(
            f"ridge.solver: {solver} needs {_gb(direct)} beside the kernel of {n:,} points, "
            f"{_gb(memory)} are free; use iterative or fewer training points"
        )
    if iterative > memory:
        raise TooLargeError(
            f"ridge regression on {n:,} points needs {_gb(iterative)} beside the kernel, "
            f"{_gb(memory)} are free; free memory or use fewer training points"
        )
    reason = "asked for" if solver == "iterative" else f"{n:,} points are too many to factorise"
    return Plan("iterative", iterative, columns, reason)


def require_solver(name: str) -> None:
    """Refuse the name of a solver that does not exist.

    Raises
    ------
    InputError

    Examples
    --------
    >>> require_solver("auto")
    """
    if name not in ("auto", *SOLVERS):
        hint = did_you_mean(name, ["auto", *SOLVERS])
        raise InputError(f"ridge.solver: there is no {name!r}; {hint}")


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
