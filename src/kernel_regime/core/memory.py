"""One working-memory setting, and the row blocks that follow from it."""

from collections.abc import Iterator
from contextlib import contextmanager

DEFAULT_BYTES = 10**9

# The latest last. By object, since blocks of two threads may end in any order.
_limits: dict[object, int] = {object(): DEFAULT_BYTES}


def working_memory() -> int:
    """Bytes that temporary arrays of this process may take together.

    Examples
    --------
    >>> working_memory() == DEFAULT_BYTES
    True
    """
    return next(reversed(_limits.values()))


@contextmanager
def limited_memory(size: int) -> Iterator[None]:
    """Let temporary arrays take at most `size` bytes within the block, in all threads.

    Examples
    --------
    >>> with limited_memory(64_000):
    ...     working_memory()
    64000
    """
    block = object()
    _limits[block] = size
    try:
        yield
    finally:
        del _limits[block]


def rows_within(row_bytes: float, share: float = 1 / 16) -> int:
    """How many rows of `row_bytes` fit a share of the working memory; at least one.

    A sixteenth is long enough for full speed of matrix products, and small beside a kernel.

    Examples
    --------
    >>> with limited_memory(16_000):
    ...     rows_within(100)
    10
    """
    return max(1, int(share * working_memory() // max(row_bytes, 1)))


def row_blocks(rows: int, row_bytes: float, share: float = 1 / 16) -> Iterator[slice]:
    """Consecutive slices of rows, each within a share of the working memory.

    Examples
    --------
    >>> with limited_memory(16_000):
    ...     list(row_blocks(15, 100))
    [slice(0, 10, None), slice(10, 15, None)]
    """
    height = rows_within(row_bytes, share)
    for start in range(0, rows, height):
        yield slice(start, min(start + height, rows))
