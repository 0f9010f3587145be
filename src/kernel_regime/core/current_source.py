"""Modules that were edited after they were imported: what runs is not what their files say."""

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Arguments

_IMMUTABLE = (bool, int, float, complex, str, bytes, tuple, type(None))


def require_current(files: Iterable[Path]) -> None:
    """Refuse files that say something else than the modules that were imported from them.

    Functions are compared by their code, constants that are assigned once by their value. What
    an import hook rewrote is taken as it is.

    Raises
    ------
    InputError
        Naming the module; a restart or `importlib.reload` brings it up to date.

    Examples
    --------
    >>> require_current([Path(inspect.__file__)])
    """
    wanted = {str(file) for file in files}
    for name, module in list(sys.modules.items()):
        # Not by getattr: there are modules that load themselves when asked for anything.
        file = getattr(module, "__dict__", {}).get("__file__")
        if not isinstance(file, str) or _resolved(file) not in wanted:
            continue
        plain = type(getattr(module, "__loader__", None)) is SourceFileLoader
        if plain and name != "__main__" and not _says_the_same(module, Path(file)):
            raise InputError(
                f"{name}: {file} was edited after it was imported, so that what runs is not what "
                f"it says; start again, or importlib.reload({name})"
            )


@cache
def _resolved(file: str) -> str:
    """A file's path without links: asked thousands of times, of the same modules."""
    return str(Path(file).resolve())


def _says_the_same(module: ModuleType, file: Path) -> bool:
    try:
        codes, constants = _text(file.read_bytes(), str(module.__file__))
    except SyntaxError:
        return False
    same = all(code in codes for code in _codes(module))
    return same and all(
        name not in vars(module) or repr(vars(module)[name]) == repr(value)
        for name, value in constants.items()
    )


@lru_cache(maxsize=64)
def _text(text: bytes, file: str) -> tuple[frozenset[CodeType], Arguments]:
    """Code of every function in a text, and constants that it assigns once."""
    tree = ast.parse(text)
    assigned = [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    shared = {name for n in ast.walk(tree) if isinstance(n, ast.Global) for name in n.names}
    constants = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=given):
                value = _literal(given)
                if assigned.count(name) == 1 and name not in shared and value is not ast:
                    constants[name] = value
    return frozenset(_nested(compile(tree, file, "exec", dont_inherit=True))), constants


def _literal(node: ast.expr) -> object:
    """The value of an immutable literal; `ast` itself for anything else."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return ast
    return value if isinstance(value, _IMMUTABLE) else ast


def _nested(code: CodeType) -> Iterator[CodeType]:
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield part
            yield from _nested(part)


def _codes(owner: ModuleType | type) -> Iterator[CodeType]:
    """Code of the functions of a module, and of those of its classes."""
    module = owner if isinstance(owner, ModuleType) else sys.modules[owner.__module__]
    for value in list(vars(owner).values()):
        if getattr(value, "__module__", module.__name__) != module.__name__:
            continue
        if inspect.isclass(value):
            if value.__qualname__ != getattr(owner, "__qualname__", None):
                yield from _codes(value)
            continue
        for name in ("fget", "func", "__func__", "__wrapped__"):  # properties, static methods …
            value = getattr(value, name, None) or value
        code = getattr(value, "__code__", None)
        if isinstance(code, CodeType) and code.co_filename == module.__file__:
            yield code
