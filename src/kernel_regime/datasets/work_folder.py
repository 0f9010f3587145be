"""Folders in the catalog, into which nodes write as they go."""

from pathlib import Path
from typing import NoReturn, TypeVar

from kedro.io import AbstractDataset

from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import local_path
from kernel_regime.execution.store import SharedDisk, disk_of

Loaded = TypeVar("Loaded")


class _Folder(AbstractDataset[NoReturn, Loaded]):
    """A folder for work that outlives a run; loading writes nothing."""

    def __init__(self, filepath: str, metadata: Arguments | None = None) -> None:
        self._filepath = local_path(filepath)
        self.metadata = metadata

    def save(self, data: NoReturn) -> None:
        """Refuse: nodes write into the folder themselves."""
        raise InputError(f"{self._filepath}: nodes write into this folder themselves")

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> Arguments:
        return {"filepath": str(self._filepath)}


class WorkFolderDataset(_Folder[Path]):
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

    def load(self) -> Path:
        """The folder, which what is first written to it makes."""
        return self._filepath


class KernelDiskDataset(_Folder[SharedDisk]):
    """A folder whose kernel matrices share `execution.disk`, in one folder per output.

    Parameters
    ----------
    filepath : str
        The folder, on this machine: matrices are filled in place and memory-mapped.
    metadata : dict, optional
        For other tools; ignored here.

    Examples
    --------
    >>> KernelDiskDataset("kernels").load() is disk_of(Path("kernels"))
    True
    """

    def load(self) -> SharedDisk:
        """The one `SharedDisk` of the folder in this process."""
        return disk_of(self._filepath)
