r"""Hermite eigenstructure of a rotation-invariant kernel, from the covariance of the inputs alone.

Let inputs have mean μ, mean squared norm r², and principal variances γ_i, of sum q = r² − ‖μ‖². A
kernel of inputs of one norm is a function of their distance, which knows no mean: with
u = ⟨x − μ, x' − μ⟩ it is κ(s + u/r²), s = ‖μ‖²/r². Its Taylor series is

.. math::
    k(x, x') = \sum_\ell \frac{c_\ell}{\ell!} \, u^\ell, \qquad c_\ell = κ^{(\ell)}(s) / r^{2\ell} .

For Gaussian inputs of many directions, Karkada et al. (2025) show that its eigenfunctions are the
Hermite polynomials h_α of the principal components, normalised, and its eigenvalues
:math:`c_{|α|} \prod γ_i^{α_i}`; real images are Gaussian enough for spectra and learning curves.
With few directions these add up to more than the kernel's trace, and without bound as the degree
grows. So the level coefficients are rescaled: the eigenvalues of a degree add up to its share
:math:`c_\ell q^\ell / \ell!` of the trace. In many directions the factor tends to 1.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import or_

import numpy as np
from scipy.linalg import eigh

from kernel_regime.core.arrays import Array, ArrayLike
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_samples
from kernel_regime.kernels.base import Kernel

Monomial = tuple[int, ...]
"""Principal directions of a polynomial, ascending, each as often as its power says."""

DEGREES = 32
"""What has a higher degree is far below any eigenvalue that a sample learns."""

_NEGLIGIBLE = 1e-10  # of the largest variance: no direction; of squared norms: no variance


@dataclass(frozen=True)
class HermiteEigenstructure:
    """The largest eigenvalues of a kernel's integral operator, and their eigenfunctions.

    Parameters
    ----------
    eigenvalues : array of shape (modes,)
        Largest first.
    monomials : list of tuples of int
        α of each, as its principal directions: (0, 0, 2) is α₀ = 2, α₂ = 1.
    rest : float
        Trace of all other modes.
    mean : array of shape (d,)
        Of the inputs.
    whitening : array of shape (d, directions)
        Takes centred inputs to principal components of unit variance.

    Examples
    --------
    >>> from kernel_regime.kernels import Gaussian
    >>> x = np.random.default_rng(0).standard_normal((500, 8)) * [2, 2, 1, 1, 1, 1, 1, 1]
    >>> structure = HermiteEigenstructure.of(Gaussian(width=2.0), x, modes=50)
    >>> structure.monomials[:4]
    [(), (0,), (1,), (2,)]
    >>> bool(0 < structure.rest < 0.05)
    True
    """

    eigenvalues: Array
    monomials: list[Monomial]
    rest: float
    mean: Array
    whitening: Array

    @classmethod
    def of(cls, kernel: Kernel, inputs: ArrayLike, modes: int) -> "HermiteEigenstructure":
        """Of a kernel on inputs like these (n, ...), which need no labels.

        Raises
        ------
        InputError
            If the kernel is no function of lengths and angles, an input is not finite, or all are
            the same, or there is no mode to find.
        """
        if modes < 1:
            raise InputError(f"modes: {modes}; give 1 or more")
        x = _rows(inputs)
        mean, squared_norm = x.mean(axis=0), float((x**2).sum(axis=1).mean())
        variances, axes = _principal_directions(x - mean)
        zonal = kernel.on_sphere(squared_norm**0.5, x.shape[1])
        if zonal is None:
            raise InputError(
                f"{kernel}: more than lengths and angles of the inputs decides; take a fully-"
                "connected, polynomial, Gaussian or Laplace kernel for a Hermite eigenstructure"
            )
        about = float(mean @ mean) / squared_norm
        if 1 - about < _NEGLIGIBLE:
            raise InputError(
                "inputs: how they vary is lost beside their mean; centre them for a Hermite "
                "eigenstructure"
            )
        shares = zonal.power_series(4 * DEGREES, about)[:DEGREES] * (1 - about) ** _RANGE
        relative = variances / variances.sum()
        levels = np.maximum(shares, 0) / complete_symmetric(relative, DEGREES)
        eigenvalues, monomials = largest_products(levels, relative, modes)
        trace = float(zonal(np.ones(1))[0])
        rest = max(trace - float(eigenvalues.sum()), 0.0)
        return cls(eigenvalues, monomials, rest, mean, axes / np.sqrt(variances))

    def features(self, inputs: ArrayLike, modes: int) -> Array:
        """Normalised Hermite polynomials h_α of the first `modes`, shape (n, modes).

        Raises
        ------
        InputError
            If inputs are not finite, or have other features than those of the eigenstructure.

        Examples
        --------
        >>> one = HermiteEigenstructure(np.ones(3), [(), (0,), (0, 0)], 0, np.zeros(1), np.eye(1))
        >>> one.features([[2.0]], 3).round(4)  # 1, z and (z² − 1)/√2
        array([[1.    , 2.    , 2.1213]])
        """
        x = _rows(inputs)
        if x.shape[1] != len(self.mean):
            raise InputError(
                f"inputs: {x.shape[1]} features, the eigenstructure is of {len(self.mean)}; give "
                "inputs like those it was made from"
            )
        components = (x - self.mean) @ self.whitening
        powers = [Counter(monomial) for monomial in self.monomials[:modes]]
        highest: Counter[int] = reduce(or_, powers, Counter())
        tables = {
            direction: _hermite_polynomials(components[:, direction], power)
            for direction, power in highest.items()
        }
        features = np.ones((len(x), len(powers)))
        for column, monomial in enumerate(powers):
            for direction, power in monomial.items():
                features[:, column] *= tables[direction][power]
        return features


def _rows(inputs: ArrayLike) -> Array:
    """Inputs (n, ...) as finite float64 rows (n, d), n ≥ 1."""
    x = checked_samples(inputs, "inputs").astype(np.float64)
    if not len(x):
        raise InputError("inputs: there are none; give one at least")
    return x.reshape(len(x), -1)


def complete_symmetric(values: Array, degrees: int) -> Array:
    """Complete homogeneous symmetric polynomials: the sums of all products of ℓ values, ℓ = 0, 1, …

    From power sums, by Newton's identity ℓ H_ℓ = Σ p_k H_{ℓ−k}.

    Examples
    --------
    >>> complete_symmetric(np.array([2.0, 3.0]), 3)  # 1, 2 + 3, 4 + 6 + 9
    array([ 1.,  5., 19.])
    """
    sums = [np.sum(values**power) for power in range(degrees)]
    found = [1.0]
    for degree in range(1, degrees):
        terms = (sums[power] * found[degree - power] for power in range(1, degree + 1))
        found.append(sum(terms) / degree)
    return np.array(found)


def largest_products(
    levels: Sequence[float] | Array, variances: Array, count: int
) -> tuple[Array, list[Monomial]]:
    """The largest of all c_ℓ γ_{i₁} ⋯ γ_{i_ℓ}, in descending order, and their directions.

    A heap of candidates: what it gives is replaced by its successors, which are smaller. The parent
    of a monomial has its smallest direction other than 0 one lower, so each is reached once.

    Parameters
    ----------
    levels : sequence of float
        c_ℓ ≥ 0 of the degrees ℓ = 0, 1, …
    variances : array of shape (directions,)
        Positive, largest first.
    count : int
        How many; all, where there are fewer.

    Examples
    --------
    >>> products, monomials = largest_products([1.0, 1.0, 1.0], np.array([0.5, 0.3]), 4)
    >>> monomials, products.round(2).tolist()
    ([(), (0,), (1,), (0, 0)], [1.0, 0.5, 0.3, 0.25])
    """
    gamma = variances.tolist()
    ratios = [after / before for before, after in pairwise(gamma)]
    heap = [(-c * gamma[0] ** degree, (0,) * degree) for degree, c in enumerate(levels) if c > 0]
    heapq.heapify(heap)
    products: list[float] = []
    monomials: list[Monomial] = []
    while heap and len(products) < count:
        value, monomial = heapq.heappop(heap)
        products.append(-value)
        monomials.append(monomial)
        for place in _places_to_raise(monomial):
            direction = monomial[place]
            if direction < len(ratios):
                raised = (*monomial[:place], direction + 1, *monomial[place + 1 :])
                heapq.heappush(heap, (value * ratios[direction], raised))
    return np.array(products), monomials


def _places_to_raise(monomial: Monomial) -> list[int]:
    """The last 0, and the first direction above 0 if it stays in order."""
    zeros = monomial.count(0)
    places = [zeros - 1] if zeros else []
    if zeros < len(monomial):
        following = monomial[zeros + 1] if zeros + 1 < len(monomial) else np.inf
        if monomial[zeros] < following:
            places.append(zeros)
    return places


def _principal_directions(centred: Array) -> tuple[Array, Array]:
    """Variances, largest first, without those that are round-off, and their directions (d, k)."""
    variances, axes = eigh(centred.T @ centred / max(len(centred), 1))
    variances, axes = variances[::-1], axes[:, ::-1]
    if len(centred) < 2 or not variances[0] > 0:
        raise InputError(
            "inputs: they are all the same; a Hermite eigenstructure needs inputs that vary"
        )
    kept = variances > _NEGLIGIBLE * variances[0]
    return variances[kept], axes[:, kept]


def _hermite_polynomials(z: Array, highest: int) -> list[Array]:
    """h_0 … h_highest at values, of unit variance under N(0, 1)."""
    found = [np.ones_like(z), z]
    for k in range(1, highest):
        found.append((z * found[k] - np.sqrt(k) * found[k - 1]) / np.sqrt(k + 1))
    return found


_RANGE = np.arange(DEGREES)
