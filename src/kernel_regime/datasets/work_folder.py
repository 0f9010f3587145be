"""Folders in the catalog, into which nodes write as they go."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset

from kernel_regime.core.errors import InputError
from kernel_regime.datasets.labelled_data import local_path


class WorkFolderDataset(AbstractDataset[NoReturn, Path]):
    """A folder for work that outlives a run: loading gives its path, and writes nothing.

    Parameters
    ----------
    filepath : str
        The folder, on this machine.
    metadata : dict, optional
        For other tools; ignored here.

    Examples
    --------
    >>> import tempfile
    >>> WorkFolderDataset(f"{tempfile.mkdtemp()}/finished").load().name
    'finished'
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = local_path(filepath)
        self.metadata = metadata

    def load(self) -> Path:
        """The folder, which what is first written to it makes."""
        return self._filepath

    def save(self, data: NoReturn) -> None:
        """Refuse: nodes write into the folder themselves."""
        raise InputError(f"{self._filepath}: nodes write into this folder themselves")

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
