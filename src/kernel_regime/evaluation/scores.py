"""Losses and accuracy as the papers report them."""

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_floating
from kernel_regime.core.errors import InputError


def squared_errors(predictions: ArrayLike, targets: ArrayLike) -> Array:
    """Squared loss per sample, summed over outputs: (..., n, outputs) → (..., n).

    Raises
    ------
    InputError
        If targets are not (n, outputs), which NumPy would broadcast without a word.

    Examples
    --------
    >>> squared_errors(np.zeros((2, 3)), np.ones((2, 3)))
    array([3., 3.])
    """
    predictions, targets = _of_same_shape(predictions, targets)
    return np.square(predictions - targets).sum(axis=-1)


def correct(predictions: ArrayLike, targets: ArrayLike) -> Array:
    """Whether each sample is classified correctly: (..., n, outputs) → boolean (..., n).

    The largest output wins; a single output counts by its sign. What is NaN is never correct.

    Raises
    ------
    InputError
        As `squared_errors`.

    Examples
    --------
    >>> correct(np.array([[0.2], [0.1]]), np.array([[0.5], [-0.5]]))
    array([ True, False])
    """
    predictions, targets = _of_same_shape(predictions, targets)
    known = ~np.isnan(predictions).any(axis=-1)
    if targets.shape[-1] == 1:
        return known & ((predictions[..., 0] > 0) == (targets[..., 0] > 0))
    return known & (predictions.argmax(axis=-1) == targets.argmax(axis=-1))


def normalised_loss(loss: Array | float, targets: Array) -> Array | float:
    """Squared loss over that of predicting zero, ‖y − ŷ‖²/‖y‖² = 1 − R² for centred targets.

    Parameters
    ----------
    loss : array or float
        Mean squared loss, as in the columns of `kernel_scores`.
    targets : array (n, outputs)
        Of the same samples; not all zero.

    Examples
    --------
    >>> float(normalised_loss(1.0, np.array([[1.0], [-2.0]])))
    0.4
    """
    scale = np.square(as_floating(targets, "targets")).sum() / len(targets)
    if scale == 0:
        raise InputError("targets: all are zero, so the loss cannot be normalised by them")
    return loss / scale


def _of_same_shape(predictions: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
    """Both as floating arrays."""
    predictions, targets = as_floating(predictions, "predictions"), as_floating(targets, "targets")
    if predictions.shape[-2:] != targets.shape[-2:] or targets.ndim < 2:
        raise InputError(
            f"targets: shape {targets.shape} does not fit predictions {predictions.shape}; both "
            "end with one row per sample and one column per output"
        )
    return predictions, targets
