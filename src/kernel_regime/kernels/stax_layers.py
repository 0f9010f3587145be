"""Architectures of neural-tangents from a description: its layers by name, or a function."""

import hashlib
import importlib
import inspect
import sys
import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import MissingExtraError, from_extra
from kernel_regime.core.source import file_digest
from kernel_regime.core.types import Arguments
from kernel_regime.kernels.layer import LARGEST

StaxLayer = str | Arguments

StaxFunctions: TypeAlias = tuple[
    Callable[..., object], Callable[..., object], Callable[..., object]
]
"""A network of neural-tangents: functions that initialise, apply and take the kernel of it."""

CONTAINERS = ("serial", "parallel")


def neural_tangents_stax() -> ModuleType:
    """The module `neural_tangents.stax`, which warns of JAX names that it still uses.

    Raises
    ------
    MissingExtraError
        If neural-tangents is not installed, or does not go with the installed JAX.
    """
    try:
        with warnings.catch_warnings(), from_extra("stax"):
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module("neural_tangents.stax")
    except MissingExtraError:
        raise
    except (ImportError, AttributeError) as error:
        raise MissingExtraError(
            f"neural-tangents does not go with JAX {version('jax')} ({error}); "
            'pip install "kernel-regime[stax]" in an environment of its own'
        ) from error


def current_function(path: str) -> tuple[Callable[[], StaxFunctions], str]:
    """The function that `package.module:function` names, and a digest of what it comes from.

    What was imported before may be older than its file, or than another import of it: the file is
    run as it is now. Functions without one, of a notebook, are taken as they are.
    """
    module, colon, name = path.partition(":")
    if not colon:
        raise InputError(
            f"architecture: {path!r} is neither a list of layers nor package.module:function"
        )
    neural_tangents_stax()
    try:
        function = getattr(importlib.import_module(module), name)
        owner = sys.modules[function.__module__]
        file = getattr(owner, "__file__", None) or ""
        if owner.__name__ == "__main__" or not file.endswith(".py"):
            return function, hashlib.sha256(_text_of(function)).hexdigest()
        digest, text = file_digest(Path(file), owner.__name__), Path(file).read_bytes()
        return getattr(_run(owner.__name__, text), function.__name__), digest
    except (ImportError, AttributeError, ValueError, SyntaxError, OSError, KeyError) as error:
        raise InputError(
            f"architecture: {path!r} cannot be imported ({error}); "
            "give package.module:function, importable from where this runs"
        ) from error


def _text_of(function: Callable[[], StaxFunctions]) -> bytes:
    try:
        return inspect.getsource(function).encode()
    except TypeError as error:
        raise ImportError("it is not written in Python") from error


def returned_network(function: Callable[[], StaxFunctions], path: str) -> StaxFunctions:
    """What the function that `path` names returns, unless that is no network of stax."""
    arguments = inspect.signature(function).parameters.values()
    needed = any(
        it.default is it.empty and it.kind not in (it.VAR_POSITIONAL, it.VAR_KEYWORD)
        for it in arguments
    )
    network: object = None if needed else function()
    if not (isinstance(network, tuple) and len(network) == 3 and all(map(callable, network))):
        raise InputError(
            f"architecture: {path!r} is no function that needs no arguments and returns "
            "(init_fn, apply_fn, kernel_fn), as the layers of neural_tangents.stax do"
        )
    return network


@lru_cache(maxsize=32)
def _run(name: str, text: bytes) -> ModuleType:
    """A module of its own that has run this text under the name of an imported one."""
    imported, fresh = sys.modules[name], ModuleType(name)
    vars(fresh).update({key: value for key, value in vars(imported).items() if key[:2] == "__"})
    exec(compile(text, str(imported.__file__), "exec"), vars(fresh))
    return fresh


def _layer(spec: StaxLayer, where: str) -> StaxFunctions:
    """A stax layer from its name, or from its name and keyword arguments."""
    if isinstance(spec, str):
        return build_layer(spec, {}, where)
    if isinstance(spec, dict) and len(spec) == 1:
        ((name, arguments),) = spec.items()
        return build_layer(name, {} if arguments is None else arguments, where)
    raise InputError(
        f"{where}: {spec!r} is no layer; "
        "write a name, or one name with its arguments: {Dense: {out_dim: 1}}"
    )


def build_layer(name: str, arguments: Any, where: str) -> StaxFunctions:
    """Call a layer or container of stax, checking its name and arguments first."""
    stax = neural_tangents_stax()
    if name in CONTAINERS:
        if not isinstance(arguments, list | tuple) or not arguments:
            raise InputError(f"{where}: {name} holds {arguments!r}; give it layers")
        layers = [_layer(spec, f"{where}[{i}]") for i, spec in enumerate(arguments)]
        return getattr(stax, name)(*layers)
    known = [
        key for key, value in vars(stax).items() if key[0].isupper() and inspect.isfunction(value)
    ]
    if name not in known:
        raise InputError(
            f"{where}: neural_tangents.stax has no layer {name!r}; "
            f"it has {', '.join(sorted(known))}, serial and parallel"
        )
    constructor = getattr(stax, name)
    try:
        inspect.signature(constructor).bind(**arguments)
        _refuse_huge(arguments, f"{where}: {name}")
        frozen = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}
        return constructor(**frozen)
    except InputError:
        raise
    # The last is how neural-tangents refuses a value, for example a monomial of degree 9.
    except (TypeError, ValueError, NotImplementedError) as error:
        accepted = ", ".join(inspect.signature(constructor).parameters)
        raise InputError(
            f"{where}: {name} does not take {arguments!r} ({error}); "
            f"its arguments are: {accepted or 'none'}"
        ) from error


def _refuse_huge(arguments: Arguments, layer: str) -> None:
    """Refuse numbers whose squares neural-tangents would not hold, when kernels are computed."""
    for key, value in arguments.items():
        if isinstance(value, int | float) and not abs(value) <= LARGEST:
            raise InputError(
                f"{layer}.{key}: {value!r}; give one between -{LARGEST:g} and {LARGEST:g}"
            )
