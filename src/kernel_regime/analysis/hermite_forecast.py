r"""Learning curves of kernel ridge regression beyond the sample in hand.

The eigenvalue framework (see `learning_curves`) asks for eigenvalues λ_i and squared target
coefficients v_i² of the population. The Hermite eigenstructure gives the first from the covariance
of inputs; p labelled samples give the second by regression on its polynomials, in order (Karkada et
al. 2025). What those samples cannot resolve, p/2 coefficients at most, goes on as a power law.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from kernel_regime.analysis.hermite_eigenstructure import HermiteEigenstructure
from kernel_regime.core.arrays import Array, ArrayLike, as_array
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_targets

FEWEST = 16
"""Labelled samples, for there to be a power law of eight coefficients."""


@dataclass(frozen=True)
class HermiteForecast:
    r"""Forecast of a learning curve from eigenvalues and target coefficients of the population.

    Parameters
    ----------
    eigenvalues : array of shape (modes,)
        Of the kernel's integral operator, largest first.
    rest : float
        Trace of all other modes. They are too small to be learned, and act as a ridge.
    power : array of shape (modes,)
        Squared coefficients of the targets in the eigenfunctions, summed over outputs. Estimates:
        unbiased, so some may be negative.
    beyond : float
        Power of the targets that no mode has.

    Examples
    --------
    A linear function of ten inputs is learned from little more than ten samples:

    >>> from kernel_regime.kernels import FullyConnectedNTK
    >>> x = np.random.default_rng(0).standard_normal((200, 10))
    >>> structure = HermiteEigenstructure.of(FullyConnectedNTK(2), x, modes=2000)
    >>> forecast = HermiteForecast.of(structure, x, x[:, 0])
    >>> [round(forecast.loss(n, ridge=1e-3), 2) for n in (5, 50, 5000)]
    [0.71, 0.02, 0.0]
    """

    eigenvalues: Array
    rest: float
    power: Array
    beyond: float

    @classmethod
    def of(
        cls, structure: HermiteEigenstructure, inputs: ArrayLike, targets: ArrayLike
    ) -> "HermiteForecast":
        """From labelled samples: inputs (p, ...), and targets (p,) or (p, outputs).

        Raises
        ------
        InputError
            If there are fewer than 16 samples, a target is not finite, or inputs and targets differ
            in number.
        """
        columns, inputs = checked_targets(targets, "targets"), as_array(inputs, "inputs")
        modes, p = len(structure.eigenvalues), len(columns)
        if p < FEWEST or inputs.shape[:1] != (p,):
            raise InputError(
                f"targets: {p} of them for inputs of shape {inputs.shape}; a Hermite forecast "
                f"needs one each, of {FEWEST} labelled samples at least"
            )
        features = structure.features(inputs, min(p // 2, modes))
        power, unlearned = coefficient_power(features, columns)
        tail = power_law_tail(unlearned, modes)
        power = np.concatenate([power, -np.diff(tail)])
        return cls(structure.eigenvalues, structure.rest, power, float(tail[-1]))

    def loss(self, n: int, ridge: float) -> float:
        r"""Expected squared loss, summed over outputs, on new samples after training on n.

        .. math::
            L = \frac{n}{n - \sum l_i^2} \Big(\sum (1 - l_i)^2 v_i^2 + v_∞\Big), \quad
            l_i = \frac{λ_i}{λ_i + κ}, \quad \sum l_i + \frac{δ + λ_∞}{κ} = n,

        with λ_∞ and v_∞ the trace and the target power beyond the modes.

        Raises
        ------
        InputError
            If n or the ridge is not positive.
        """
        if not 1 <= n < np.inf or not 0 < ridge < np.inf:
            raise InputError(
                f"n = {n}, ridge = {ridge}: a forecast takes 1 sample at least and a positive ridge"
            )
        learned = self.eigenvalues / (self.eigenvalues + self._threshold(n, ridge + self.rest))
        bias = ((1 - learned) ** 2 * self.power).sum() + self.beyond
        return float(n / (n - (learned**2).sum()) * bias)

    def _threshold(self, n: int, ridge: float) -> float:
        """κ at which modes and ridge use n samples up."""

        def excess(log_kappa: float) -> float:
            kappa = np.exp(log_kappa)
            return float((self.eigenvalues / (self.eigenvalues + kappa)).sum() + ridge / kappa - n)

        lowest = np.log(ridge / n)
        highest = np.log((self.eigenvalues.sum() + ridge) / n)
        return float(np.exp(brentq(excess, lowest - 1e-9, highest + 1e-9, xtol=1e-12)))


def coefficient_power(features: Array, targets: Array) -> tuple[Array, Array]:
    r"""Squared coefficients of targets in features taken in order, and what they leave.

    Features are made orthonormal on the sample, one after the other (Gram and Schmidt). Of
    independent features p − j + 1 parts in p are left of the j-th, and what no feature so far
    explains adds its variance u_j to the square of a coefficient. So

    .. math::
        u_j = \frac{‖y‖² − \sum_{i ≤ j} ⟨q_i, y⟩²}{p − j}, \qquad
        v_j² ≈ \frac{⟨q_j, y⟩² − u_j}{p − j + 1}

    have no bias.

    Parameters
    ----------
    features : array of shape (p, modes)
        Fewer modes than samples.
    targets : array of shape (p, outputs)
        Sums over outputs are returned.

    Returns
    -------
    power, unlearned : arrays of shape (modes,)
        v_j² and u_j.

    Examples
    --------
    >>> targets = np.array([[1.0], [1.0], [3.0], [3.0]])
    >>> power, unlearned = coefficient_power(np.ones((4, 1)), targets)
    >>> unlearned.round(4).tolist(), power.round(4).tolist()  # s² of the sample, and x̄² − s²/p
    ([1.3333], [3.6667])
    """
    p, modes = features.shape
    orthogonal = np.linalg.qr(features).Q
    squares = ((orthogonal.T @ targets) ** 2).sum(axis=1)
    left = np.maximum((targets**2).sum() - np.cumsum(squares), 0)
    places = np.arange(1, modes + 1)
    unlearned = left / (p - places)
    return (squares - unlearned) / (p - places + 1), unlearned


def power_law_tail(unlearned: Array, modes: int) -> Array:
    """Power left after each mode from the last resolved one on: a power law of the mode's place.

    Its exponent is fitted to the last three quarters of the resolved ones, and at least 0.

    Parameters
    ----------
    unlearned : array of shape (resolved,)
        What is left after 1, 2, … modes, as `coefficient_power` returns it; eight at least.
    modes : int
        How many modes there are, resolved ones included.

    Returns
    -------
    array of shape (modes − resolved + 1,)
        After `resolved`, …, `modes` modes.

    Examples
    --------
    >>> power_law_tail(1 / np.arange(1, 17), modes=20).round(4)  # 1/16, …, 1/20
    array([0.0625, 0.0588, 0.0556, 0.0526, 0.05  ])
    """
    resolved = len(unlearned)
    last = float(unlearned[-1])
    places = np.unique(np.geomspace(resolved / 4, resolved, 24).astype(int))
    places = places[(places >= 1) & (unlearned[places - 1] > 0)]
    if not last > 0 or len(places) < 2:
        return np.full(modes - resolved + 1, last)
    slope, _ = np.polyfit(np.log(places), np.log(unlearned[places - 1]), 1)
    return last * (np.arange(resolved, modes + 1) / resolved) ** min(float(slope), 0.0)
