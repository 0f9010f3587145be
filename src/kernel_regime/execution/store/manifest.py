"""Manifest beside a matrix file: its inputs, which tiles are done, what they cost."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import psutil

from kernel_regime.core.arrays import Dtype
from kernel_regime.core.files import write_json
from kernel_regime.core.types import Identity
from kernel_regime.execution.store.tiles import TileGrid

_FORMAT = 2
# Format 1 called a kernel by its Python class.
_KINDS = {
    "FullyConnectedNTK": "fully_connected_ntk",
    "FullyConnectedNNGP": "fully_connected_nngp",
    "TwoLayerNTK": "two_layer_ntk",
    "TwoLayerNNGP": "two_layer_nngp",
    "Polynomial": "polynomial",
    "RandomFeatures": "random_features",
    "MyrtleNTK": "myrtle_ntk",
    "MyrtleNNGP": "myrtle_nngp",
    "StaxKernel": "stax",
    "EmpiricalNTK": "empirical_ntk",
    "KerasNTK": "keras_ntk",
    "ShallowNTK": "shallow_ntk",
}


@dataclass(frozen=True)
class Places:
    """Where the parts of one stored matrix lie.

    Examples
    --------
    >>> Places(Path("kernels/ntk.npy")).manifest.name
    'ntk.npy.json'
    """

    final: Path

    @property
    def partial(self) -> Path:
        """The file while it is being filled."""
        return self._beside(".partial")

    @property
    def manifest(self) -> Path:
        """What is known about it."""
        return self._beside(".json")

    @property
    def lock(self) -> Path:
        """Held by the process that fills it."""
        return self._beside(".lock")

    @property
    def label(self) -> str:
        """How messages call the matrix: its partition, `train_kernels/level_0/ntk`."""
        return "/".join((*self.final.parent.parts[-2:], self.final.stem))

    def allocated(self) -> int:
        """Bytes that the matrix, finished or not, already occupies on the disk."""
        found = (p.stat() for p in (self.final, self.partial) if p.exists())
        # Windows does not say how many blocks a file has.
        return sum(512 * s.st_blocks if hasattr(s, "st_blocks") else s.st_size for s in found)

    def _beside(self, suffix: str) -> Path:
        return self.final.with_name(self.final.name + suffix)


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

    Examples
    --------
    >>> matrix = {"kernel": {"kind": "polynomial"}, "dtype": "float32", "shape": [40, 40]}
    >>> manifest = Manifest(matrix | {"rows": "5feceb66", "columns": None}, edge=16)
    >>> manifest.symmetric, len(manifest.grid.tiles)
    (True, 6)
    """

    fingerprint: Identity
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
    def dtype(self) -> Dtype:
        """Type of the matrix."""
        return np.dtype(self.fingerprint["dtype"])

    @property
    def symmetric(self) -> bool:
        """Whether the matrix is that of samples with themselves."""
        return self.fingerprint["columns"] is None

    @property
    def grid(self) -> TileGrid:
        """The tiles of the matrix."""
        return TileGrid(self.shape, self.edge, self.symmetric)

    def write(self, path: Path) -> None:
        """Replace the file in one step: readers and crashes see the old or the new one."""
        write_json(path, {"format": _FORMAT, **asdict(self)}, durable=True)


def read_manifest(path: Path) -> Manifest | None:
    """The manifest at `path`; None where there is none that can be understood."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("format")
        if version == 1:
            kernel = content["fingerprint"]["kernel"]
            kernel["kind"] = stable_kind(kernel["kind"])
        elif version != _FORMAT:
            return None
        return Manifest(**content)
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
        return None


def stable_kind(name: str) -> str:
    """Kind of a kernel that goes by its Python class, as the first format called all of them.

    Examples
    --------
    >>> stable_kind("MyrtleNTK"), stable_kind("my_module:Kernel")
    ('myrtle_ntk', 'my_module:Kernel')
    """
    return _KINDS.get(name, name)


def differences(recorded: Identity, wanted: Identity) -> str:
    """What sets two fingerprints apart, in words.

    Examples
    --------
    >>> differences({"dtype": "float32", "rows": "a"}, {"dtype": "float64", "rows": "b"})
    'dtype is float32, wanted float64; the row inputs differ'
    """
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
