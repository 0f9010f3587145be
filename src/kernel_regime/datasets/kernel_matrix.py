"""Kernel matrices in the catalog: which partitions an output has, and what opens each."""

from collections.abc import Mapping
from pathlib import Path

from kedro.io import AbstractDataset, DatasetError

from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import local_path
from kernel_regime.datasets.partitions import record_partitions, recorded_partitions
from kernel_regime.execution.store import KernelPartition, disk_of, is_complete

KernelPartitions = dict[str, KernelPartition]


class KernelMatricesDataset(AbstractDataset[Mapping[str, KernelPartition], KernelPartitions]):
    """A folder of kernel matrices, `<partition>.npy`, which nodes fill through their `SharedDisk`.

    Saving writes down which partitions belong to the output. Loading gives what opens each,
    memory-mapped; those that do not fit `execution.disk` together are computed then.

    Parameters
    ----------
    path : str
        The folder, on a local file system; the disk is that of the folder above it.
    metadata : dict, optional
        Ignored; for plugins.

    Examples
    --------
    >>> import tempfile
    >>> from kernel_regime.execution.store import KernelJob
    >>> from kernel_regime.kernels import Polynomial
    >>> folder = Path(tempfile.mkdtemp())
    >>> matrix = disk_of(folder).partition("train_kernels", "level_0/quadratic")
    >>> job = KernelJob(Polynomial(degree=2, intercept=0.0), [[1.0], [2.0]])
    >>> disk_of(folder).add({matrix.path: lambda: job})
    >>> dataset = KernelMatricesDataset(path=f"{folder}/train_kernels")
    >>> dataset.save({"level_0/quadratic": matrix})
    >>> dataset.load()["level_0/quadratic"]().tolist()
    [[1.0, 4.0], [4.0, 16.0]]
    """

    def __init__(self, *, path: str, metadata: Arguments | None = None) -> None:
        self._folder = local_path(path)
        self.metadata = metadata

    def file(self, partition: str) -> Path:
        """Where a partition lies, or will lie."""
        return self._partition(partition).path

    def save(self, data: Mapping[str, KernelPartition]) -> None:
        """Write down which partitions there are; the matrices lie where they belong already."""
        for name, matrix in data.items():
            place = getattr(matrix, "path", type(matrix).__name__)
            if place != self.file(name):
                raise InputError(
                    f"{name}: expected the matrix at {self.file(name)}, got {place}; let "
                    f"kernel_disk in the catalog be {self._folder.parent}"
                )
        record_partitions(self._folder, data)

    def load(self) -> KernelPartitions:
        """What opens each matrix, memory-mapped read-only, by partition."""
        files = self._folder.rglob("*.npy")
        found = {f.relative_to(self._folder).with_suffix("").as_posix() for f in files}
        names = found.union(recorded_partitions(self._folder) or ())
        if not names:
            raise DatasetError(f"{self._folder}: no kernel matrices; run kernel_generation")
        return {name: self._partition(name) for name in sorted(names)}

    def _partition(self, name: str) -> KernelPartition:
        return disk_of(self._folder.parent).partition(self._folder.name, name)

    def _exists(self) -> bool:
        wanted = recorded_partitions(self._folder)
        return wanted is not None and all(is_complete(self.file(name)) for name in wanted)

    def _describe(self) -> Arguments:
        return {"path": str(self._folder)}
