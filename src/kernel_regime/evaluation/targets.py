"""Labels as the regression targets of the papers."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError


def encode_targets(labels: Array, n_classes: int) -> Array:
    """Float64 targets of shape (n, outputs).

    Integer classes 0 … n_classes − 1 become one-hot rows minus 1/n_classes; two classes become
    one scalar, −1/2 or 1/2. Float labels are targets already and only gain the output axis
    (`n_classes` is ignored).

    Raises
    ------
    ValueError
        If an integer label lies outside 0 … n_classes − 1.
    """
    labels = np.asarray(labels)
    if np.issubdtype(labels.dtype, np.floating):
        return labels.reshape(len(labels), -1).astype(np.float64)
    outside = (labels < 0) | (labels >= n_classes)
    if outside.any():
        raise InputError(f"labels: class {labels[outside][0]} is outside 0…{n_classes - 1}")
    if n_classes == 2:
        return labels[:, None] - 0.5
    return np.eye(n_classes)[labels] - 1 / n_classes


def count_classes(train_labels: Array) -> int:
    """Number of classes of integer labels; 0 for float targets."""
    labels = np.asarray(train_labels)
    return 0 if np.issubdtype(labels.dtype, np.floating) else int(labels.max()) + 1
