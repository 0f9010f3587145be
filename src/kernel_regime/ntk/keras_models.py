"""Keras models as JAX functions."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import PyTree, Tensor
from kernel_regime.ntk.factors import Apply

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

if TYPE_CHECKING:
    import keras


_SEED = "/seed_generator_state"  # how Keras calls what random layers draw from


@dataclass(frozen=True)
class JaxModel:
    """A Keras model in inference mode as a JAX function.

    Parameters
    ----------
    apply : callable
        `apply(params, x) -> (n, K)`, in the dtype of x.
    params : dict
        Trainable weights by their place in the model: `0/kernel`, `1/bias`, …
    identity : str
        What `apply` computes: alike for two models only where they give the same outputs for the
        same `params`.
    """

    apply: Apply
    params: dict[str, Array]
    identity: str


def as_jax(model: "keras.Model", sample_shape: tuple[int, ...]) -> tuple[Apply, dict[str, Array]]:
    """A built Keras model in inference mode as `apply(params, x)`, and its trainable weights.

    Weights are named by their place in the model. Those that are not trained (moving averages,
    fixed features) become constants. Models that run the same program share one `apply`,
    constants aside, so that what JAX compiles for the first serves the others. The model itself
    is left alone: later changes of its weights do not reach the result.

    Parameters
    ----------
    model : keras.Model
        Any model, built, on the TensorFlow backend.
    sample_shape : tuple of int
        Shape of one input.

    Raises
    ------
    InputError
        If the model is not built, or has an operation that JAX cannot run, as loops of recurrent
        layers.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.layers.Dense(2, kernel_initializer="ones")])
    >>> model.build((None, 3))
    >>> apply, params = as_jax(model, (3,))
    >>> apply(params, np.ones((1, 3), np.float32)).tolist(), sorted(params)
    ([[3.0, 3.0]], ['0/kernel', '1/bias'])
    """
    read = read_keras(model, sample_shape)
    return read.apply, read.params


def read_keras(model: "keras.Model", sample_shape: tuple[int, ...]) -> JaxModel:
    """`as_jax`, with what identifies the function."""
    if not model.built:
        raise InputError(
            f"{type(model).__name__}: the model has no weights yet; call it on a batch first"
        )
    trained = {id(variable) for variable in model.trainable_variables}
    values = {place: np.asarray(variable) for place, variable in _places(model).items()}
    params = {place: values[place] for place, v in _places(model).items() if id(v) in trained}
    constants = {place: value for place, value in values.items() if place not in params}
    program = _convert(model, values, tuple(sample_shape))
    function = _first_alike(program).function
    identity = json.dumps([_describe(model) or program.digest, digest_of_arrays(constants)])
    read = {place: value for place, value in constants.items() if place not in program.idle}
    if not read:
        return JaxModel(function, params, identity)

    def apply(params: dict[str, PyTree], x: jax.Array) -> jax.Array:
        """Logits (n, K) of inputs (n, ...), in their dtype."""
        return function({p: _like(v, x) for p, v in read.items()} | params, x)

    return JaxModel(apply, params, identity)


def model_content(model: "keras.Model", sample_shape: tuple[int, ...]) -> str:
    """Text that two built models share only where they compute the same, weights included.

    Networks of this package say what they are; the program of any other is read for it.

    Examples
    --------
    >>> import keras
    >>> models = [
    ...     keras.Sequential([keras.layers.Dense(2, kernel_initializer=k)])
    ...     for k in ("ones", "ones", "zeros")
    ... ]
    >>> for model in models:
    ...     model.build((None, 3))
    >>> one, same, other = (model_content(model, (3,)) for model in models)
    >>> one == same, one == other
    (True, False)
    """
    weights = {place: np.asarray(variable) for place, variable in _places(model).items()}
    function = _describe(model) or read_keras(model, sample_shape).identity
    return json.dumps([function, digest_of_arrays(weights)])


@dataclass(frozen=True)
class _Program:
    """A function of variables by place, `idle` ones aside, equal to those of the same program."""

    digest: str
    function: Apply = field(compare=False, repr=False)
    idle: frozenset[str] = frozenset()


@lru_cache(maxsize=16)
def _first_alike(program: _Program) -> _Program:
    """The first program that was equal to this one."""
    return program


def _convert(
    model: "keras.Model", values: dict[str, Array], sample_shape: tuple[int, ...]
) -> _Program:
    """The model as a function of its variables."""
    with from_extra("networks"):
        import keras
        import tensorflow as tf
        import tf2jax

    order, variables = zip(*_places(model).items(), strict=True)

    def outputs(weights: Sequence[Tensor], x: Tensor) -> Tensor:
        with keras.StatelessScope(state_mapping=list(zip(variables, weights, strict=True))):
            return model(x, training=False)

    weights = [tf.TensorSpec(v.shape, v.dtype) for v in variables]
    samples = tf.TensorSpec((None, *sample_shape), model.variable_dtype)
    try:
        graph = tf.function(outputs, autograph=False)
        function, captured = tf2jax.convert(graph, weights, samples)
        seeds = {place: value for place, value in values.items() if place.endswith(_SEED)}

        def apply(values: dict[str, PyTree], x: jax.Array) -> jax.Array:
            """Logits (n, K) of inputs (n, ...), in their dtype."""
            given = [values.get(place, seeds.get(place)) for place in order]
            return jnp.asarray(function(captured, given, x)[0]).astype(x.dtype)

        digest = _digest_of_program(apply, values, sample_shape)
        # Dropout has a seed that inference does not read: no reason to compile for each anew.
        others = {place: value + 1 for place, value in seeds.items()}
        idle = seeds and _digest_of_program(apply, values | others, sample_shape) == digest
        return _Program(digest, apply, frozenset(seeds if idle else ()))
    except Exception as error:  # of tf2jax, or of JAX on what it made
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"{type(model).__name__}: JAX cannot run this model ({reason}); give recurrent layers "
            "`unroll=True`, or write the network in JAX and call `empirical_ntk`"
        ) from error


def _digest_of_program(
    apply: Apply, values: dict[str, Array], sample_shape: tuple[int, ...]
) -> str:
    """SHA-256 over outputs and gradients as JAX computes them, operation by operation."""
    x = np.zeros((2, *sample_shape), np.float32)
    weights = {place: _like(value, x) for place, value in values.items()}
    moving = {p: v for p, v in weights.items() if np.issubdtype(v.dtype, np.floating)}
    fixed = {p: v for p, v in weights.items() if p not in moving}

    def outputs_and_gradients(
        moving: dict[str, jax.Array], x: jax.Array
    ) -> tuple[jax.Array, PyTree]:
        outputs, backward = jax.vjp(lambda moving: apply(fixed | moving, x), moving)
        return outputs, backward(jnp.ones_like(outputs))

    program = jax.make_jaxpr(outputs_and_gradients)(moving, x)
    text = re.sub(r" at 0x[0-9a-f]+", "", str(program.jaxpr))
    constants = {str(i): np.asarray(value) for i, value in enumerate(program.consts)}
    content = [text, sorted(weights), digest_of_arrays(constants)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _places(model: "keras.Model") -> "dict[str, keras.Variable]":
    """All variables by their place in the model: `0/kernel`, `1/bias`, …"""
    return {f"{i}/{v.path.rsplit('/', 1)[-1]}": v for i, v in enumerate(model.variables)}


def _describe(model: "keras.Model") -> str | None:
    """Kind and configuration of a network of this package; None for any other model.

    The program of those is what identifies them, since their classes may be written anew.
    """
    described = type(model)
    if not described.__module__.startswith("kernel_regime.networks."):
        return None
    config = {key: value for key, value in model.get_config().items() if key != "name"}
    return f"{described.kind} {json.dumps(config, sort_keys=True, default=str)}"


def digest_of_arrays(arrays: dict[str, Array]) -> str:
    """SHA-256 over names, types, shapes and values."""
    state = hashlib.sha256()
    for name, values in sorted(arrays.items()):
        array = np.ascontiguousarray(values)
        state.update(f"{name} {array.dtype.name} {array.shape}".encode())
        state.update(array.reshape(-1).view(np.uint8).data)
    return state.hexdigest()


def _like(value: Array, x: Array | jax.Array) -> Array:
    """A variable in the dtype of the inputs; integers stay what they are."""
    return value.astype(x.dtype) if jnp.issubdtype(value.dtype, jnp.floating) else value
