"""Keras models as JAX functions."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kernel_regime.spectra.factors import Apply

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]


def as_jax(model: "keras.Model", sample_shape: tuple[int, ...]) -> tuple[Apply, dict[str, Array]]:
    """A built Keras model in inference mode as `apply(params, x)`, and its trainable weights.

    Weights that are not trained (moving averages, fixed features) become constants. The model
    itself is left alone: later changes of its weights do not reach the result.

    Parameters
    ----------
    model : keras.Model
        Any model, built, on the TensorFlow backend.
    sample_shape : tuple of int
        Shape of one input.
    """
    import tensorflow as tf
    import tf2jax

    graph = tf.function(lambda x: model(x, training=False))
    function, variables = tf2jax.convert(graph, tf.TensorSpec((None, *sample_shape), tf.float32))
    values = {name: np.asarray(variable) for name, variable in variables.items()}
    trained = {name for name, variable in variables.items() if variable.trainable}
    constants = {name: value for name, value in values.items() if name not in trained}

    def apply(params: dict[str, Any], x: Any) -> Any:
        """Logits (n, K) of inputs (n, ...), in their dtype."""
        fixed = {name: value.astype(x.dtype) for name, value in constants.items()}
        return function({**fixed, **params}, x)[0]

    return apply, {name: values[name] for name in sorted(trained)}
