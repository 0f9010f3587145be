"""Gaussian inputs in which a few coordinates, the signal, are larger than the rest."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, Self

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_samples
from kernel_regime.noise.perturbation import PERTURBATIONS, Perturbation
from kernel_regime.noise.transforms import norms, within_dtype

ETA = 2 / 5


def signal_dimension(dimension: int, eta: float = ETA) -> int:
    """d₀ = ⌊d^η⌋, safe against a power that lands just below a whole number.

    Examples
    --------
    >>> signal_dimension(1024)
    16
    """
    return int(dimension**eta + 1e-9)


def spiked_covariates(draws: Array, kappa: float, eta: float = ETA) -> Array:
    r"""Inputs :math:`x = (z_1, z_2)` with a signal of d₀ = ⌊d^η⌋ coordinates.

    Parameters
    ----------
    draws : array-like (n, d)
        Standard normal; float64 gives float64, and so do integers.
    kappa : float
        Signal-to-noise exponent κ: ‖z₁‖ = d^((η+κ)/2), ‖z₂‖ = √d.
    eta : float
        Exponent η of the signal dimension.

    Returns
    -------
    array (n, d)

    Raises
    ------
    InputError
        If the draws are no vectors, κ is negative, not finite or too much for their dtype, η
        leaves no signal or no noise, or either part of a sample has norm 0.

    References
    ----------
    Ghorbani et al. (2020), section 2.

    Examples
    --------
    >>> x = spiked_covariates(np.ones((1, 32)), kappa=0.5)
    >>> float(np.linalg.norm(x[:, :4]).round(4)), float(np.linalg.norm(x[:, 4:]).round(4))
    (4.7568, 5.6569)
    """
    draws = checked_samples(draws, "draws")
    dimension = draws.shape[1]
    if draws.ndim != 2 or not 0 <= eta < 1 or dimension < 2:
        raise InputError(
            f"draws of shape {draws.shape} with η = {eta:g} have no signal beside noise; give "
            "vectors of two features at least, and 0 ≤ η < 1"
        )
    if refused := SpikedCovariates.level_refusal(kappa, draws.shape[1:]):
        raise InputError(refused)
    signal = signal_dimension(dimension, eta)
    halves = draws[:, :signal], draws[:, signal:]
    with np.errstate(over="ignore"):
        lengths = np.float64(dimension) ** ((eta + kappa) / 2), sqrt(dimension)
        parts = [
            z * (np.asarray(length, z.dtype) / norms(z))
            for z, length in zip(halves, lengths, strict=True)
        ]
    return within_dtype(np.hstack(parts), kappa)


@dataclass(frozen=True)
class SpikedTarget:
    r"""Target :math:`f_2 + f_3 + f_4` on the signal.

    :math:`f_k(x) = \sum_i \beta_{k,i} x_i x_{i+1} \dots x_{i+k-1}`. Each is homogeneous
    and divided by its root mean square on the training set, so the target does not depend on κ.

    Parameters
    ----------
    coefficients : tuple of array
        β₂, β₃, β₄ of lengths d₀ − 1, d₀ − 2, d₀ − 3.
    scales : array (3,)
        Root mean square of every f_k on the training signal scaled to norm √d₀.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal((100, 5))
    >>> target = SpikedTarget.fit(signal, tuple(rng.exponential(size=k) for k in (4, 3, 2)))
    >>> target(signal).shape
    (100,)
    """

    coefficients: tuple[Array, ...]
    scales: Array

    @classmethod
    def fit(cls, signal: Array, coefficients: tuple[Array, ...]) -> Self:
        """Measure the scales on the training signal (n, d₀), of any norm per sample.

        Raises
        ------
        InputError
            If there is no signal, a sample of it has norm 0, the coefficients do not fit it, or
            some f_k is 0 on all of it.
        """
        terms = _terms(signal, coefficients)
        if not len(terms):
            raise InputError("signal: there are no samples to measure; give one at least")
        scales = np.sqrt(np.mean(terms**2, axis=0))
        usable = np.isfinite(scales) & (scales > 0)
        if not usable.all():
            worst = int(np.argmin(usable))
            raise InputError(
                f"f_{2 + worst} has root mean square {scales[worst]:g} on the training signal, so "
                "it cannot be divided by it; give another signal or coefficients"
            )
        return cls(coefficients, scales)

    def __call__(self, signal: Array) -> Array:
        """Target (n,) of a signal (n, d₀), of any norm per sample."""
        return (_terms(signal, self.coefficients) / self.scales).sum(axis=1)


def _terms(signal: Array, coefficients: tuple[Array, ...]) -> Array:
    """f₂, f₃, f₄ as columns (n, 3) of the signal scaled to norm √d₀, in float64."""
    signal = checked_samples(signal, "signal").astype(np.float64)
    signal *= sqrt(signal.shape[1]) / norms(signal)
    degrees = range(2, 2 + len(coefficients))
    given = [np.shape(beta) for beta in coefficients]
    fitting = [(signal.shape[1] - degree + 1,) for degree in degrees]
    if not given or given != fitting or fitting[-1] < (1,):
        raise InputError(
            f"coefficients: shapes {given} do not fit a signal of {signal.shape[1]} features; give "
            "d₀ − 1 of them for f_2, d₀ − 2 for f_3, …"
        )
    return np.column_stack(
        [_products(signal, k) @ beta for k, beta in zip(degrees, coefficients, strict=True)]
    )


def _products(signal: Array, degree: int) -> Array:
    """Products of `degree` neighbouring coordinates, (n, d₀ − degree + 1)."""
    return np.lib.stride_tricks.sliding_window_view(signal, degree, axis=1).prod(axis=2)


@PERTURBATIONS.register("spiked_covariates")
@dataclass(frozen=True)
class SpikedCovariates(Perturbation):
    """`spiked_covariates` as a perturbation: the inputs are the Gaussian draws themselves.

    Examples
    --------
    >>> SpikedCovariates().apply(np.ones((1, 32)), None, 0.5).shape
    (1, 32)
    """

    level: ClassVar[str] = "κ"
    axis_label: ClassVar[str] = "κ (larger: signal stands out of the noise)"
    random: ClassVar[bool] = False
    standardised: ClassVar[bool] = False

    def apply(self, images: Array, draws: Array | None, level: float) -> Array:
        """See `spiked_covariates`; `draws` play no part."""
        return spiked_covariates(images, level)

    @classmethod
    def grid(cls, shape: tuple[int, ...]) -> tuple[float, ...]:
        """The paper's κ = 0, 0.1, …, 0.9."""
        return tuple(np.linspace(0, 1, 10, endpoint=False).tolist())

    @classmethod
    def signal_features(cls, shape: tuple[int, ...]) -> int | None:
        """The d₀ features of z₁."""
        return signal_dimension(shape[0])

    @classmethod
    def refusal(cls, shape: tuple[int, ...]) -> str | None:
        """Only vectors whose signal carries a target of degree 4."""
        if len(shape) == 1 and signal_dimension(shape[0]) >= 4:
            return None
        return "spiked_covariates needs vectors of at least 32 features"
