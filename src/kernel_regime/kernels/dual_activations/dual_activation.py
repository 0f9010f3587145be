r"""What every activation of an infinite network is: a dual activation and its derivative."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import Layer


class Activated(NamedTuple):
    """Covariances behind an activation, and the factor by which it multiplies the NTK.

    Examples
    --------
    >>> from kernel_regime.kernels.dual_activations.rectified import ReluActivation
    >>> angles = np.array([0, np.pi / 2, np.pi])
    >>> pairs = GaussianPairs.at_angles(np.ones(3), np.ones(3), angles)
    >>> ReluActivation().activate(pairs).slope.round(3)  # how often both are positive
    array([0.5 , 0.25, 0.  ])
    """

    pairs: GaussianPairs
    slope: Array


class DualActivation(Layer):
    r"""Activation φ, through the expectations that kernels of infinite networks need.

    .. math:: k(u, v) ↦ E[φ(u)φ(v)], \qquad \dot k = E[φ'(u)φ'(v)] = ∂E[φ(u)φ(v)]/∂E[uv]

    for centred Gaussian (u, v) of any variances. All formulas also take complex covariances,
    which is how power series are found.

    Examples
    --------
    >>> from kernel_regime.kernels.dual_activations.rectified import ReluActivation
    >>> pairs = GaussianPairs.at_angles(np.ones(2), np.ones(2), np.array([0, np.pi]))
    >>> ReluActivation().activate(pairs).pairs.covariance.round(3)  # where v = u, and v = −u
    array([0.5, 0. ])

    References
    ----------
    Daniely, Frostig & Singer (2016), *Toward deeper understanding of neural networks*, section 4.
    Han et al. (2022), *Fast neural kernel embeddings for general activations*.
    """

    #: Whether the dual activation has a kink where inputs are parallel: small angles then matter.
    kinked: ClassVar[bool] = False

    @abstractmethod
    def variance(self, variance: Array) -> Array:
        """E[φ(u)²] for u of these variances."""

    @abstractmethod
    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""

    @property
    def is_homogeneous(self) -> bool:
        """Whether φ(cu) = cφ(u) for c > 0."""
        return False

    def activate(self, pairs: GaussianPairs) -> Activated:
        """The pairs (φ(u), φ(v)), and E[φ'(u)φ'(v)]."""
        covariance, slope = self.covariance(pairs)
        std1, std2 = (np.sqrt(self.variance(std**2)) for std in (pairs.std1, pairs.std2))
        bound = std1 * std2
        upper, lower = _positive(bound - covariance), _positive(bound + covariance)
        # Round-off of 1e-16 would be an angle of 1e-8 to a ReLU further up.
        equal = (pairs.upper == 0) & (pairs.std1 == pairs.std2)
        return Activated(GaussianPairs(std1, std2, np.where(equal, 0, upper), lower), slope)


def _positive(gap: Array) -> Array:
    """A gap that round-off made negative is zero."""
    return gap if np.iscomplexobj(gap) else np.maximum(gap, 0)
