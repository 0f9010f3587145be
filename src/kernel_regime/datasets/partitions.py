"""Partitioned datasets that exist once all of their partitions do."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from kedro_datasets.partitions import PartitionedDataset

from kernel_regime.core.files import write_json
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import local_path

_RECORD = ".partitions.json"


class CompletePartitions(PartitionedDataset):
    """Partitions in a local folder, which exist once all that were to be saved are there.

    Kedro's own class exists with any partition at all, so that `--only-missing-outputs` passes
    over folders with files missing. Where every partition was saved and there was none, loading
    gives none.

    Parameters
    ----------
    path : str
        The folder.
    **settings
        See `kedro_datasets.partitions.PartitionedDataset`.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> dataset = CompletePartitions(
    ...     path=folder, dataset="text.TextDataset", filename_suffix=".txt"
    ... )
    >>> dataset.save({"a": "first", "b": "second"})
    >>> dataset.exists()
    True
    >>> (Path(folder) / "b.txt").unlink()
    >>> dataset.exists()
    False
    """

    def __init__(self, *, path: str, filename_suffix: str = "", **settings: object) -> None:
        super().__init__(path=path, filename_suffix=filename_suffix, **settings)
        self._folder, self._suffix = local_path(path), filename_suffix

    def save(self, data: Arguments) -> None:
        """Save the partitions; until the last is, the folder counts as incomplete."""
        forget_partitions(self._folder)
        super().save(data)
        record_partitions(self._folder, data)

    def load(self) -> dict[str, Callable[[], object]]:
        """What loads each partition."""
        return {} if recorded_partitions(self._folder) == [] else super().load()

    def _exists(self) -> bool:
        wanted = recorded_partitions(self._folder)
        if wanted is None:
            return False
        return all((self._folder / f"{name}{self._suffix}").is_file() for name in wanted)


def record_partitions(folder: Path, names: Iterable[str]) -> None:
    """Write down which partitions a folder holds, once all are saved."""
    write_json(folder / _RECORD, sorted(names))


def forget_partitions(folder: Path) -> None:
    """Say that partitions of a folder are being replaced."""
    (folder / _RECORD).unlink(missing_ok=True)


def recorded_partitions(folder: Path) -> list[str] | None:
    """The partitions a folder holds if nothing is missing, or None where saving never ended.

    A record that a full disk or a crash left empty or damaged says nothing: saving never ended.
    """
    try:
        names = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    whole = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return names if whole else None
