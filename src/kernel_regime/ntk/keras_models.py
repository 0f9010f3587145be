"""Keras models as JAX functions."""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.ntk.factors import Apply

if TYPE_CHECKING:
    import keras


def as_jax(model: "keras.Model", sample_shape: tuple[int, ...]) -> tuple[Apply, dict[str, Array]]:
    """A built Keras model in inference mode as `apply(params, x)`, and its trainable weights.

    Weights are named by their place in the model. Those that are not trained (moving averages,
    fixed features) become constants. Models of one architecture share one `apply`, constants
    aside, so that what JAX compiles for the first serves the others. The model itself is left
    alone: later changes of its weights do not reach the result.

    Parameters
    ----------
    model : keras.Model
        Any model, built, on the TensorFlow backend.
    sample_shape : tuple of int
        Shape of one input.
    """
    function, needed = _convert(_Architecture(_describe(model), sample_shape, model))
    values = {place: np.asarray(variable) for place, variable in _places(model).items()}
    trained = {id(variable) for variable in model.trainable_variables}
    params = {p: values[p] for p, v in _places(model).items() if p in needed and id(v) in trained}
    constants = {place: values[place] for place in needed - params.keys()}
    if not constants:
        return function, params

    def apply(params: dict[str, Any], x: Any) -> Any:
        """Logits (n, K) of inputs (n, ...), in their dtype."""
        return function({p: v.astype(x.dtype) for p, v in constants.items()} | params, x)

    return apply, params


@dataclass(frozen=True)
class _Architecture:
    """What a model computes, whatever its weights; the model is one example."""

    description: str
    sample_shape: tuple[int, ...]
    model: Any = field(compare=False, repr=False)


@lru_cache(maxsize=8)
def _convert(architecture: _Architecture) -> tuple[Apply, frozenset[str]]:
    """The model as a function of its variables by place, and the places that it reads."""
    import tensorflow as tf
    import tf2jax

    model = architecture.model
    graph = tf.function(lambda x: model(x, training=False))
    shape = tf.TensorSpec((None, *architecture.sample_shape), tf.float32)
    function, variables = tf2jax.convert(graph, shape)
    place_of = {variable.path: place for place, variable in _places(model).items()}

    def apply(values: dict[str, Any], x: Any) -> Any:
        """Logits (n, K) of inputs (n, ...), in their dtype."""
        return function({name: values[place_of[name]] for name in variables}, x)[0]

    return apply, frozenset(place_of[name] for name in variables)


def _places(model: "keras.Model") -> "dict[str, keras.Variable]":
    """All variables by their place in the model: `0/kernel`, `1/bias`, …"""
    return {f"{i}/{v.path.rsplit('/', 1)[-1]}": v for i, v in enumerate(model.variables)}


def _describe(model: "keras.Model") -> str:
    """Class and configuration: what Keras itself rebuilds a model from, seed and name aside."""
    config = {k: v for k, v in model.get_config().items() if k not in ("seed", "name")}
    return f"{type(model)} {json.dumps(config, sort_keys=True, default=str)}"
