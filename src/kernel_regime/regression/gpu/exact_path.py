"""Exact ridge path on a GPU: a Cholesky factor a ridge, or eigenvectors for many."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.regression.conditioning import applied_ridges, sufficient_shift
from kernel_regime.regression.gpu.kernel_on_device import KernelOnDevice
from kernel_regime.regression.ridge_path import RidgePath

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp

MATRICES = 4
"""Of float64 beside the kernel: what is factorised, the factor or eigenvectors, work space."""

CHOLESKY_RIDGES = 25
"""Most ridges by factors. Factor and inverse take 2/3 n³ operations, at the rate of products;
eigenvectors 9 n³, of which a part passes over the matrix for every column."""

_COLUMNS = 2048
"""Of an inverse factor that are solved for at once."""


def solve_exactly(kernel: KernelOnDevice, targets: Array, ridges: Array) -> RidgePath:
    """Path with the whole diagonal of the inverse, in float64.

    JAX has to be in double precision (`jax_precision`).

    Parameters
    ----------
    kernel : KernelOnDevice
    targets : array (n, outputs)
    ridges : array (ridges,)

    Raises
    ------
    InputError
        If the kernel is not finite, not symmetric, or indefinite beyond what a ridge makes up for.

    Examples
    --------
    >>> from kernel_regime.core.jax_precision import jax_precision
    >>> kernel = KernelOnDevice.of(np.eye(2), jax.devices("cpu")[0])
    >>> with jax_precision(np.float64):
    ...     path = solve_exactly(kernel, np.ones((2, 1)), np.array([0.0, 1.0]))
    >>> path.coefficients[:, 0, 0], path.solver
    (array([1. , 0.5]), 'cholesky')
    """
    kernel.check("train_kernel")
    scale, wanted = kernel.scale, kernel.block(targets)
    matrix = kernel.values.astype(jnp.float64) / scale
    if len(ridges) <= CHOLESKY_RIDGES and _are_solvable(matrix, ridges / scale):
        applied, solver = ridges, "cholesky"
        parts = [_by_cholesky(matrix, wanted, ridge) for ridge in ridges / scale]
    else:
        values, vectors = jnp.linalg.eigh(matrix, symmetrize_input=False)
        smallest, largest = (scale * float(values[place]) for place in (0, -1))
        applied, solver = applied_ridges(ridges, smallest, largest), "direct"
        parts = [_by_eigenvectors(values, vectors, wanted, ridge) for ridge in applied / scale]
    coefficients, inverse_diagonal = (np.stack(part) for part in zip(*parts, strict=True))
    return RidgePath.exact(
        ridges=ridges,
        applied=applied,
        targets=targets,
        coefficients=coefficients / scale,
        inverse_diagonal=inverse_diagonal / scale,
        solver=solver,
    )


def _are_solvable(matrix: jax.Array, ridges: Array) -> bool:
    """Whether a factor proves that no ridge need be raised: see `sufficient_shift`."""
    shift = sufficient_shift(float(ridges.min()), float(jnp.linalg.norm(matrix)))
    return bool(jnp.isfinite(_factor(matrix, shift)[-1, -1]))


@jax.jit
def _factor(matrix: jax.Array, ridge: float) -> jax.Array:
    """L of L Lᵀ = K + λ; NaN where that is not positive definite."""
    places = jnp.arange(len(matrix))
    shifted = matrix.at[places, places].add(ridge)
    return jax.lax.linalg.cholesky(shifted, symmetrize_input=False)


@jax.jit
def _by_cholesky(
    matrix: jax.Array, targets: jax.Array, ridge: float
) -> tuple[jax.Array, jax.Array]:
    """(K + λ)⁻¹ y, and the diagonal of (K + λ)⁻¹: sums of squares of the columns of L⁻¹."""
    factor, squares = _factor(matrix, ridge), []
    for start in range(0, len(matrix), _COLUMNS):
        rest = factor[start:, start:]  # columns of L⁻¹ are zero above it
        units = jnp.eye(len(rest), min(_COLUMNS, len(rest)), dtype=factor.dtype)
        columns = jax.lax.linalg.triangular_solve(rest, units, left_side=True, lower=True)
        squares.append(jnp.square(columns).sum(axis=0))
    solution = jax.scipy.linalg.cho_solve((factor, True), targets)
    return solution, jnp.concatenate(squares)


@jax.jit
def _by_eigenvectors(
    values: jax.Array, vectors: jax.Array, targets: jax.Array, ridge: float
) -> tuple[jax.Array, jax.Array]:
    """(K + λ)⁻¹ y, and the diagonal of (K + λ)⁻¹, from eigenvectors in columns."""
    inverses = 1 / (values + ridge)
    solution = vectors @ (inverses[:, None] * (vectors.T @ targets))
    return solution, jnp.square(vectors) @ inverses
