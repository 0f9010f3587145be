"""Disk that the kernel matrices of a run share: what does not fit is computed when asked for."""

import gc
import logging
import math
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

from kernel_regime.core.arrays import Array, MappedArray
from kernel_regime.execution.store.filling import fill_all
from kernel_regime.execution.store.finished import MissingMatrixError, is_complete, open_matrix
from kernel_regime.execution.store.job import Fingerprint, KernelJob
from kernel_regime.execution.store.manifest import Places, read_manifest
from kernel_regime.execution.store.matrix_file import file_bytes
from kernel_regime.execution.store.matrix_store import remove_matrix
from kernel_regime.execution.store.resources import (
    DiskTooSmallError,
    bytes_allowed,
    bytes_to_come,
    readable_bytes,
)

logger = logging.getLogger(__name__)

Describe = Callable[[], KernelJob]


@dataclass
class _Kernel:
    """A matrix that this process can compute again."""

    describe: Describe
    network: str = ""  # which kernels of a folder come from one pass; empty before anybody asked
    used: int = 0
    held: Callable[[], object] = lambda: None

    def cost(self, path: Path) -> float:
        """The order of magnitude of the seconds that computing it took."""
        manifest = read_manifest(Places(path).manifest)
        return round(math.log10(max(manifest.seconds, 1.0))) if manifest is not None else 0.0


@dataclass(frozen=True)
class KernelPartition:
    """A kernel matrix that calling opens, and computes first where it gave way to others.

    Examples
    --------
    >>> SharedDisk(Path("kernels")).partition("train_kernels", "level_0/ntk").path.as_posix()
    'kernels/train_kernels/level_0/ntk.npy'
    """

    disk: "SharedDisk"
    path: Path

    def __call__(self) -> Array:
        """The matrix, memory-mapped read-only."""
        return self.disk.open(self.path)

    def content(self) -> Fingerprint:
        """The fingerprint of the matrix, which need not be there."""
        return self.disk.content(self.path)


class SharedDisk:
    """Kernel matrices within `execution.disk`.

    What fits is filled at once. The others are filled when they are opened, and matrices that
    nobody holds give way to them: cheap ones before expensive ones, and of those the one used
    last, because whoever goes through all kernels in the same order needs it again last.

    Parameters
    ----------
    folder : Path
        Whatever matrices lie in it or in its subfolders count, those of other runs too, which stay.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from kernel_regime.execution.settings import Execution
    >>> from kernel_regime.kernels import Polynomial
    >>> x, folder = np.ones((64, 2), np.float32), Path(tempfile.mkdtemp())
    >>> job = KernelJob(Polynomial(degree=2), x, None, Execution(disk=20_000))  # bytes; each 16,512
    >>> disk = SharedDisk(folder)
    >>> disk.add({folder / f"{name}.npy": lambda: job for name in "ab"})
    >>> sorted(path.name for path in folder.glob("*.npy"))
    ['a.npy']
    >>> disk.open(folder / "b.npy").shape, sorted(path.name for path in folder.glob("*.npy"))
    ((64, 64), ['b.npy'])
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kernels: dict[Path, _Kernel] = {}
        self._clock = count(1)

    def __contains__(self, path: Path) -> bool:
        return path in self._kernels

    def partition(self, folder: str, name: str) -> KernelPartition:
        """The matrix called `name`, `level_0/ntk`, of one folder, whether it is there or not."""
        return KernelPartition(self, self.folder / folder / f"{name}.npy")

    def add(self, jobs: Mapping[Path, Describe]) -> None:
        """Fill the matrices that fit, in this order, and remember how to compute the others.

        Both kernels of one network are filled in one pass. Jobs are made when they are needed, so
        that the inputs of one folder, a noise level, are open at a time.

        Raises
        ------
        DiskTooSmallError
            Before the first is filled, if one of them would not fit alone.
        """
        self._kernels |= {path: _Kernel(describe) for path, describe in jobs.items()}
        fitting, deferred = self._divide(jobs)
        if deferred:
            logger.warning(
                "%s: %d of %d kernels do not fit the disk beside the others (%s more): each is "
                "computed when it is asked for, and gives way to the next",
                *(deferred[0].parents[1].name, len(deferred), len(jobs)),
                readable_bytes(sum(self._to_come(path) for path in deferred)),
            )
        for together in self._passes(fitting):
            fill_all({path: jobs[path]() for path in together})

    def open(self, path: Path) -> MappedArray:
        """The matrix at `path`, memory-mapped read-only; computed first where it is not there.

        Raises
        ------
        MissingMatrixError
            If it is not there, and was not added in this process.
        DiskTooSmallError
            If it does not fit beside the matrices that are held.
        """
        kernel = self._kernels.get(path)
        if kernel is None:
            return open_matrix(path)
        if not is_complete(path):
            job = kernel.describe()
            self._make_space(path, bytes_to_come(job, Places(path)), job.execution.disk)
            fill_all({path: job})
        matrix = open_matrix(path)
        kernel.used, kernel.held = next(self._clock), weakref.ref(matrix)
        return matrix

    def content(self, path: Path) -> Fingerprint:
        """What the matrix at `path` is, or will be; computes nothing.

        Raises
        ------
        MissingMatrixError
            If nothing is known of it.
        """
        if path in self._kernels:
            return self._kernels[path].describe().fingerprint()
        manifest = read_manifest(Places(path).manifest)
        if manifest is None:
            raise MissingMatrixError(f"{path}: no kernel matrix; run kernel_generation")
        return manifest.fingerprint

    def _divide(self, jobs: Mapping[Path, Describe]) -> tuple[list[Path], list[Path]]:
        """Which matrices fit the disk together, and which have to wait."""
        fitting: list[Path] = []
        deferred: list[Path] = []
        needed = 0
        for path, describe in jobs.items():
            job = describe()
            self._kernels[path].network = job.network() or path.name
            allowed = self._allowed(path, job.execution.disk)
            alone = file_bytes(job.shape, job.dtype)
            most = allowed + self._allocated()
            if alone > most:
                raise self._too_small(path, alone, most)
            to_come = bytes_to_come(job, Places(path))
            if to_come and needed + to_come > allowed:
                deferred.append(path)
            else:
                needed += to_come
                fitting.append(path)
        return fitting, deferred

    def _passes(self, paths: Iterable[Path]) -> list[list[Path]]:
        """Files of one folder and one network together, in the order of the first of each."""
        together: dict[tuple[Path, str], list[Path]] = {}
        for path in paths:
            together.setdefault((path.parent, self._kernels[path].network), []).append(path)
        return list(together.values())

    def _make_space(self, path: Path, needed: int, limit: int | None) -> None:
        """Let matrices go until so many bytes can be written."""
        while needed > self._allowed(path, limit):
            victims = self._free_to_go(path)
            if not victims and gc.collect():
                victims = self._free_to_go(path)
            if not victims:
                raise self._too_small(path, needed, self._allowed(path, limit))
            victim = min(victims, key=lambda p: (self._kernels[p].cost(p), -self._kernels[p].used))
            logger.info("%s: gives way to %s", Places(victim).label, Places(path).label)
            remove_matrix(Places(victim))

    def _free_to_go(self, path: Path) -> list[Path]:
        return [
            other
            for other, kernel in self._kernels.items()
            if other != path and other.exists() and kernel.held() is None
        ]

    def _allowed(self, path: Path, limit: int | None) -> int:
        return bytes_allowed(path.parent, limit, self._allocated())

    def _allocated(self) -> int:
        return sum(Places(path).allocated() for path in self._there())

    def _there(self) -> set[Path]:
        """Matrices on the disk, finished or not."""
        finished = set(self.folder.rglob("*.npy"))
        return finished | {path.with_suffix("") for path in self.folder.rglob("*.npy.partial")}

    def _to_come(self, path: Path) -> int:
        return bytes_to_come(self._kernels[path].describe(), Places(path))

    def _too_small(self, path: Path, needed: int, allowed: int) -> DiskTooSmallError:
        others = sum(Places(path).allocated() for path in self._there() - self._kernels.keys())
        of_others = f" ({readable_bytes(others)} are matrices of other runs)" if others else ""
        return DiskTooSmallError(
            f"{path}: the matrix needs {readable_bytes(needed)}, kernels may take "
            f"{readable_bytes(max(allowed, 0))} more{of_others}; free space, raise execution.disk, "
            "lower data.n_train, or move the data folder to a larger disk"
        )


@cache
def disk_of(folder: Path) -> SharedDisk:
    """The one `SharedDisk` of a folder in this process: training and test kernels share it.

    Examples
    --------
    >>> disk_of(Path("kernels")) is disk_of(Path("kernels"))
    True
    """
    return SharedDisk(folder)
