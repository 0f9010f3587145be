"""A GPU by way of JAX: finding it, and filling a matrix on it block by block."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.execution.devices import no_gpu
from kernel_regime.linalg.symmetric import mirror_upper

with from_extra("gpu"):
    import jax

EDGE = 2048  # of a block: enough work for a GPU, in some 0.2 GB of its memory


def first_gpu() -> jax.Device:
    """The first GPU that JAX sees.

    Raises
    ------
    MissingDeviceError
        If it sees none.
    """
    try:
        return jax.devices("gpu")[0]
    except RuntimeError as error:
        raise no_gpu("JAX") from error


def fill_in_blocks(
    evaluate: Callable[[Any, Any], jax.Array], left: Any, right: Any, matrix: Array
) -> None:
    """Write `evaluate(rows of left, rows of right)` into a matrix (n1, n2) of the host.

    `left` and `right` are arrays, or tuples of arrays, with a row per sample.
    """
    for i in range(0, matrix.shape[0], EDGE):
        for j in range(0, matrix.shape[1], EDGE):
            block = evaluate(_rows(left, i), _rows(right, j))
            matrix[i : i + EDGE, j : j + EDGE] = np.asarray(block)


def fill_symmetric(evaluate: Callable[[Any, Any], jax.Array], side: Any, matrix: Array) -> None:
    """The same for samples with themselves: blocks of the upper triangle, mirrored."""
    for i in range(0, len(matrix), EDGE):
        for j in range(i, len(matrix), EDGE):
            block = evaluate(_rows(side, i), _rows(side, j))
            matrix[i : i + EDGE, j : j + EDGE] = np.asarray(block)
    mirror_upper(matrix)


def _rows(side: Any, start: int) -> Any:
    return jax.tree.map(lambda rows: rows[start : start + EDGE], side)
