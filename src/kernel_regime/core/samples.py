"""Samples: arrays (n, ...) of finite numbers, one row each; and targets, one row each."""

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_floating, require_finite
from kernel_regime.core.errors import InputError


def checked_samples(x: ArrayLike, name: str) -> Array:
    """Array-like samples (n, ...) as a finite float32 or float64 array.

    Raises
    ------
    InputError
        If there is no axis of features, or nothing on it, or a sample is not finite.

    Examples
    --------
    >>> checked_samples([[1, 2], [3, 4]], "x").dtype.name
    'float64'
    """
    samples = as_floating(x, name)
    if samples.ndim < 2:
        raise InputError(
            f"{name}: samples are rows (n, ...), got {samples.dtype} array of shape "
            f"{samples.shape}; give two axes at least"
        )
    if 0 in samples.shape[1:]:
        raise InputError(
            f"{name}: samples of shape {samples.shape[1:]} have no features; give at least one"
        )
    require_finite(samples, name)
    return samples


def checked_pair(x1: ArrayLike, x2: ArrayLike, names: tuple[str, str]) -> tuple[Array, Array]:
    """Two sets of samples of one shape and dtype.

    Raises
    ------
    InputError
        As `checked_samples`, or if the two differ in sample shape or dtype.

    Examples
    --------
    >>> left, right = checked_pair([[1, 2]], [[3, 4], [5, 6]], ("x1", "x2"))
    >>> left.shape, right.shape
    ((1, 2), (2, 2))
    """
    left, right = checked_samples(x1, names[0]), checked_samples(x2, names[1])
    if left.shape[1:] != right.shape[1:] or left.dtype != right.dtype:
        raise InputError(
            f"{names[1]}: samples are {right.dtype} {right.shape[1:]}, those of {names[0]} "
            f"{left.dtype} {left.shape[1:]}; bring both to one shape and dtype"
        )
    return left, right


def checked_targets(targets: ArrayLike, name: str, samples: int | None = None) -> Array:
    """Array-like targets, (n,) or (n, outputs), as finite float64 columns (n, outputs).

    Raises
    ------
    InputError
        If they have another shape, are not one row for each of `samples`, or one is not finite.

    Examples
    --------
    >>> checked_targets([1, 2], "y").tolist()
    [[1.0], [2.0]]
    """
    given = as_floating(targets, name).astype(np.float64, copy=False)
    columns = given[:, None] if given.ndim == 1 else given
    rows = "n" if samples is None else samples
    if columns.ndim != 2 or not columns.shape[1] or len(columns) != (samples or len(columns)):
        raise InputError(
            f"{name}: shape {given.shape} does not fit {rows} samples; "
            f"give ({rows},) or ({rows}, outputs)"
        )
    if not np.isfinite(columns).all():
        row = int(np.argmin(np.isfinite(columns).all(axis=1)))
        raise InputError(f"{name}: row {row} is not finite; clean the targets first")
    return columns
