"""Checks of what every kernel owes, a user's own included."""

import json
import pickle

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.kernels.base import Kernel


def check_kernel(kernel: Kernel, samples: ArrayLike = None) -> None:
    """Check what a kernel owes, as scikit-learn's `check_estimator` does for estimators.

    In float32 and in float64: shapes and dtypes; a symmetric matrix to the last bit; `gram`,
    `cross` and `diagonal` that agree; tiles that fit together; no negative eigenvalue beyond
    round-off; finite values on zero, equal, opposite, scaled and constant samples; no samples at
    all; array-likes. And an identity that is JSON-able and survives pickling, as the kernel does.

    Parameters
    ----------
    kernel : Kernel
        What to check.
    samples : array of shape (n, ...), optional
        Samples that the kernel takes, three at least; left out, 8 random ones of shape (16,).

    Raises
    ------
    InputError
        Naming the kernel and what it does not do.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> check_kernel(Polynomial(degree=3))
    """
    if samples is None:
        samples = np.random.default_rng(0).standard_normal((8, 16))
    given = as_floating(samples, "samples")
    if len(given) < 3:
        raise InputError(f"samples: {len(given)} are too few to check a kernel on; give three")
    _check_identity(kernel)
    for dtype in (np.float64, np.float32):
        _Checks(kernel, _awkward(given).astype(dtype), len(given)).run()


def _awkward(x: Array) -> Array:
    """The samples, with equal, opposite, scaled, zero, constant ones and one nearly equal."""
    near = x[2:3] * (1 + 1e-4 * np.sign(x[1:2]))
    return np.concatenate(
        [x, x[:1], -x[1:2], 3 * x[:1], np.zeros_like(x[:1]), np.ones_like(x[:1]), near]
    )


def _check_identity(kernel: Kernel) -> None:
    try:
        identity = json.loads(json.dumps(kernel.identity()))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{kernel}: its identity is no JSON ({error}); keep fields to numbers and text, or "
            "give a digest of what they hold in `identity`"
        ) from error
    if "kind" not in identity:
        raise InputError(f"{kernel}: its identity names no `kind`; start from super().identity()")
    try:
        copy = pickle.loads(pickle.dumps(kernel))
    except Exception as error:  # whatever it is, a worker would meet it as well
        raise InputError(
            f"{kernel}: cannot be pickled ({error}), so it cannot travel to workers; define its "
            "class in a module and keep what cannot travel out of its fields"
        ) from error
    if json.loads(json.dumps(copy.identity())) != identity:
        raise InputError(f"{kernel}: its identity changes when it is pickled; build it of fields")


class _Checks:
    """The checks of values on samples of one dtype."""

    def __init__(self, kernel: Kernel, x: Array, given: int) -> None:
        self.kernel, self.x, self.given = kernel, x, given
        self.matrix = kernel.gram(x)
        self.diagonal = kernel.diagonal(x)
        # Errors of an angle, √ε where samples are nearly parallel, are what any kernel may make.
        self.tolerance = 64 * float(np.sqrt(np.finfo(x.dtype).eps)) / 8

    def run(self) -> None:
        self.shapes_and_dtypes()
        self.finite()
        self.symmetric()
        self.agreeing()
        self.fitting_together()
        self.positive()
        self.empty()

    def require(self, holds: bool | np.bool_, what: str, remedy: str) -> None:
        if not holds:
            raise InputError(f"{self.kernel}, {self.x.dtype} samples: {what}; {remedy}")

    def shapes_and_dtypes(self) -> None:
        n = len(self.x)
        for name, values, shape in (
            ("gram", self.matrix, (n, n)),
            ("cross", self.kernel.cross(self.x[:2], self.x), (2, n)),
            ("diagonal", self.diagonal, (n,)),
        ):
            self.require(
                values.shape == shape, f"{name} has shape {values.shape}", f"make it {shape}"
            )
            self.require(
                values.dtype == self.x.dtype,
                f"{name} is {values.dtype}",
                "keep to the dtype of the samples",
            )

    def finite(self) -> None:
        finite = np.isfinite(self.matrix).sum(axis=1) + np.isfinite(self.diagonal)
        worst = int(np.argmin(finite))
        self.require(
            finite[worst] > len(self.x),
            f"values of sample {worst} are not finite, where the samples given, {self.given}, are "
            "followed by the first, the second times −1, the first times 3, zeros, ones, and one "
            "near the third",
            "look for divisions by norms that may be 0, and cosines beyond ±1",
        )

    def symmetric(self) -> None:
        self.require(
            np.array_equal(self.matrix, self.matrix.T),
            "gram is not symmetric to the last bit",
            "compute one triangle and mirror it",
        )

    def agreeing(self) -> None:
        self._require_close(self.kernel.cross(self.x, self.x), self.matrix, "cross and gram")
        self._require_close(self.diagonal, np.diagonal(self.matrix), "diagonal and gram")
        self._require_close(self.kernel(self.x), self.matrix, "a call and gram")

    def fitting_together(self) -> None:
        for rows, columns in ((slice(0, 1), slice(None)), (slice(2, 7), slice(1, 4))):
            part = self.kernel.cross(self.x[rows], self.x[columns])
            self._require_close(part, self.matrix[rows, columns], "cross of a part and gram's part")

    def positive(self) -> None:
        spectrum = np.linalg.eigvalsh(self.matrix.astype(np.float64))
        self.require(
            spectrum[0] >= -len(self.x) * self.tolerance * spectrum[-1],
            f"an eigenvalue is {spectrum[0]:.3g}, the largest {spectrum[-1]:.3g}",
            "a kernel is positive semi-definite",
        )

    def empty(self) -> None:
        nothing = self.x[:0]
        shapes = (
            self.kernel.gram(nothing).shape,
            self.kernel.cross(nothing, self.x).shape,
            self.kernel.diagonal(nothing).shape,
        )
        self.require(
            shapes == ((0, 0), (0, len(self.x)), (0,)),
            f"without samples, shapes are {shapes}",
            "implement `_gram`, `_cross` and `_diagonal`, and leave `gram`, … as they are",
        )

    def _require_close(self, values: Array, expected: Array, what: str) -> None:
        worst = float(np.abs(values - expected).max())
        size = float(np.abs(self.diagonal).max())
        self.require(
            worst <= self.tolerance * size,
            f"{what} differ by {worst:.3g} of {size:.3g}",
            "values may not depend on what else is computed with them",
        )
