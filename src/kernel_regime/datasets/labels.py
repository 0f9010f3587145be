"""Labels as integer classes 0 … K−1 with names, or as float targets."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_array, as_floating
from kernel_regime.core.errors import InputError, did_you_mean

Task = Literal["classification", "regression"]

ClassNames = Sequence[str] | Mapping[Any, str] | None
"""Names of classes: in their order, or by label."""

# More different whole numbers than this, each of few samples, may be measurements as well.
_MANY_CLASSES = 50


def encode_labels(
    labels: ArrayLike,
    class_names: ClassNames = None,
    task: Task | None = None,
    source: str = "labels",
) -> tuple[Array, tuple[str, ...]]:
    """Labels (n,) of any kind as classes 0 … K−1 with their names, or as float64 targets.

    Parameters
    ----------
    labels : array-like (n,)
        Strings, booleans and whole numbers (1, 2, …, ±1, with gaps) are classes, in sorted order;
        floating numbers are targets.
    class_names : sequence or mapping, optional
        For strings: their order. For numbers: a name each, as a mapping from labels, or as a
        sequence either of all labels in sorted order or from label 0 on. The labels as text by
        default.
    task : str, optional
        `classification` or `regression`, where the type of the labels says otherwise.
    source : str
        What messages call them.

    Returns
    -------
    labels : array (n,)
        int64 or float64.
    class_names : tuple of str
        Empty for targets.

    Raises
    ------
    InputError
        If the labels have no one clear meaning.

    Examples
    --------
    >>> encode_labels([-1, 1, 1])
    (array([0, 1, 1]), ('-1', '1'))
    >>> encode_labels([2, 1, 26], {1: "a", 2: "b", 26: "z"})
    (array([1, 0, 2]), ('a', 'b', 'z'))
    >>> encode_labels([0.5, 2])
    (array([0.5, 2. ]), ())
    """
    values = as_array(_plain_strings(labels), f"{source}: labels")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise InputError(
            f"{source}: labels have the shape {values.shape}; give one class or number per sample"
        )
    if class_names is not None and not isinstance(class_names, Mapping):
        # A set has another order in every process.
        is_list = isinstance(class_names, Sequence) and not isinstance(class_names, str)
        if not is_list or len(set(class_names)) != len(class_names):
            raise InputError(
                f"class_names: {class_names!r}; give a list of names that differ, in the order of "
                "the classes, or a mapping {0: name}"
            )
    if task not in (None, "classification", "regression"):
        raise InputError(f"task: {task!r} is neither 'classification' nor 'regression'")
    if task == "regression" or (task is None and values.dtype.kind == "f"):
        return _targets(values, class_names, source), ()
    return _classes(values, class_names, task, source)


def _plain_strings(labels: ArrayLike) -> ArrayLike:
    """Strings that pandas keeps as Python objects, as an array of strings."""
    values = labels.to_numpy() if hasattr(labels, "to_numpy") else labels
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "OT":
        return values
    return values.astype(str) if all(isinstance(text, str) for text in values.flat) else values


def _targets(values: Array, class_names: ClassNames, source: str) -> Array:
    if class_names is not None:
        raise InputError(
            f"{source}: class_names are given for labels that are real numbers; set task: "
            "classification, or leave the names out"
        )
    return as_floating(values, f"{source}: labels").astype(np.float64)


def _classes(
    values: Array, class_names: ClassNames, task: Task | None, source: str
) -> tuple[Array, tuple[str, ...]]:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InputError(
            f"{source}: label {int(np.argmin(np.isfinite(values)))} is not finite; clean it first"
        )
    found, encoded = np.unique(values, return_inverse=True)
    many = len(found) > _MANY_CLASSES and 10 * len(found) > len(values)
    if many and task is None and values.dtype.kind in "iu":
        raise InputError(
            f"{source}: labels are {len(found):,} different whole numbers in {len(values):,} "
            "samples; set task: regression, or task: classification"
        )
    if values.dtype.kind in "SU":
        return _ordered(found, encoded, class_names, source)
    return _numbered(found, encoded, class_names, source)


def _ordered(
    found: Array, encoded: Array, class_names: ClassNames, source: str
) -> tuple[Array, tuple[str, ...]]:
    """Classes of strings, in the order of the names where these are given."""
    texts = [text.decode() if isinstance(text, bytes) else str(text) for text in found]
    if class_names is None:
        return encoded, tuple(texts)
    names = tuple(class_names)
    for text in texts:
        if text not in names:
            raise InputError(f"{source}: class_names lack {text!r}; {did_you_mean(text, names)}")
    return np.array([names.index(text) for text in texts])[encoded], names


def _numbered(
    found: Array, encoded: Array, class_names: ClassNames, source: str
) -> tuple[Array, tuple[str, ...]]:
    """Classes of numbers, in their order."""
    if class_names is None:
        return encoded, tuple(_text(number) for number in found)
    if isinstance(class_names, Mapping):
        by_text = {str(key): str(name) for key, name in class_names.items()}
        missing = [_text(number) for number in found if _text(number) not in by_text]
        if missing:
            raise InputError(f"{source}: label {missing[0]} has no name; add it to class_names")
        return encoded, tuple(by_text[_text(number)] for number in found)
    names = tuple(map(str, class_names))
    if len(names) == len(found):
        return encoded, names
    if len(found) and found[0] == 0 and found[-1] < len(names):
        return found[encoded].astype(np.int64), names
    spelt = ", ".join(_text(number) for number in found[:3])
    raise InputError(
        f"{source}: which of the {len(names)} class_names belongs to which of the {len(found)} "
        f"labels {spelt}, … is not clear; give class_names as a mapping {{{_text(found[0])}: name}}"
    )


def _text(number: object) -> str:
    return f"{number:.15g}" if isinstance(number, np.floating) else str(number)
