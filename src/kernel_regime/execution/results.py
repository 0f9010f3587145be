"""Results on disk, addressed by content: what was finished is found, whatever it is called."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array, as_array
from kernel_regime.core.files import digest, replacing
from kernel_regime.core.types import Json, Matrix
from kernel_regime.execution.store.job import Fingerprint
from kernel_regime.execution.store.manifest import Places, read_manifest

Content = Mapping[str, Array | pd.DataFrame]
Keep = Callable[[Mapping[str, Json], Callable[[], Content]], Content]
"""How a long computation comes by its parts: `Results.get`, or `compute_anew`."""

_LAYOUT = "layout.json"  # member of the archive: names of arrays, and of tables with their columns

logger = logging.getLogger(__name__)


class Results:
    """Folder of results, each in one `.npz` named by the digest of what it follows from.

    A long node keeps every result as soon as it exists, so that a run that was killed goes on
    with the first one that is missing, and a noise level inserted in the middle of a list
    recomputes nothing.

    Parameters
    ----------
    folder : path-like
        Created with the first result.

    Examples
    --------
    >>> import tempfile
    >>> results = Results(tempfile.mkdtemp())
    >>> compute = lambda: {"sum": np.array([3.0])}
    >>> results.get({"what": "sum", "of": [1, 2]}, compute)["sum"].tolist()
    [3.0]
    >>> results.get({"what": "sum", "of": [1, 2]}, lambda: {})["sum"].tolist()  # found
    [3.0]
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)

    def get(self, description: Mapping[str, Json], compute: Callable[[], Content]) -> Content:
        """The result of a description: the one on disk, or a new one, kept from now on.

        Parameters
        ----------
        description : mapping
            JSON-able, and equal exactly where the result is: kernels and data by their
            fingerprints, all parameters, and a number to raise when the code gives other values.
        compute : callable
            Gives arrays and tables by name. Columns are numbers, booleans or strings.
        """
        path = self._folder / f"{description_digest(description)}.npz"
        found = _read(path)
        if found is not None:
            logger.info("%s: found in %s", description.get("what", "result"), path)
            return found
        content = compute()
        _write(path, description, content)
        return content


def compute_anew(description: Mapping[str, Json], compute: Callable[[], Content]) -> Content:
    """The result, computed and kept nowhere: what stands for `Results.get` in a notebook.

    Examples
    --------
    >>> compute_anew({"what": "sum"}, lambda: {"sum": np.array([3.0])})
    {'sum': array([3.])}
    """
    return compute()


def description_digest(description: Mapping[str, Json]) -> str:
    """32 hex digits of a description's SHA-256, whatever the order of its keys.

    Examples
    --------
    >>> description_digest({"a": 1, "b": [2]}) == description_digest({"b": [2], "a": 1})
    True
    """
    text = json.dumps(description, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def matrix_content(matrix: Matrix) -> Fingerprint | str:
    """What a matrix is: the fingerprint under which it was filled, else the digest of its values.

    Examples
    --------
    >>> matrix_content(np.eye(2)) == matrix_content(np.eye(2))
    True
    """
    file = getattr(matrix, "filename", None)
    manifest = read_manifest(Places(Path(file)).manifest) if file else None
    if manifest is not None and matrix.shape == manifest.shape:  # and no part of it
        return manifest.fingerprint
    return digest(as_array(matrix, "matrix"))


def partition_content(load: Callable[[], Matrix]) -> Fingerprint | str:
    """What a partition holds: asked of it where it knows, so that nothing is computed or read.

    Examples
    --------
    >>> partition_content(lambda: np.eye(2)) == matrix_content(np.eye(2))
    True
    """
    known = getattr(load, "content", None)
    return matrix_content(load()) if known is None else known()


def _write(path: Path, description: Mapping[str, Json], content: Content) -> None:
    members: dict[str, Array] = {}
    layout: dict[str, list[str] | None] = {}
    for name, part in content.items():
        if isinstance(part, pd.DataFrame):
            layout[name] = list(part.columns)
            members |= {f"{name}.{column}": _plain(part[column]) for column in part}
        else:
            layout[name] = None
            members[name] = part
    text = json.dumps({"description": description, "content": layout}, indent=1)
    with replacing(path, durable=True) as draft:
        cast(Callable[..., None], np.savez)(draft, **{_LAYOUT: np.array(text)}, **members)


def _plain(column: pd.Series) -> Array:
    """A column as an array that needs no pickling."""
    if column.dtype.kind in "biuf":
        return np.asarray(column)
    if not pd.api.types.is_string_dtype(column):
        raise TypeError(f"column {column.name}: neither numbers, booleans nor strings alone")
    return np.asarray(column, str)


def _read(path: Path) -> Content | None:
    """The content of a file; None where there is none, or none that is whole."""
    try:
        with path.open("rb") as file, np.load(file) as archive:
            layout = json.loads(str(archive[_LAYOUT]))["content"]
            return {
                name: archive[name]
                if columns is None
                else pd.DataFrame({column: archive[f"{name}.{column}"] for column in columns})
                for name, columns in layout.items()
            }
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):  # checked by CRC-32 on the way
        return None
