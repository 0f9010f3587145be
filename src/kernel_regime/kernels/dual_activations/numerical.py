r"""Activations without a closed form (SiLU, tanh, softplus, any function), by Hermite series."""

import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from pydantic import PositiveInt
from scipy.special import expit

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import layer

logger = logging.getLogger(__name__)

FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": expit,
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.logaddexp(0, x),
    "tanh": np.tanh,
}
"""Functions that configuration files can name."""

ACCURACY = 1e-10  # of E[φ(u)φ(v)] over √(E[φ(u)²]E[φ(v)²]); what is worse is said in the log
_CONVERGED = 1e-15  # remaining share of E[φ(u)²] at which no more terms are taken
_LARGEST = 12.5  # normal variables beyond it have probability 1e-35
_NODES = 1536
_MOST_TERMS = 512
SMALLEST = 1e-5  # standard deviation below which E[φ'(u)] is taken there


class HermiteSeries(DualActivation):
    r"""Dual activation of any function, from its Hermite coefficients.

    .. math::
        a_n(σ) = E[φ(σz) h_n(z)], \qquad
        E[φ(u)φ(v)] = \sum_n a_n(σ_1)\, a_n(σ_2) \cos^n θ

    with h_n of unit norm and z standard normal; the derivative of φ is never needed. The
    coefficients are trapezoidal sums, which converge exponentially for functions analytic around
    the real line. As many terms are taken as leave out 1e-15 of the variance, up to 512; what
    remains bounds the error. For tanh, sigmoid, SiLU and softplus it stays below 1e-10 for
    standard deviations up to 4; a kink or steeper functions leave more, and the log says how much.

    References
    ----------
    Daniely, Frostig & Singer (2016), *Toward deeper understanding of neural networks*, section 4.
    Trefethen & Weideman (2014), *The exponentially convergent trapezoidal rule*, section 5.
    """

    fn: Callable[[Array], Array] | str
    #: The function that `fn` named when the layer was read: a module that is read again later
    #: brings another one, and another kernel.
    resolved: Callable[[Array], Array] | None

    def at(self, place: str) -> "HermiteSeries":
        """The same layer, knowing where it stands, and its function by now."""
        super().at(place)
        object.__setattr__(self, "resolved", _function(self.fn, self.label))
        return self

    @property
    def function(self) -> Callable[[Array], Array]:
        """φ on arrays of float64."""
        return self.resolved or _function(self.fn, self.label)

    def variance(self, variance: Array) -> Array:
        """E[φ(u)²]."""
        nodes, weights = _trapezoid()
        std = np.sqrt(np.asarray(variance, float))
        return np.asarray(self._values(std[..., None] * nodes) ** 2 @ weights)

    def covariance(self, pairs: GaussianPairs) -> tuple[Array, Array]:
        """E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of the pairs."""
        std1, std2 = (np.maximum(std, SMALLEST) for std in (pairs.std1, pairs.std2))
        bound = pairs.bound
        cosine = pairs.covariance / np.where(bound == 0, 1, bound)
        value, slope = self._sums(std1, std2, cosine)
        if min(pairs.std1.min(), pairs.std2.min()) < SMALLEST:
            value, _ = self._sums(pairs.std1, pairs.std2, cosine)
        return value, slope / (std1 * std2)

    def _sums(self, std1: Array, std2: Array, cosine: Array) -> tuple[Array, Array]:
        """The series and its derivative in the cosine, by Horner's scheme."""
        first, second = self.coefficients(std1), self.coefficients(std2)
        terms = max(len(first), len(second))
        if len(first) != len(second):
            first, second = (self.coefficients(std, terms) for std in (std1, std2))
        value, slope = np.zeros_like(cosine), np.zeros_like(cosine)
        for a1, a2 in zip(first[::-1], second[::-1], strict=True):
            slope = slope * cosine + value
            value = value * cosine + a1 * a2
        return value, slope

    def coefficients(self, std: Array, terms: int = 0) -> Array:
        """a_n for every standard deviation, shape (terms, ...), as many as they need."""
        nodes, weights = _trapezoid()
        values = self._values(std[..., None] * nodes)
        variance = values**2 @ weights
        number = terms or 32
        while True:
            found = np.moveaxis(values @ _hermite(number).T, -1, 0)
            left = np.max(np.abs(1 - (found**2).sum(0) / np.where(variance == 0, 1, variance)))
            left = left if np.any(variance) else 0.0
            if terms or left < _CONVERGED or number >= _MOST_TERMS:
                break
            number *= 2
        if left > ACCURACY and not terms:
            _warn(self.label, f"{left:.0e}"[-3:], f"{np.max(std):.0e}")
        return np.asarray(found)

    def _values(self, x: Array) -> Array:
        values = np.asarray(self.function(x))
        if values.shape != x.shape:
            raise InputError(
                f"{self.label}: fn gives shape {values.shape} for {x.shape}; "
                "give a function of arrays, element by element (numpy.vectorize makes one)"
            )
        if values.dtype != np.float64:
            raise InputError(
                f"{self.label}: fn computes in {values.dtype}; kernels need float64: "
                "give a function of NumPy arrays"
            )
        return values


@layer("Elementwise")
@dataclass(frozen=True)
class ElementwiseActivation(HermiteSeries):
    """Any function, element by element.

    Parameters
    ----------
    fn : callable or str
        φ of float64 arrays; `tanh`, `sigmoid`, `silu` or `softplus`; or `package.module:function`.

    Examples
    --------
    >>> pairs = GaussianPairs.at_angles(np.ones(1), np.ones(1), np.array([1.0]))
    >>> ElementwiseActivation(np.sin).activate(pairs).pairs.covariance.round(8)
    array([0.20857911])
    >>> ElementwiseActivation("tanh").variance(np.ones(1)).round(6)
    array([0.394294])
    """

    fn: Callable[[Array], Array] | str
    resolved: Callable[[Array], Array] | None = field(init=False, default=None, repr=False)


@layer("ElementwiseNumerical")
@dataclass(frozen=True)
class ElementwiseNumericalActivation(HermiteSeries):
    """Any function, as neural-tangents integrates it numerically.

    Parameters
    ----------
    fn : callable or str
        As for `Elementwise`.
    deg : int
        Nodes of neural-tangents' quadrature; here as many are taken as accuracy needs.
    df : callable, optional
        Derivative of `fn`; not needed here.
    """

    fn: Callable[[Array], Array] | str
    deg: PositiveInt
    df: Callable[[Array], Array] | None = None
    resolved: Callable[[Array], Array] | None = field(init=False, default=None, repr=False)


def _function(given: Callable[[Array], Array] | str, label: str) -> Callable[[Array], Array]:
    """The function that was given, named or imported."""
    if callable(given):
        return given
    if given in FUNCTIONS:
        return FUNCTIONS[given]
    module, colon, name = given.partition(":")
    if not colon:
        raise InputError(
            f"{label}: fn {given!r} is no function; {did_you_mean(given, FUNCTIONS)} "
            "(your own: package.module:function)"
        )
    try:
        imported: Callable[[Array], Array] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"{label}: fn {given!r} cannot be imported ({error}); "
            "give package.module:function, importable from where this runs"
        ) from error
    return imported


@lru_cache(maxsize=256)
def _warn(label: str, power: str, std: str) -> None:
    """Say once how much is left out."""
    logger.warning(
        "%s: known to 1e%s of its variance only, for standard deviations around %s: "
        "smooth functions, and smaller weights or inputs, are more exact",
        *(label, power, std),
    )


@lru_cache(maxsize=1)
def _trapezoid() -> tuple[Array, Array]:
    """Nodes, and weights of expectations under the standard normal law."""
    nodes = np.linspace(-_LARGEST, _LARGEST, _NODES)
    return nodes, np.exp(-(nodes**2) / 2) * (nodes[1] - nodes[0]) / np.sqrt(2 * np.pi)


@lru_cache(maxsize=8)
def _hermite(terms: int) -> Array:
    """h_n at the nodes times their weights, shape (terms, nodes), by the three-term recurrence."""
    nodes, _ = _trapezoid()
    root = np.exp(-(nodes**2) / 4) * np.sqrt((nodes[1] - nodes[0]) / np.sqrt(2 * np.pi))
    rows = np.empty((terms, len(nodes)))
    before, now = np.zeros_like(nodes), root
    for n in range(terms):
        rows[n] = now
        before, now = now, (nodes * now - np.sqrt(n) * before) / np.sqrt(n + 1)
    return rows * root
