"""What is known about a matrix file: its inputs, which tiles are done, what they cost."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from kernel_regime.execution.store.tiles import TileGrid

_FORMAT = 1


@dataclass
class Manifest:
    """The JSON file beside a matrix.

    Parameters
    ----------
    fingerprint : dict
        Of the job, see `KernelJob.fingerprint`.
    edge : int
        Tile edge; a resumed run keeps it, so that its tiles fall where the first run's did.
    seconds : float
        Wall-clock time spent on the tiles so far, all runs together.
    checksums : dict of str to int
        CRC-32 of every tile that was written.
    sealed : int, optional
        Modification time (ns) of the finished file; another time means that somebody wrote to it.
    boot : str, optional
        In which run of the machine the file was finished, or last read in full: see `boot_id`.
    """

    fingerprint: dict[str, Any]
    edge: int
    seconds: float = 0.0
    checksums: dict[str, int] = field(default_factory=dict)
    sealed: int | None = None
    boot: str | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the matrix."""
        rows, columns = self.fingerprint["shape"]
        return rows, columns

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the matrix."""
        return np.dtype(self.fingerprint["dtype"])

    @property
    def grid(self) -> TileGrid:
        """The tiles of the matrix."""
        return TileGrid(self.shape, self.edge, symmetric=self.fingerprint["columns"] is None)

    def write(self, path: Path) -> None:
        """Replace the file in one step: readers and crashes see the old or the new one."""
        draft = path.with_name(path.name + ".tmp")
        with draft.open("w", encoding="utf-8") as file:
            json.dump({"format": _FORMAT, **asdict(self)}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)


def read_manifest(path: Path) -> Manifest | None:
    """The manifest at `path`; None where there is none that can be understood."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT:
            return None
        return Manifest(**content)
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
        return None


def differences(recorded: dict[str, Any], wanted: dict[str, Any]) -> str:
    """What sets two fingerprints apart, in words."""
    names = {"rows": "the row inputs", "columns": "the column inputs"}
    return "; ".join(
        f"{names[key]} differ"
        if key in names
        else f"{key} is {recorded.get(key)}, wanted {wanted[key]}"
        for key in wanted
        if recorded.get(key) != wanted[key]
    )


def boot_id() -> str:
    """What distinguishes this run of the machine from all others, those of other machines too."""
    linux = Path("/proc/sys/kernel/random/boot_id")
    return linux.read_text().strip() if linux.exists() else f"{psutil.boot_time():.0f}"


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
