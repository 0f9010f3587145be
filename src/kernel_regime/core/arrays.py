"""Array-likes as NumPy arrays: the one place where what users pass is converted."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kernel_regime.core.errors import InputError

Array = NDArray[Any]

Dtype: TypeAlias = np.dtype[Any]

MappedArray: TypeAlias = np.memmap[Any, Any]
"""Array of a file, read as it is used."""

ArrayLike: TypeAlias = object
"""What `as_array` converts: arrays and tensors of NumPy, JAX, TensorFlow, torch, pandas; lists."""


def as_array(values: ArrayLike, name: str) -> Array:
    """NumPy array of any array-like: NumPy, JAX, TensorFlow, torch, pandas, or nested lists.

    An array of NumPy, memory-mapped ones included, comes back as it is, without a copy.

    Raises
    ------
    InputError
        If the values do not form an array of numbers, booleans or strings.

    Examples
    --------
    >>> as_array([[1, 2], [3, 4]], "x").shape
    (2, 2)
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise InputError(f"{name}: some entries are masked; fill or drop them first")
    if isinstance(values, np.memmap):
        array: Array = values
    elif isinstance(values, np.ndarray):
        array = np.asarray(values)  # np.matrix and masked arrays multiply otherwise
    elif hasattr(values, "detach"):  # a tensor of torch refuses while it is being differentiated
        array = values.detach().cpu().numpy()
    else:
        try:
            array = np.asarray(values)
        except (TypeError, ValueError) as error:
            raise InputError(f"{name}: not an array ({error}); give one row per sample") from error
    if array.dtype == object and array.size and all(isinstance(value, str) for value in array.flat):
        return array.astype(str)  # as pandas gives them
    if array.dtype == object:
        raise InputError(
            f"{name}: rows differ in length or hold Python objects; give an array of numbers"
        )
    return array


def as_floating(values: ArrayLike, name: str) -> Array:
    """Array-like as float32 or float64: these stay, half precision becomes float32, others float64.

    Arithmetic on integers, booleans or half precision overflows or is cut off without a word.

    Raises
    ------
    InputError
        If the values are not real numbers.

    Examples
    --------
    >>> as_floating([1, 2], "x").dtype.name
    'float64'
    """
    array = as_array(values, name)
    if array.dtype in (np.float32, np.float64):
        return array
    if array.dtype.kind == "f" or array.dtype.name == "bfloat16":
        return array.astype(np.float32 if array.dtype.itemsize < 8 else np.float64)
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    raise InputError(f"{name}: an array of {array.dtype} holds no real numbers; give numbers")


def require_finite(array: Array, name: str) -> None:
    """Refuse an array (n, ...) with a row that is not finite, naming the first.

    Raises
    ------
    InputError
        Naming the first sample with a value that is not finite.

    Examples
    --------
    >>> require_finite(np.array([[1.0], [np.inf]]), "x")
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: x: sample 1 is not finite; clean the inputs first
    """
    # The sum of squares is finite where all is, and takes a tenth of the time of a mask.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.vdot(array, array)):
            return
    finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if not finite.all():
        raise InputError(
            f"{name}: sample {int(np.argmin(finite))} is not finite; clean the inputs first"
        )


def checked_numbers(values: ArrayLike, name: str) -> Array:
    """Array-like (n,), n ≥ 1, of finite numbers in float64.

    Raises
    ------
    InputError
        If it has another shape, or a number is not finite.

    Examples
    --------
    >>> checked_numbers([1, 2], "eigenvalues")
    array([1., 2.])
    """
    numbers = as_floating(values, name).astype(np.float64, copy=False)
    if numbers.ndim != 1 or not len(numbers):
        raise InputError(f"{name}: shape {numbers.shape}; give a list of one number at least")
    require_finite(numbers, name)
    return numbers
