"""Which solver a path takes, and whether it fits the memory, decided before it starts."""

from dataclasses import dataclass
from typing import Literal

from kernel_regime.core.errors import TooLargeError
from kernel_regime.linalg.row_blocks import PANEL_BYTES
from kernel_regime.linalg.tridiagonal.block_tridiagonal import reduction_bytes

Solver = Literal["auto", "direct", "iterative"]

LARGEST_DIRECT = 30_000
"""There the cubic reduction takes nine minutes on two cores, Krylov one or two."""

MAX_COLUMNS = 4000
"""Largest Krylov space where memory allows it."""

MIN_COLUMNS = 500
"""Smallest Krylov space worth starting with."""


@dataclass(frozen=True)
class Plan:
    """A solver and what it needs.

    Parameters
    ----------
    solver : str
        cholesky, direct (the reduction to block tridiagonal form) or iterative (Krylov).
    peak_bytes : int
        Predicted peak beside the kernel itself.
    columns : int
        Largest Krylov space; 0 for the exact solvers.
    reason : str
        For the log.
    """

    solver: str
    peak_bytes: int
    columns: int
    reason: str


def choose_solver(
    n: int,
    outputs: int,
    ridges: int,
    memory: int,
    *,
    solver: Solver = "auto",
    distributed: bool = False,
) -> Plan:
    """Plan a path.

    Parameters
    ----------
    n, outputs, ridges : int
        Size of the problem.
    memory : int
        Bytes that may be used beside the kernel.
    solver : str
        "direct" or "iterative" settle the choice; "auto" is exact up to `LARGEST_DIRECT` points
        where memory allows, else iterative.
    distributed : bool
        Whether the kernel is a Dask array, which only products may touch.

    Raises
    ------
    MemoryError
        If the solver that was asked for, or every solver, exceeds the memory.
    """
    # Solutions, their predictions at the training points, and the diagonals of the inverse.
    results = 8 * n * ridges * (3 * outputs + 2) + 2 * PANEL_BYTES
    direct = reduction_bytes(n, ridges) + results
    columns = min(MAX_COLUMNS, max(0, memory - results) // (8 * n))
    iterative = 8 * n * max(columns, MIN_COLUMNS) + results
    # For two ridges at n = 4000, 2.0 s by Cholesky factors and 1.5 s by one reduction.
    exact = "cholesky" if ridges == 1 else "direct"
    if solver == "auto" and n <= LARGEST_DIRECT and direct <= memory and not distributed:
        return Plan(exact, direct, 0, f"{n:,} points, {ridges} ridges")
    if solver == "direct" and direct <= memory:
        return Plan(exact, direct, 0, "asked for")
    if solver == "direct":
        raise TooLargeError(
            f"ridge.solver: direct needs {_gb(direct)} beside the kernel of {n:,} points, "
            f"{_gb(memory)} are free; use iterative or fewer training points"
        )
    if iterative > memory:
        raise TooLargeError(
            f"ridge regression on {n:,} points needs {_gb(iterative)} beside the kernel, "
            f"{_gb(memory)} are free; free memory or use fewer training points"
        )
    reason = "asked for" if solver == "iterative" else f"{n:,} points are too many to factorise"
    return Plan("iterative", iterative, columns, reason)


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
