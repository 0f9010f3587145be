"""Architectures in other words: for neural-tangents, and as JSON that identifies them."""

import hashlib
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kernel_regime.core.errors import InputError
from kernel_regime.core.source import source_digest
from kernel_regime.core.types import Json
from kernel_regime.kernels.architecture import CONTAINERS, LayerDescription
from kernel_regime.kernels.dual_activations.numerical import FUNCTIONS


def in_stax_words(given: Sequence[LayerDescription]) -> list[LayerDescription]:
    """The description with `residual` written out, as `neural_tangents.stax` has it.

    Examples
    --------
    >>> in_stax_words([{"residual": ["Relu"]}])
    [{'serial': [{'FanOut': {'num': 2}}, {'parallel': [{'serial': ['Relu']}, 'Identity']}, \
'FanInSum']}]
    """
    words: list[LayerDescription] = []
    for one in given:
        name, arguments = (one, []) if isinstance(one, str) else next(iter(one.items()))
        if name == "residual":
            branches = [{"serial": in_stax_words(arguments)}, "Identity"]
            words.append({"serial": [{"FanOut": {"num": 2}}, {"parallel": branches}, "FanInSum"]})
        elif name in CONTAINERS:
            words.append({name: in_stax_words(arguments)})
        else:
            words.append(one if isinstance(one, str) else dict(one))
    return words


def as_json(given: object) -> object:
    """The description as JSON holds it; functions by name and by a digest of their source.

    Raises
    ------
    InputError
        If a function cannot be imported by its name, so that nothing says which it is.

    Examples
    --------
    >>> as_json([{"Elementwise": {"fn": np.arctan}}])
    [{'Elementwise': {'fn': 'ufunc:arctan'}}]
    """
    if isinstance(given, Mapping):
        return {str(key): as_json(value) for key, value in given.items()}
    if isinstance(given, list | tuple | np.ndarray):
        return [as_json(value) for value in given]
    if callable(given):
        return _function_as_json(given)
    if isinstance(given, str) and ":" in given:
        module, _, name = given.partition(":")
        return _function_as_json(getattr(importlib.import_module(module), name))
    return given.item() if isinstance(given, np.generic) else given


def _function_as_json(function: Callable[..., object]) -> Json:
    """Name, and digest of its module and all that this imports from beside it.

    A function of a script or a notebook is known by its own text alone.
    """
    known = [name for name, value in FUNCTIONS.items() if value is function]
    if known:
        return known[0]
    if isinstance(function, np.ufunc):
        return f"ufunc:{function.__name__}"
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    try:
        if getattr(importlib.import_module(str(module)), name) is not function:
            raise AttributeError(name)
        source = source_digest(function)
        if source is None:
            source = hashlib.sha256(inspect.getsource(function).encode()).hexdigest()
    except (ImportError, AttributeError, OSError, TypeError) as error:
        raise InputError(
            f"architecture: {function!r} cannot be imported by its name, so that a stored matrix "
            "would not say which function it is of; put it into a module and give "
            "package.module:function"
        ) from error
    return {"function": f"{module}:{name}", "source": source}
