"""Source code of what a user brings: a digest that changes with it, and with what it imports."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from kernel_regime.core.current_source import require_current

_INSTALLED = {"site-packages", "dist-packages"}


def source_digest(defined: Callable[..., object]) -> str | None:
    """SHA-256, in hex, of the file that defines a class or function, and of its own imports.

    Own imports are all modules, however far down, that lie below the folder from which the module
    itself is imported: those beside it, and the rest of its package. What is installed counts
    with the one file alone; its version says what it imports.

    Returns
    -------
    str or None
        None if the definition is in no file, as those of a notebook.

    Raises
    ------
    InputError
        If one of the files was edited after it was imported: see `require_current`.

    Examples
    --------
    >>> from fractions import Fraction
    >>> len(source_digest(Fraction)), source_digest(type("Typed", (), {"__module__": "__main__"}))
    (64, None)
    """
    if defined.__module__ == "__main__":
        return None
    try:
        file = inspect.getsourcefile(defined)
    except (TypeError, OSError):  # a built-in; a module that is no longer known
        return None
    if file is None or not Path(file).is_file():
        return None
    require_current([Path(file).resolve()])
    return file_digest(Path(file), defined.__module__)


def file_digest(file: Path, module: str) -> str:
    """SHA-256 of a module's file and its own imports, as `source_digest` counts them.

    The module's own file may have been edited since it was imported; what it imports may not.

    Examples
    --------
    >>> len(file_digest(Path(inspect.__file__), "inspect"))
    64
    """
    state, parts = sha256(), _with_own_imports(file.resolve(), module)
    require_current(parts - {file.resolve()})
    for part in sorted(parts):
        state.update(part.read_bytes() + b"\0")
    return state.hexdigest()


def _with_own_imports(file: Path, module: str) -> set[Path]:
    """A module's file, and those of the modules below its root that it imports."""
    depth, top = module.count(".") + (file.name == "__init__.py"), module.partition(".")[0]
    installed = {*sys.stdlib_module_names, __name__.partition(".")[0]}
    if top in installed or _INSTALLED.intersection(file.parts) or depth >= len(file.parents):
        return {file}
    root, seen, unread = file.parents[depth], {file}, [file]
    while unread:
        for name in _imports(unread.pop(), root):
            new = _files(root, name) - seen
            seen |= new
            unread += new
    return seen


def _imports(file: Path, root: Path) -> Iterator[str]:
    """Full names of what a file imports; `from a import b` may mean the module a.b."""
    package = file.relative_to(root).parent.parts
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:  # whoever imports it, will be told
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            parts = (*above, *filter(None, [node.module]))
            yield from (".".join((*parts, alias.name)) for alias in node.names)


def _files(root: Path, name: str) -> set[Path]:
    """Files below `root` that importing a module, or a name from it, runs."""
    parts, files = name.split("."), set()
    for place in (root.joinpath(*parts[:end]) for end in range(1, len(parts) + 1)):
        files |= {place.with_suffix(".py"), place / "__init__.py"}
    return {file for file in files if file.is_file()}
