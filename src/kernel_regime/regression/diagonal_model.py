"""Model of the diagonal of the inverse: a smooth value for every point, in three parameters."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.regression.expanded_space import ExpandedSpace
from kernel_regime.regression.nearest_points import NearestPoints

_ITERATIONS = 8
"""Gauss-Newton steps; the parameters stand after four."""

_RANGE = 1e4
"""By what factor scales may leave those of the points."""

_NODES = 500
"""Of the table from which means of 1/(gθ + λ) are read."""


@dataclass(frozen=True)
class DiagonalModel:
    r"""Entries of :math:`(K+\lambda)^{-1}` that a Krylov space suggests.

    Known eigenvectors add what is `known`. The rest of the unit vector of point i, a share
    :math:`s_i`, meets the eigenvalues θ that the rest of a random vector meets, with their weights
    w, but on a scale :math:`g_i` of its own,

    .. math:: p_i = \text{known}_i + s_i \sum_j \frac{w_j}{g_i\theta_j+\lambda},
        \qquad \log g_i = b_0 + (1 + b_1)\log(\text{mean}_i/\bar\theta)
        + b_2\log\big(\text{least}_i(K_{ii}+\lambda)\big),

    and no entry is below the bound :math:`\text{least}_i` that its nearest point sets. Eigenvectors
    of small eigenvalues are local: a point meets the more of them, the closer its nearest one is.

    Parameters
    ----------
    known, shares, least : arrays (n,)
    scales : array (n,)
        Logarithms of mean over mean θ.
    features : array (n, 3)
        What the parameters b multiply.
    at, table : arrays (nodes,)
        Logarithms of scales g, and those of :math:`\sum_j w_j/(g\theta_j+\lambda)`.
    """

    known: Array
    shares: Array
    least: Array
    scales: Array
    features: Array
    at: Array
    table: Array

    @classmethod
    def of(
        cls, space: ExpandedSpace, place: int, ridge: float, nearest: NearestPoints
    ) -> "DiagonalModel":
        """At the ridge λ of place `place`, with the nearest points of all."""
        least = nearest.least_entries(ridge)
        middle = space.eigenvalues @ space.weights
        positive = (space.means > 0) & (middle > 0)
        scales = np.log(np.divide(space.means, middle, out=np.ones_like(least), where=positive))
        ends = scales.min() - np.log(_RANGE), scales.max() + np.log(_RANGE)
        at = np.linspace(*ends, _NODES)
        table = np.log((1 / (np.exp(at)[:, None] * space.eigenvalues + ridge)) @ space.weights)
        # At least 1; a point of variance 0, which has no entry at a ridge of 0, is close to none.
        closeness = np.log(np.maximum(least * (nearest.diagonal + ridge), 1))
        features = np.column_stack([np.ones_like(scales), scales, closeness])
        return cls(space.known[place], space.shares, least, scales, features, at, table)

    @property
    def unfitted(self) -> Array:
        """Entries p (n,) for parameters of zero."""
        return self._at(np.zeros_like(self.scales))[0]

    def rest_per_share(self, entries: Array) -> Array:
        """What entries (n,) have beside the known, for a whole unit vector; 0 if none is left."""
        rest, shares = entries - self.known, self.shares
        return np.divide(rest, shares, out=np.zeros_like(rest), where=shares > 0)

    def fitted_to(self, estimates: Array, squares: Array) -> Array:
        """Entries p (n,) that fit noisy unbiased estimates (n,) best.

        Errors are weighed as they count in Σ α²/d²: relative to p, and by α²/p² (`squares`, α²).
        """
        parameters = np.zeros(self.features.shape[1])
        for _ in range(_ITERATIONS):
            entries, slopes = self._at(self.features @ parameters)
            weights = squares / (entries / entries.max()) ** 2
            jacobian = self.features * (slopes / entries)[:, None]
            normal = (jacobian * weights[:, None]).T @ jacobian
            pull = jacobian.T @ (weights * (estimates / entries - 1))
            # Where nothing depends on a parameter it stays.
            step = np.linalg.pinv(normal, rcond=1e-6, hermitian=True) @ pull
            parameters += np.clip(step, -1, 1)
        return self._at(self.features @ parameters)[0]

    def _at(self, shifts: Array) -> tuple[Array, Array]:
        """Entries p for logarithms of scales shifted by (n,), and their derivatives."""
        where = np.clip(self.scales + shifts, self.at[0], self.at[-1])
        left = self.shares * np.exp(np.interp(where, self.at, self.table))
        slopes = left * np.interp(where, self.at, np.gradient(self.table, self.at))
        entries = self.known + left
        inside = entries > self.least
        return np.where(inside, entries, self.least), np.where(inside, slopes, 0)
