r"""Shallow neural tangent kernels: those of shallow networks, in closed form over hidden units.

The network is :math:`f(x) = a \cdot \sigma(W x + b) / \sqrt m + b_0`, all parameters N(0, 1)
(Bowman & Montúfar 2022, section 5). With :math:`u = W x + b`,

.. math::
    K_{inner} &= \tfrac1m \sum_i a_i^2 \sigma'(u_i) \sigma'(u'_i) (\langle x, x' \rangle + 1) \\
    K_{outer} &= \tfrac1m \langle \sigma(u), \sigma(u') \rangle, \qquad
    K = K_{inner} + K_{outer} + 1 .
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import NonNegativeInt, PositiveInt

from kernel_regime.core.arrays import Array, ArrayLike, Dtype
from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.progress import progress
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.kernels.base import Kernel
from kernel_regime.linalg.symmetric import mirror_upper
from kernel_regime.ntk.activation_functions import ACTIVATIONS

Units = tuple[Array, Array, Array]
"""Inner weights (k, d), inner biases (k,) and outer weights (k,) of k hidden units."""

PARTS = ("inner", "outer", "total")

UNITS_PER_DRAW = 4096
"""Hidden units drawn from one random stream: fixed, since it decides what a seed means."""


def shallow_ntk(
    x1: Array,
    x2: Array | None,
    inner_weights: Array,
    inner_biases: Array,
    outer_weights: Array,
    activation: str,
    part: str = "total",
) -> Array:
    """Neural tangent kernel of a shallow network with given weights.

    Parameters
    ----------
    x1, x2 : arrays of shape (n, d)
        Inputs, float32 or float64; the result has their dtype. `x2=None` means `x1`.
    inner_weights, inner_biases, outer_weights : arrays of shape (m, d), (m,), (m,)
        W, b and a. Memory-mapped arrays are read block by block.
    activation : str
        One of `ACTIVATIONS`.
    part : {"inner", "outer", "total"}
        Gradients with respect to W and b, to a, or to everything, the output bias included.

    Returns
    -------
    array of shape (n1, n2)

    Raises
    ------
    ValueError
        If shapes disagree, or `activation` or `part` is unknown.

    Examples
    --------
    >>> x = np.array([[3.0, 4.0]])
    >>> weights, biases, amplitudes = np.array([[1.0, 0.0]]), np.array([0.0]), np.array([2.0])
    >>> shallow_ntk(x, None, weights, biases, amplitudes, "relu").tolist()  # 4(|x|² + 1) + 3² + 1
    [[114.0]]
    """
    if x2 is None:
        x1 = checked_samples(x1, "x1")
    else:
        x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
    width = len(inner_weights)
    expected = (width, x1.shape[1]), (width,), (width,)
    found = np.shape(inner_weights), np.shape(inner_biases), np.shape(outer_weights)
    if x1.ndim != 2 or found != expected:
        raise InputError(
            f"weights: shapes {found} do not fit inputs {x1.shape}; "
            "give inner weights (m, d), inner biases (m,) and outer weights (m,)"
        )
    columns = x1 if x2 is None else x2
    # Pre-activations, or weights: whichever is larger of a block of hidden units.
    blocks = row_blocks(width, x1.itemsize * max(len(x1), len(columns), x1.shape[1]))
    units = ((inner_weights[b], inner_biases[b], outer_weights[b]) for b in blocks)
    return _accumulate(x1, x2, units, width, activation, part)


@dataclass(frozen=True)
class ShallowNTK(Kernel):
    """Neural tangent kernel of a shallow network at a random initialisation.

    Weights are drawn block by block from their own random streams and never kept, so that a
    width of 10⁶ costs no more memory than one of 10³.

    Parameters
    ----------
    width : int
        Hidden units m.
    activation : str
        One of `ACTIVATIONS`.
    seed : int
        Seed of the initialisation.
    part : {"inner", "outer", "total"}
        See `shallow_ntk`.

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> kernel = ShallowNTK(width=1000, activation="relu", seed=0)
    >>> kernel(x).shape, bool(np.allclose(kernel.diagonal(x), np.diag(kernel(x))))
    ((2, 2), True)
    """

    width: PositiveInt
    activation: str
    seed: NonNegativeInt
    part: str = "total"

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_known(self.activation, self.part)

    def units(self, features: int, dtype: Dtype) -> Iterator[Units]:
        """The network's hidden units, block by block."""
        streams = np.random.SeedSequence(self.seed).spawn(-(-self.width // UNITS_PER_DRAW))
        for start, stream in zip(range(0, self.width, UNITS_PER_DRAW), streams, strict=True):
            generator = np.random.default_rng(stream)
            count = min(UNITS_PER_DRAW, self.width - start)
            draws = generator.standard_normal((count, features + 2), dtype=np.float32)
            draws = draws.astype(dtype, copy=False)
            yield draws[:, :features], draws[:, features], draws[:, features + 1]

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values, shape (n1, n2)."""
        return self._values(_flat(x1), _flat(x2))

    def _gram(self, x: Array) -> Array:
        """Kernel values of samples with themselves, shape (n, n), by symmetric products."""
        values = self._values(_flat(x), None)
        mirror_upper(values)
        return values

    def _values(self, x1: Array, x2: Array | None) -> Array:
        units = self.units(x1.shape[1], x1.dtype)
        return _accumulate(x1, x2, units, self.width, self.activation, self.part)

    def _diagonal(self, x: Array) -> Array:
        """Squared gradient norms, shape (n,)."""
        x = _flat(x)
        inner, outer = np.zeros((2, len(x)), x.dtype)
        for weights, biases, amplitudes in self.units(x.shape[1], x.dtype):
            value, slope = ACTIVATIONS[self.activation](x @ weights.T + biases)
            inner += ((slope * amplitudes) ** 2).sum(axis=1)
            outer += (value**2).sum(axis=1)
        inner *= (x**2).sum(axis=1) + 1
        parts = {"inner": inner, "outer": outer, "total": inner + outer + self.width}
        return parts[self.part] / self.width


def shallow_relu_limit(x1: ArrayLike, x2: ArrayLike = None, part: str = "total") -> Array:
    r"""Arc-cosine limit of the shallow ReLU network's kernel, shape (n1, n2).

    With inputs augmented by a constant 1 and θ the angle between them, the inner part is
    :math:`(\langle x, x' \rangle + 1)(π - θ)/(2π)` and the outer
    :math:`\|x\| \|x'\| (\sin θ + (π - θ) \cos θ)/(2π)` (Cho & Saul 2009).

    Examples
    --------
    >>> shallow_relu_limit([[3.0, 4.0]])  # (|x|² + 1) + 1: half from each part, and the bias
    array([[27.]])
    """
    _require_known("relu", part)
    if x2 is None:
        x1 = checked_samples(x1, "x1")
        x2 = x1
    else:
        x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
    dtype = x1.dtype
    augmented = [np.hstack([x, np.ones((len(x), 1))]).astype(np.float64) for x in (x1, x2)]
    norms = [np.linalg.norm(x, axis=1) for x in augmented]
    scale = np.outer(*norms)
    angle = _angles(*(x / norm[:, None] for x, norm in zip(augmented, norms, strict=True)))
    inner = scale * np.cos(angle) * (np.pi - angle) / (2 * np.pi)
    outer = scale * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
    return {"inner": inner, "outer": outer, "total": inner + outer + 1}[part].astype(dtype)


def _angles(units1: Array, units2: Array) -> Array:
    """Angles (n1, n2) between unit vectors, exact where they are close.

    The arc cosine turns a rounding error ε near 1 into an angle of √(2ε), and the kernel has a
    kink there; the chord of two close vectors has no such error.
    """
    cosine = np.clip(units1 @ units2.T, -1, 1)
    angle: Array = np.arccos(cosine)
    close = np.nonzero(cosine > 1 - 1e-4)
    chord = np.linalg.norm(units1[close[0]] - units2[close[1]], axis=1)
    angle[close] = 2 * np.arcsin(chord / 2)
    return angle


def distance_to_limit(x: Array, widths: Iterable[int], runs: int) -> pd.DataFrame:
    """Relative distance in Frobenius norm of shallow ReLU kernels from the infinite one.

    Columns width, run (also the seed) and distance.

    Examples
    --------
    >>> table = distance_to_limit(np.eye(3), widths=[10, 10_000], runs=2)
    >>> narrow, wide = table.groupby("width")["distance"].mean()
    >>> wide < narrow / 5
    True
    """
    limit = shallow_relu_limit(x)
    norm = np.linalg.norm(limit)
    rows = []
    widths = list(widths)
    with progress("shallow kernels", runs * sum(widths), "hidden units") as advance:
        for width in widths:
            for run in range(runs):
                distance = np.linalg.norm(ShallowNTK(width, "relu", run)(x) - limit) / norm
                rows.append((width, run, float(distance)))
                advance(width, f"width {width:,}")
    return pd.DataFrame(rows, columns=["width", "run", "distance"])


def _require_known(activation: str, part: str) -> None:
    if activation not in ACTIVATIONS or part not in PARTS:
        raise InputError(
            f"{activation!r} / {part!r}: activation must be one of {', '.join(ACTIVATIONS)}, "
            f"part one of {', '.join(PARTS)}"
        )


def _accumulate(
    x1: Array, x2: Array | None, units: Iterable[Units], width: int, activation: str, part: str
) -> Array:
    """Sum the kernel over blocks of hidden units; symmetric products cost half."""
    _require_known(activation, part)
    shape = (len(x1), len(x1 if x2 is None else x2))
    inner, outer = (np.zeros(shape, x1.dtype) if part in (p, "total") else None for p in PARTS[:2])
    for block in units:
        weights, biases, amplitudes = (np.asarray(w, x1.dtype) for w in block)
        features1 = _features(x1, weights, biases, amplitudes, activation)
        features2 = (
            features1 if x2 is None else _features(x2, weights, biases, amplitudes, activation)
        )
        for total, one, two in zip((outer, inner), features1, features2, strict=True):
            if total is not None:
                total += one @ two.T
    if inner is not None:
        products = x1 @ (x1 if x2 is None else x2).T
        products += 1
        inner *= products
    kernel = inner if outer is None else outer if inner is None else inner + outer
    assert kernel is not None
    kernel /= width
    if part == "total":
        kernel += 1
    return kernel


def _features(
    x: Array, weights: Array, biases: Array, amplitudes: Array, activation: str
) -> tuple[Array, Array]:
    """σ(u) and a σ'(u), each (n, units)."""
    u = x @ weights.T
    u += biases
    value, slope = ACTIVATIONS[activation](u)
    slope *= amplitudes
    return value, slope


def _flat(x: Array) -> Array:
    """Samples as rows."""
    return x.reshape(len(x), -1)
