"""Times of short pieces of work, from which those of long ones are forecast."""

from collections.abc import Callable
from time import perf_counter

MOST_CALLS = 3
"""That `shortest_seconds` makes."""

_ENOUGH = 1.0
"""Seconds after which work is not repeated: a hiccup of the machine is short beside it."""


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds of one call.

    Examples
    --------
    >>> 0 <= seconds_of(lambda: None) < 1
    True
    """
    start = perf_counter()
    work()
    return perf_counter() - start


def shortest_seconds(work: Callable[[], object]) -> float:
    """The shortest of three calls, or of fewer that take a second together.

    Whatever compiles, or starts threads, is called once before.

    Examples
    --------
    >>> 0 <= shortest_seconds(lambda: None) < 1
    True
    """
    seconds = [seconds_of(work)]
    while len(seconds) < MOST_CALLS and sum(seconds) < _ENOUGH:
        seconds.append(seconds_of(work))
    return min(seconds)
