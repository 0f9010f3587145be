"""Packages that load TensorFlow or JAX only when a name that needs it is asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_exports(package: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """A module's `__getattr__` that imports exported names on first use.

    Parameters
    ----------
    package : str
        `__name__` of the package.
    modules : mapping of str to str
        Module of the package that defines each exported name.

    Examples
    --------
    >>> load = lazy_exports("kernel_regime.core", {"grey": "images"})
    >>> load("grey").__module__
    'kernel_regime.core.images'
    """

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return load
