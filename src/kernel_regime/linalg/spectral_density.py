"""Density of the eigenvalues of a kernel matrix of any size, from a few passes over it."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.lanczos import BlockLanczos
from kernel_regime.linalg.products import as_matrix
from kernel_regime.linalg.symmetric import check_symmetric
from kernel_regime.linalg.symmetric_products import symmetric_multiply

_SHARP = 1e-6
"""Of the largest eigenvalue: residual norm of a node that is an eigenvalue."""


@dataclass(frozen=True)
class SpectralDensity:
    """A weighted sample of the eigenvalues of a matrix.

    Parameters
    ----------
    nodes : array (m,)
        Where eigenvalues were found, largest first.
    weights : array (probes, m)
        Share of all n eigenvalues at each node, as every probe sees it; sums to 1 per probe.
    n : int
        Rows of the matrix.
    exact : int
        How many of the first nodes are eigenvalues themselves, each counted once.

    Examples
    --------
    >>> density = spectral_density(np.diag([3.0, 2.0, 2.0]))
    >>> density.count_above(2.5).round()
    array([1.])
    """

    nodes: Array
    weights: Array
    n: int
    exact: int

    def count_above(self, threshold: float | Array) -> Array:
        """Estimated number of eigenvalues above each threshold."""
        above = self.nodes[:, None] > np.atleast_1d(threshold)
        return self.n * (self.weights.mean(axis=0) @ above)

    def eigenvalues(self) -> Array:
        """Estimate of all n eigenvalues, largest first.

        The exact nodes, and quantiles of what remains of the density.
        """
        left, rest = self.n - self.exact, self.nodes[self.exact :]
        if not left:
            return self.nodes[: self.n]
        shares = self.weights[:, self.exact :].mean(axis=0)
        counts = left * np.cumsum(shares) / shares.sum()
        middle = np.minimum(np.searchsorted(counts, np.arange(left) + 0.5), len(rest) - 1)
        return np.r_[self.nodes[: self.exact], rest[middle]]


def spectral_density(
    kernel: Matrix, probes: int = 8, steps: int = 64, seed: int = 0
) -> SpectralDensity:
    """Stochastic Lanczos quadrature: eigenvalue density from `steps` passes over the matrix.

    A random direction sees the eigenvalues of the matrix with its squared components as weights,
    which have the mean 1/n. The Gauss quadrature of that measure has the Ritz values as nodes
    (Golub & Meurant 1994; Lin, Saad & Yang 2016); all probes share one block Krylov space. The
    largest eigenvalues come out sharp, the bulk as a smoothed histogram; counts have a relative
    error of about 1/√(probes·count).

    p probes see up to p copies of a multiple eigenvalue, each as a node of its own. So where fewer
    than p nodes coincide, all of them are known, and every one is an eigenvalue to within 1e-6 of
    the largest; from the first p that coincide on, the density counts.

    Raises
    ------
    InputError
        If the matrix is not square, finite and symmetric, or there is a single probe, which tells
        no multiple eigenvalue from a simple one.

    Examples
    --------
    >>> spectral_density(3 * np.eye(2)).eigenvalues()
    array([3., 3.])
    """
    if probes < 2:
        raise InputError(f"probes: {probes} tells no multiple eigenvalue; give 2 or more")
    matrix = as_matrix(kernel, "kernel")
    check_symmetric(matrix, "kernel")
    n = len(matrix)
    directions = seeded(seed).standard_normal((n, probes))
    directions /= np.linalg.norm(directions, axis=0)
    lanczos = BlockLanczos(lambda block: symmetric_multiply(matrix, block), directions)
    while lanczos.next.shape[1] and lanczos.products < steps:
        lanczos.grow()
    ritz = lanczos.ritz_pairs()
    nodes, weights = ritz.values[::-1], np.square(ritz.start[::-1]).T
    return SpectralDensity(nodes, weights, n, _exact(nodes, ritz.errors[::-1], n, probes))


def _exact(nodes: Array, errors: Array, n: int, probes: int) -> int:
    """How many of the largest nodes are all of the largest eigenvalues, each once."""
    if len(nodes) == n:
        return n
    tolerance = _SHARP * np.abs(nodes).max()
    apart = nodes[: 1 - probes] - nodes[probes - 1 :] > 2 * tolerance
    known = (errors[: len(apart)] <= tolerance) & apart
    return int(np.argmin(np.r_[known, False]))
