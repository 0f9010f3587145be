"""Numba compilation whose cache is never stale, and parallel loops that survive threads and forks.

Numba keeps machine code on disk and throws it away when the file of a function changes, though not
when a file changes from which that function takes constants or other compiled functions. And its
parallel loops end the process where two threads start them under its simplest threading layer, or
where a process forks behind one. Both are mended here, once for all compiled code.
"""

import ast
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, update_wrapper
from pathlib import Path
from threading import Lock
from types import FunctionType
from typing import Any

import numba
from numba.core import caching

from kernel_regime.core.types import Arguments, Compiled

_PACKAGE = Path(__file__).parents[1]
_PLACES = (
    caching.UserProvidedCacheLocator,  # NUMBA_CACHE_DIR
    caching.InTreeCacheLocator,
    caching.UserWideCacheLocator,
)
_settings: Any = numba.config
_turn = Lock()
_forked = False


def compiled(**options: object) -> Callable[[Compiled], Compiled]:
    """Decorator like `numba.njit`, which caches whatever can be cached.

    Parameters
    ----------
    **options
        Of `numba.njit`. Functions with `parallel=True` are called from Python only, never from
        compiled code.

    Examples
    --------
    >>> @compiled(nogil=True)
    ... def twice(x):
    ...     return 2 * x
    >>> twice(3)
    6
    """

    def compile_it(function: Compiled) -> Compiled:
        if options.get("parallel"):
            return ParallelLoop(function, options)
        return _with_cache(function, options)

    return compile_it


class ParallelLoop:
    """Compiled function with parallel loops, callable from any thread and in forked children.

    A child of a process that has used OpenMP may not use it again: it computes on its own thread.
    Under Numba's own work queue, which is all that some installations have, threads take turns.

    Parameters
    ----------
    function : callable
        What to compile.
    options : dict
        Of `numba.njit`, `parallel` among them.
    """

    def __init__(self, function: Compiled, options: Arguments) -> None:
        update_wrapper(self, function)
        self._parallel = _with_cache(function, options)
        self._serial = _with_cache(_renamed(function), options | {"parallel": False})

    def __call__(self, *arguments: Any) -> Any:
        """What the function returns."""
        if _forked:
            return self._serial(*arguments)
        if _threading_layer() in ("omp", "tbb"):
            return self._parallel(*arguments)
        with _turn:  # it is the work queue, or the first call will tell
            return self._parallel(*arguments)


def _renamed(function: Compiled) -> FunctionType:
    """The same function under a name, and hence a place in Numba's cache, of its own."""
    twin = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    twin.__qualname__ = f"{function.__qualname__}_serial"
    twin.__module__ = function.__module__
    return twin


def _threading_layer() -> str | None:
    """Numba's threading layer, None before the first parallel loop."""
    try:
        return str(numba.threading_layer())
    except ValueError:
        return None


def _after_fork() -> None:
    """In a child: forget whose turn it was, and leave OpenMP alone if the parent has used it."""
    global _turn, _forked
    _turn = Lock()
    _forked = _threading_layer() == "omp"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _with_cache(function: Compiled, options: Arguments) -> Compiled:
    """Compile with a cache if anything can be written: beside the source, or in a home."""
    locator = PackageLocator.from_function(function, function.__code__.co_filename)
    if locator is not None:
        locator.remove_stale(function)
    with _located_here():
        return numba.njit(cache=locator is not None, **options)(function)


@contextmanager
def _located_here() -> Iterator[None]:
    """Let Numba ask `PackageLocator` where to cache, for the functions of this package only."""
    before = _settings.CACHE_LOCATOR_CLASSES
    _settings.CACHE_LOCATOR_CLASSES = f"{__name__}.{PackageLocator.__name__}"
    try:
        yield
    finally:
        _settings.CACHE_LOCATOR_CLASSES = before


class PackageLocator:
    """Place in Numba's cache that no longer exists once any source behind a function has changed.

    The digest of the sources is part of the file names: an index of other sources cannot even be
    read where a class that it mentions has been renamed.

    Parameters
    ----------
    place : locator of Numba
        Where the cache lies.
    file : str
        Where the function is defined.
    """

    def __init__(self, place: Any, file: str) -> None:
        self.get_cache_path = place.get_cache_path
        self.ensure_cache_path = place.ensure_cache_path
        self._line = place.get_disambiguator()
        self._digest = _digest_of_sources(Path(file))
        self._py_file = file  # Numba's warnings ask for it

    @classmethod
    def from_function(cls, function: Compiled, file: str) -> "PackageLocator | None":
        """Where the machine code of a function goes; None where nothing can be written."""
        for kind in _PLACES:
            place = kind.from_function(function, file)
            if place is not None:
                return cls(place, file)
        return None

    def get_source_stamp(self) -> str:
        """Digest of the function's file and of all that it imports from this package."""
        return self._digest

    def get_disambiguator(self) -> str:
        """What file names have besides that of the function."""
        return f"{self._line}-{self._digest[:16]}"

    def remove_stale(self, function: Compiled) -> None:
        """Remove what other sources have left of a function."""
        qualname = function.__qualname__.replace("<", "").replace(">", "")  # as Numba has it
        name = f"{Path(function.__code__.co_filename).stem}.{qualname}"
        for file in Path(self.get_cache_path()).glob(f"{name}-*.nb[ic]"):
            if self._digest[:16] not in file.name:
                file.unlink(missing_ok=True)


@cache
def _digest_of_sources(path: Path) -> str:
    state = hashlib.sha256()
    for source in sorted(sources_behind(path)):
        state.update(hashlib.sha256(source.read_bytes()).digest())
    return state.hexdigest()


def sources_behind(path: Path) -> set[Path]:
    """A source file and all files of this package that it imports, directly or through others.

    Examples
    --------
    >>> sorted(source.name for source in sources_behind(_PACKAGE / "core" / "files.py"))
    ['arrays.py', 'errors.py', 'files.py']
    """
    found, pending = {path}, [path]
    while pending:
        new = imported_sources(pending.pop()) - found
        found |= new
        pending += new
    return found


@cache
def imported_sources(path: Path) -> frozenset[Path]:
    """The files of this package that a source file imports itself, wherever the import stands."""
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".")[1:] for name in names if name.split(".")[0] == _PACKAGE.name]
    places = [_PACKAGE.joinpath(*part) for part in parts]
    candidates = {file for p in places for file in (p.with_suffix(".py"), p / "__init__.py")}
    return frozenset(file for file in candidates if file.is_file())
