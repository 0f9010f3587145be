"""Losses and accuracy as the papers report them."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError


def squared_errors(predictions: Array, targets: Array) -> Array:
    """Squared loss per sample, summed over outputs: (..., n, outputs) → (..., n)."""
    return np.square(predictions - targets).sum(axis=-1)


def correct(predictions: Array, targets: Array) -> Array:
    """Whether each sample is classified correctly: (..., n, outputs) → boolean (..., n).

    The largest output wins; a single output counts by its sign.
    """
    if targets.shape[-1] == 1:
        return (predictions[..., 0] > 0) == (targets[..., 0] > 0)
    return predictions.argmax(axis=-1) == targets.argmax(axis=-1)


def normalised_loss(loss: Array | float, targets: Array) -> Array | float:
    """Squared loss over that of predicting zero, ‖y − ŷ‖²/‖y‖² = 1 − R² for centred targets.

    Parameters
    ----------
    loss : array or float
        Mean squared loss, as in the columns of `kernel_scores`.
    targets : array (n, outputs)
        Of the same samples; not all zero.
    """
    scale = np.square(targets).sum() / len(targets)
    if scale == 0:
        raise InputError("targets: all are zero, so the loss cannot be normalised by them")
    return loss / scale
