"""Solutions at all points from a Krylov space, and what it knows of the diagonal of the inverse."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.lanczos import BlockLanczos, RitzPairs
from kernel_regime.regression.conditioning import EPSILON

CONVERGED = 1e-2
"""Residual, relative to its eigenvalue, of a Ritz vector that counts as an eigenvector."""

_NOISE = 100 * EPSILON
"""Of the largest eigenvalue: what a diagonal less that of known eigenvectors has of round-off.

It is the difference of two sums, of which up to 17 ε are seen to remain where nothing should."""


@dataclass(frozen=True)
class ExpandedSpace:
    r"""Solutions of :math:`A\,x=v`, :math:`A=K+\lambda`, for targets and probes of every point.

    What has converged of the space, eigenvectors u with eigenvalues θ, hardly depends on the
    probes and is taken as known. The unit vector of point i has a share
    :math:`s_i = 1-\sum u_i^2` outside.

    Parameters
    ----------
    coefficients : array (ridges, n, outputs)
        Solutions α for the targets.
    estimates : array (ridges, n, probes)
        Unbiased estimates of the diagonal of :math:`A^{-1}`, by every probe. Its rest, beside the
        known eigenvectors, makes noise.
    noise : array (n, probes)
        Noise of mean zero, :math:`n z\circ UU^\top z-(1-s)` for the known eigenvectors U: of the
        estimates, where a rest that is c on all of their complement brings :math:`-c` of it.
    known : array (ridges, n)
        What the known eigenvectors add to that diagonal, :math:`\sum u_i^2/(\theta+\lambda)`.
    shares : array (n,)
        The rest of every point, :math:`s_i`.
    means : array (n,)
        Mean eigenvalue that it meets, :math:`(K_{ii}-\sum\theta u_i^2)/s_i`.
    eigenvalues, weights : arrays (m,)
        Eigenvalues that the rest of a random vector meets, and how often; weights sum to 1.

    Examples
    --------
    >>> signs = np.ones((3, 1)) / np.sqrt(3)
    >>> lanczos = BlockLanczos(lambda block: 2 * block, np.hstack([np.eye(3)[:, :1], signs]))
    >>> lanczos.grow()
    >>> space = ExpandedSpace.of(lanczos, lanczos.ritz_pairs(), np.full(3, 2.0), np.ones(1), signs)
    >>> space.coefficients.ravel().round(12)
    array([0.33333333, 0.        , 0.        ])
    >>> (space.estimates[0] + space.noise / 3).ravel().round(12)  # a third on the complement
    array([0.33333333, 0.33333333, 0.33333333])
    """

    coefficients: Array
    estimates: Array
    noise: Array
    known: Array
    shares: Array
    means: Array
    eigenvalues: Array
    weights: Array

    @classmethod
    def of(
        cls, lanczos: BlockLanczos, ritz: RitzPairs, diagonal: Array, ridges: Array, signs: Array
    ) -> "ExpandedSpace":
        """Expand a space that was started with targets, and then random signs over √n.

        Parameters
        ----------
        lanczos : BlockLanczos
        ritz : RitzPairs
            Its last.
        diagonal : array (n,)
            Of K.
        ridges : array (ridges,)
        signs : array (n, probes)
            The probes.
        """
        outputs = ritz.start.shape[1] - signs.shape[1]
        converged = ritz.errors <= CONVERGED * np.abs(ritz.values)
        known, shares, means = _known_diagonals(lanczos, ritz, converged, diagonal, ridges)
        # Targets meet all eigenvalues of the inverse, probes the unknown ones; last, a projection.
        functions = np.vstack([1 / (ritz.values + ridges[:, None]), converged])
        columns = functions[:, :, None] * ritz.start
        columns[:-1, converged, outputs:] = 0
        expanded = _expand(lanczos, ritz, columns)
        products = len(signs) * signs * expanded[:, :, outputs:]
        return cls(
            expanded[:-1, :, :outputs],
            products[:-1] + known[:, :, None],
            products[-1] - (1 - shares)[:, None],
            *(known, shares, means),
            *_left_spectrum(ritz, converged, outputs, shares, means),
        )


def _known_diagonals(
    lanczos: BlockLanczos, ritz: RitzPairs, converged: Array, diagonal: Array, ridges: Array
) -> tuple[Array, Array, Array]:
    """`known`, `shares` and `means` of the class."""
    values, n = ritz.values[converged], len(diagonal)
    # One product gives all diagonals: functions of the eigenvalues in columns.
    functions = np.column_stack([1 / (values[:, None] + ridges), np.ones_like(values), values])
    diagonals, vectors = np.empty((len(ridges) + 2, n)), ritz.vectors[:, converged]
    for rows, basis in lanczos.row_blocks():
        diagonals[:, rows] = ((basis @ vectors) ** 2 @ functions).T
    shares = 1 - diagonals[-2]
    shares = np.where(shares > 1e-13, shares, 0)
    rest = diagonal - diagonals[-1]
    met = (rest > _NOISE * ritz.values[-1]) & (shares > 0)
    means = np.divide(rest, shares, out=np.zeros(n), where=met)
    return diagonals[:-2], shares, means


def _left_spectrum(
    ritz: RitzPairs, converged: Array, outputs: int, shares: Array, means: Array
) -> tuple[Array, Array]:
    """`eigenvalues` and `weights` of the class; the mean alone where nothing is left to meet."""
    weights = np.square(ritz.start[~converged, outputs:]).sum(axis=1)
    if weights.sum() <= 0:
        total = shares.sum()
        return np.array([shares @ means / total if total > 0 else 1.0]), np.ones(1)
    return np.maximum(ritz.values[~converged], 0), weights / weights.sum()


def _expand(lanczos: BlockLanczos, ritz: RitzPairs, columns: Array) -> Array:
    """Vectors (ridges, n, k) from their coordinates (ridges, m, k) in Ritz vectors."""
    ridges, m, k = columns.shape
    expanded = np.empty((ridges, len(lanczos.next), k))
    coordinates = ritz.vectors @ columns.swapaxes(0, 1).reshape(m, -1)
    for rows, basis in lanczos.row_blocks():
        expanded[:, rows] = (basis @ coordinates).reshape(-1, ridges, k).swapaxes(0, 1)
    return expanded
