"""Measure two ways of doing the same work in turn, and keep the ratio."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numba

PAUSE = 0.1
"""Seconds before a measurement: for some 25 ms after a product, threads of a BLAS still spin."""


@dataclass(frozen=True)
class Row:
    """One line of the benchmark table."""

    work: str
    ours: float
    against: str
    other: float
    unit: str = "s"
    required: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times less (or, for rates, more) of the unit ours takes."""
        return self.ours / self.other if self.unit.endswith("/s") else self.other / self.ours


def seconds(action: Callable[[], Any]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def compare(
    work: str,
    ours: Callable[[], Any],
    against: str,
    other: Callable[[], Any],
    *,
    required: float | None = None,
    repeats: int = 5,
    note: str = "",
) -> Row:
    """Median seconds of both, run in turn A B A B … after one warm-up each."""
    ours(), other()
    pairs = [(_rested(ours), _rested(other)) for _ in range(repeats)]
    return Row(
        work=work,
        ours=statistics.median(a for a, _ in pairs),
        against=against,
        other=statistics.median(b for _, b in pairs),
        required=required,
        note=note,
    )


def _rested(action: Callable[[], Any]) -> float:
    time.sleep(PAUSE)
    return seconds(action)


def over_threads(work: str, action: Callable[[], Any]) -> Iterator[Row]:
    """Time on two threads, on four and so on, and on all, against that on one."""
    most = numba.get_num_threads()
    counts = [2**k for k in range(1, most.bit_length()) if 2**k < most] + [most] * (most > 1)

    def on(threads: int) -> None:
        numba.set_num_threads(threads)
        action()
        numba.set_num_threads(most)

    for count in counts:
        told = f"{work}, {count} threads"
        yield compare(told, lambda c=count: on(c), "1 thread", lambda: on(1), repeats=3)


def emit(rows: list[Row]) -> None:
    """Hand the rows of one topic to `python -m benchmarks`, one JSON object a line."""
    for row in rows:
        sys.stdout.write(json.dumps(asdict(row)) + "\n")
