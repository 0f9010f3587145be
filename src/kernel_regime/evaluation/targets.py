"""Labels as the regression targets of the papers."""

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_array, as_floating
from kernel_regime.core.errors import InputError

_MOST = 10**6
"""Largest number of a class: targets have an output for each up to it."""


def encode_targets(labels: ArrayLike, classes: ArrayLike) -> Array:
    """Regression targets (n, outputs), float64, of labels.

    Classes become one-hot rows minus one over their number; two classes become one scalar, −1/2
    or 1/2. Floating labels are targets already and only gain the output axis.

    Parameters
    ----------
    labels : array-like (n,), (n, 1), or (n, classes)
        Classes: integers, booleans or strings, or one-hot rows of integers or booleans. Floats of
        any shape (n, ...) are targets.
    classes : int or array-like
        How many classes there are, if labels count them from 0; else the classes themselves, as
        `class_labels` finds them. Ignored for floats.

    Raises
    ------
    InputError
        If a label is no class, or rows are neither classes nor one-hot.

    Examples
    --------
    >>> encode_targets([0, 2], 4).tolist()
    [[0.75, -0.25, -0.25, -0.25], [-0.25, -0.25, 0.75, -0.25]]
    >>> encode_targets(["cat", "dog"], ["cat", "dog"]).ravel().tolist()
    [-0.5, 0.5]
    """
    values = _label_array(labels)
    if not values.size:
        raise InputError("labels: there are none; give at least one sample")
    if values.dtype.kind == "f":
        return as_floating(values, "labels").reshape(len(values), -1).astype(np.float64)
    known = np.arange(classes) if isinstance(classes, int | np.integer) else _label_array(classes)
    if known.ndim != 1 or not len(known) or len(np.unique(known)) != len(known):
        raise InputError(
            f"classes: {classes}; give how many there are, or each of them once, as "
            "class_labels(train_labels) finds them"
        )
    numbers = _class_numbers(values, known)
    if len(known) == 2:
        return numbers[:, None] - 0.5
    return np.eye(len(known))[numbers] - 1 / len(known)


def class_labels(train_labels: ArrayLike) -> Array:
    """Classes that training labels name, in order; none for floating targets.

    Integers from 0 on name every class up to the largest, whether it occurs or not. Others
    (strings, −1 and 1, numbers from 1 on) name those that occur; one-hot rows name their columns.

    Examples
    --------
    >>> class_labels([0, 3]).tolist(), class_labels([1, 3]).tolist(), class_labels([0.5]).tolist()
    ([0, 1, 2, 3], [1, 3], [])
    """
    values = _label_array(train_labels)
    if values.dtype.kind == "f":
        return np.empty(0, int)
    if not values.size:
        raise InputError("train_labels: there are none; give at least one sample")
    if values.ndim > 1 and values.shape[1] > 1:
        return np.arange(values.shape[1])
    distinct = np.unique(values)
    if distinct.dtype.kind == "b":
        return np.arange(2)
    if distinct.dtype.kind in "iu" and distinct[0] == 0:
        if distinct[-1] > _MOST:
            raise InputError(
                f"train_labels: class {distinct[-1]}; integers from 0 on name every class up to "
                "the largest: number the classes one after the other, or name them by strings"
            )
        return np.arange(int(distinct[-1]) + 1)
    return distinct


def count_classes(train_labels: ArrayLike) -> int:
    """Number of classes that training labels name (`class_labels`); 0 for floating targets.

    Examples
    --------
    >>> count_classes([0, 1, 2]), count_classes([0.1, 0.2])
    (3, 0)
    """
    return len(class_labels(train_labels))


def _label_array(labels: ArrayLike) -> Array:
    values = np.asarray(labels) if not hasattr(labels, "detach") else as_array(labels, "labels")
    if values.dtype == object and all(isinstance(value, str) for value in values.ravel()):
        values = values.astype(str)
    values = as_array(values, "labels")
    if not values.ndim or values.dtype.kind not in "fiubU":
        raise InputError(
            f"labels: {values.dtype} of shape {values.shape} are no labels; give one class or "
            "one row of targets per sample"
        )
    return values


def _class_numbers(values: Array, classes: Array) -> Array:
    """Position of every label among the classes."""
    if values.ndim > 1 and values.shape[1:] != (1,):
        one_hot = values.shape[1:] == (len(classes),) and values.dtype.kind in "iub"
        if not (one_hot and np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all()):
            raise InputError(
                f"labels: rows of shape {values.shape[1:]} are not one-hot over {len(classes)} "
                "classes; give one class per sample, or floats as regression targets"
            )
        return values.argmax(axis=1)
    values = values.reshape(len(values))
    if values.dtype.kind == "b" and classes.dtype.kind != "b":
        values = values.astype(int)
    if (values.dtype.kind == "U") != (classes.dtype.kind == "U"):
        raise InputError(
            f"labels: {values[:1].tolist()[0]!r} is none of {len(classes)} numbered classes; pass "
            "the classes themselves, as class_labels(train_labels) finds them"
        )
    order = np.argsort(classes)
    places = np.minimum(np.searchsorted(classes, values, sorter=order), len(classes) - 1)
    numbers = order[places]
    strange = classes[numbers] != values
    if strange.any():
        raise InputError(
            f"labels: class {values[strange][0]} is outside {_said(classes)}; pass the classes "
            "themselves, as class_labels(train_labels) finds them, or mend the label"
        )
    return numbers


def _said(classes: Array) -> str:
    if classes.dtype.kind in "iu" and np.array_equal(classes, np.arange(len(classes))):
        return f"0…{len(classes) - 1}"
    return ", ".join(map(str, classes[:10])) + (", …" if len(classes) > 10 else "")
