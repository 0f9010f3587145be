"""Kernel base class: positive semi-definite functions of two inputs, and their registry."""

from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike
from kernel_regime.core.errors import InputError, NotFiniteError
from kernel_regime.core.parameters import ParameterType
from kernel_regime.core.registry import Registry
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.core.source import source_digest
from kernel_regime.core.types import Identity
from kernel_regime.linalg.symmetric import mirror_upper

if TYPE_CHECKING:
    from kernel_regime.kernels.dense.zonal import Zonal


class Kernel(ParameterType, ABC):
    """A positive semi-definite function of two inputs.

    Subclasses are frozen dataclasses whose annotations say what their fields may be, and implement
    `_cross`; `_gram` and `_diagonal` where there is a faster way than theirs by `_cross`. Inputs
    are array-likes (n, ...) whose first axis counts samples; float32 and half precision give
    float32 values, all others float64. `check_kernel` holds a kernel to what it owes.

    Attributes
    ----------
    kind : str
        The stable name in parameters and fingerprints: what `register` says, else
        `module:Class`.
    gpu : str or None
        What computes tiles on a GPU, `package.module:Class`: made of the kernel, with methods
        `gram` and `cross`.
    largest_tile_edge : int
        Rows of a tile beyond which a stored matrix should not be cut: memory decides for kernels
        made of matrix products; slow ones say less, so that a kill costs seconds of work.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from pydantic import PositiveFloat
    >>> @dataclass(frozen=True)
    ... class Gaussian(Kernel):
    ...     width: PositiveFloat
    ...
    ...     def _cross(self, x1: Array, x2: Array) -> Array:
    ...         gaps = x1[:, None] - x2
    ...         return np.exp(-(gaps**2).sum(axis=2) / (2 * self.width**2))
    >>> Gaussian(2.0).gram([[0.0], [2.0]]).round(4)
    array([[1.    , 0.6065],
           [0.6065, 1.    ]])
    """

    kind: ClassVar[str]
    gpu: ClassVar[str | None] = None
    largest_tile_edge: ClassVar[int] = 8192

    def __init_subclass__(cls, **arguments: object) -> None:
        super().__init_subclass__(**arguments)
        cls.kind = f"{cls.__module__}:{cls.__qualname__}"

    def __call__(self, x1: ArrayLike, x2: ArrayLike = None) -> Array:
        """`gram(x1)` where `x2` is left out, else `cross(x1, x2)`."""
        return self.gram(x1) if x2 is None else self.cross(x1, x2)

    def gram(self, x: ArrayLike) -> Array:
        """Kernel matrix of samples with themselves, shape (n, n), exactly symmetric.

        Raises
        ------
        InputError
            If the samples are not finite numbers, or have no features.
        NotFiniteError
            If the values are too large or too small for their dtype.
        """
        x = checked_samples(x, "x1")
        return self._gram(x) if len(x) else np.empty((0, 0), x.dtype)

    def cross(self, x1: ArrayLike, x2: ArrayLike) -> Array:
        """Kernel matrix between two sets of samples, shape (n1, n2).

        Raises
        ------
        InputError
            If samples are not finite numbers, have no features, or the two sets differ in sample
            shape or dtype.
        NotFiniteError
            If the values are too large or too small for their dtype.
        """
        x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
        if not len(x1) or not len(x2):
            return np.empty((len(x1), len(x2)), x1.dtype)
        return self._cross(x1, x2)

    def diagonal(self, x: ArrayLike) -> Array:
        """Kernel of every sample with itself, shape (n,).

        Raises
        ------
        InputError
            If the samples are not finite numbers, or have no features.
        """
        x = checked_samples(x, "x1")
        return self._diagonal(x) if len(x) else np.empty(0, x.dtype)

    def gradient_weights(self, x1: ArrayLike, x2: ArrayLike) -> tuple[Array, Array]:
        r"""Weights (a, b), each (n1, n2), of the gradient :math:`∇_x k(x, x') = a\,x' + b\,x`.

        Every function of inner products and norms has a gradient in the plane of its two inputs.
        Where a kernel has a kink, at equal inputs, the mean over all directions stands for it.

        Raises
        ------
        InputError
            As `cross`, or if this kernel says no gradient.

        Examples
        --------
        >>> from kernel_regime.kernels import Polynomial
        >>> toward, along = Polynomial(2, intercept=0).gradient_weights([[1.0]], [[3.0]])
        >>> toward.tolist(), along.tolist()
        ([[6.0]], [[0.0]])
        """
        x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
        return self._gradient_weights(x1.reshape(len(x1), -1), x2.reshape(len(x2), -1))

    def on_sphere(self, radius: float, features: int) -> "Zonal | None":
        """κ of inputs of one norm, or None where more than their angle decides.

        Parameters
        ----------
        radius : float
            Norm of the inputs.
        features : int
            Their number of features.

        Examples
        --------
        >>> from kernel_regime.kernels import Polynomial, RandomFeatures
        >>> Polynomial(2, intercept=0).on_sphere(radius=2.0, features=4)(np.array([1.0, 0.5]))
        array([4., 1.])
        >>> RandomFeatures(64).on_sphere(radius=2.0, features=4)
        """
        return None

    @abstractmethod
    def _cross(self, x1: Array, x2: Array) -> Array:
        """`cross` of checked inputs, at least one sample each."""

    def _gradient_weights(self, x1: Array, x2: Array) -> tuple[Array, Array]:
        """`gradient_weights` of checked rows."""
        raise InputError(
            f"{self}: its gradient is not known; take laplace, gaussian, polynomial or a "
            "fully-connected network of ReLUs, or implement _gradient_weights"
        )

    def _gram(self, x: Array) -> Array:
        """`gram` of checked inputs: the upper triangle by rows of blocks, mirrored."""
        n = len(x)
        rows = max(_ROWS, -(-n // 8))  # little more than half of the work
        parts = [
            (slice(i, i + rows), self._cross(x[i : i + rows], x[i:])) for i in range(0, n, rows)
        ]
        matrix = np.empty((n, n), parts[0][1].dtype)
        for part, values in parts:
            matrix[part, part.start :] = values
        mirror_upper(matrix)
        return matrix

    def _diagonal(self, x: Array) -> Array:
        """`diagonal` of checked inputs: that of small blocks."""
        blocks = (x[i : i + _BLOCK] for i in range(0, len(x), _BLOCK))
        return np.concatenate([np.diagonal(self._cross(block, block)) for block in blocks])

    def identity(self) -> Identity:
        """What makes two kernels the same kernel: JSON-able, recorded beside every matrix.

        Of a user's class also a digest of its source code: rewritten, it is another kernel.
        """
        identity = {"kind": self.kind, **asdict(self)}
        source = source_digest(type(self)) if ":" in self.kind else None
        return identity if source is None else identity | {"source_code": source}


_ROWS = 256  # of one call at least: many small calls would cost more than they save
_BLOCK = 16  # samples of which the diagonal of a kernel without a faster way is taken

registry: Registry[Kernel] = Registry("kernel", "kernel_regime.kernels", Kernel)
register = registry.register


def require_representable(
    kernel: Kernel, values: Array, x1: Array, x2: Array, bound: float | None = None
) -> None:
    """Refuse kernel values that overflow their dtype, or that all vanish in it.

    Parameters
    ----------
    kernel : Kernel
        What the values are of; it says how large they are in float64.
    values : array of shape (n1, n2)
        Kernel values.
    x1, x2 : arrays of shape (n1, ...), (n2, ...)
        Their samples.
    bound : float, optional
        Largest √(k(x, x) k(x', x')), which by Cauchy and Schwarz no value exceeds, where that is
        known: spares a look at all values, unless it is out of range itself.

    Raises
    ------
    NotFiniteError
        With the remedy.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> Polynomial(10)(np.full((1, 4), 1e4, np.float32))
    Traceback (most recent call last):
    kernel_regime.core.errors.NotFiniteError: Polynomial(degree=10, intercept=1.0): values of ...
    """
    limits = np.finfo(values.dtype)
    smallest, biggest = float(limits.tiny), float(limits.max)
    if bound is not None and smallest <= bound <= biggest:
        return
    largest = max(float(values.max()), -float(values.min()))
    if smallest <= largest <= biggest:
        return
    if bound is None:
        bound = _largest_size(kernel, x1) * _largest_size(kernel, x2)
    if np.isfinite(largest) and (bound == 0 or bound >= smallest):
        return  # zero samples, or orthogonal ones
    remedy = "scale the inputs to norms of order sqrt(features)"
    if limits.dtype == np.float32 and np.finfo(np.float64).tiny <= bound < np.inf:
        remedy += ", or give them in float64"
    raise NotFiniteError(
        f"{kernel}: values of {bound:.3g} are beyond {limits.dtype.name}, "
        f"{smallest:.2g} to {biggest:.2g}; {remedy}"
    )


def _largest_size(kernel: Kernel, x: Array) -> float:
    """Largest √k(x, x), in float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt(kernel._diagonal(x.astype(np.float64)).max()))
