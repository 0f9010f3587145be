"""Trained functions: one moment of any network, as a JAX function with its parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.types import PyTree
from kernel_regime.ntk.empirical import empirical_ntk
from kernel_regime.ntk.factors import Apply
from kernel_regime.ntk.keras_models import as_jax
from kernel_regime.ntk.observations import NetworkOutputs, TangentKernels
from kernel_regime.ntk.training_kernel import in_training_units

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

if TYPE_CHECKING:
    import keras

_BATCH = 256  # samples of which outputs are computed at once


@dataclass(frozen=True)
class TrainedFunction:
    """A network at one moment of its training.

    Parameters
    ----------
    apply : callable
        JAX function `apply(params, x) -> (n, K)` that treats samples independently.
    params : pytree of arrays
        Its parameters then.

    Examples
    --------
    >>> moment = TrainedFunction(lambda w, x: x @ w, np.ones((2, 1)))
    >>> moment.kernel(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    """

    apply: Apply
    params: PyTree

    def outputs(self, x: Array) -> Array:
        """Outputs (n, K) of samples, in float64."""
        with jax_precision(x.dtype):
            parts = [
                np.asarray(self.apply(self.params, jnp.asarray(x[i : i + _BATCH])), np.float64)
                for i in range(0, len(x), _BATCH)
            ]
        if parts[0].ndim != 2 or not all(np.isfinite(part).all() for part in parts):
            raise InputError(
                f"model: outputs of shape {parts[0].shape} must be finite rows (n, K); return one "
                "row of outputs per sample"
            )
        return np.concatenate(parts)

    def kernel(self, x1: Array, x2: Array | None = None) -> Array:
        """Tangent kernel summed over the outputs."""
        return empirical_ntk(self.apply, self.params, x1, x2, "trace")

    def observe(self, train: Array, test: Array) -> tuple[TangentKernels, NetworkOutputs]:
        """Kernels averaged over the outputs, and outputs, on training and test samples."""
        outputs = NetworkOutputs(self.outputs(train), self.outputs(test))
        count = outputs.train.shape[1]
        kernels = self.kernel(train) / count, self.kernel(test, train) / count
        return TangentKernels(*kernels), outputs

    def movement_to(self, later: "TrainedFunction") -> float:
        """Distance that the parameters moved, relative to their norm here; NaN from zero."""
        pairs = zip(*(_leaves(moment) for moment in (self, later)), strict=True)
        moved, start = zip(*((np.sum((b - a) ** 2), np.sum(a**2)) for a, b in pairs), strict=True)
        return float(np.sqrt(sum(moved) / sum(start))) if sum(start) else float("nan")

    def require_other(self, later: "TrainedFunction") -> None:
        """Refuse parameters that are not finite, do not fit, or did not change.

        Raises
        ------
        InputError
            Naming the first parameter, or what to keep before training.
        """
        shapes = [
            [(place, np.shape(leaf)) for place, leaf in _places(moment)] for moment in (self, later)
        ]
        if shapes[0] != shapes[1]:
            raise InputError(
                "before: parameters differ from those after training in number or shape; give "
                "those of the same network"
            )
        for name, moment in (("before", self), ("after", later)):
            for place, leaf in _places(moment):
                if not np.isfinite(np.asarray(leaf, np.float64)).all():
                    raise InputError(f"{name}: parameter {place} is not finite; train again")
        pairs = zip(_leaves(self), _leaves(later), strict=True)
        if all(np.array_equal(a, b) for a, b in pairs):
            raise InputError(
                "before: the parameters are those after training; keep a copy before it, such as "
                "model.get_weights()"
            )


def _places(moment: TrainedFunction) -> list[tuple[str, jax.Array]]:
    """Parameters with their places."""
    leaves = jax.tree_util.tree_leaves_with_path(moment.params)
    return [(jax.tree_util.keystr(place), leaf) for place, leaf in leaves]


def _leaves(moment: TrainedFunction) -> list[Array]:
    """Parameters in float64."""
    return [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(moment.params)]


def of_trained_keras(
    model: "keras.Model", before: "keras.Model | Sequence[Array]", sample_shape: tuple[int, ...]
) -> tuple[TrainedFunction, TrainedFunction]:
    """A Keras model before and after training, in inference mode.

    Parameters
    ----------
    model : keras.Model
        Trained.
    before : keras.Model or list of arrays
        The same layers with their initial weights, or what `model.get_weights()` gave then:
        moving averages included.
    sample_shape : tuple of int
        Shape of one input.

    Raises
    ------
    InputError
        If the weights do not fit the model.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    >>> initial = [np.zeros((2, 1))]
    >>> first, last = of_trained_keras(model, initial, (2,))
    >>> first.outputs(np.ones((1, 2), np.float32)).tolist()
    [[0.0]]
    """
    last = _moment(model, sample_shape)
    if not isinstance(before, Sequence):
        if not hasattr(before, "get_weights"):
            raise InputError(
                f"before: {type(before).__name__} is neither a Keras model nor a list of arrays; "
                "give what model.get_weights() gave before training"
            )
        return _moment(before, sample_shape), last
    weights = model.get_weights()
    if [np.shape(value) for value in before] != [value.shape for value in weights]:
        raise InputError(
            f"before: weights of shapes {[np.shape(value) for value in before]} do not fit "
            f"{[value.shape for value in weights]} of the model; give what model.get_weights() gave"
        )
    try:
        model.set_weights(before)
        return _moment(model, sample_shape), last
    finally:
        model.set_weights(weights)


def _moment(model: "keras.Model", sample_shape: tuple[int, ...]) -> TrainedFunction:
    """In units in which the plain NTK is the kernel along which training moves the outputs."""
    return TrainedFunction(*in_training_units(model, *as_jax(model, sample_shape)))
