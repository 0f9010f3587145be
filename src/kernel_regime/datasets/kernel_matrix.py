"""Kernel matrices in the catalog: jobs go in, memory-mapped matrices come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NewType

import numpy as np
from kedro.io import AbstractDataset, DatasetError

from kernel_regime.core.arrays import Array
from kernel_regime.datasets.labelled_data import local_path
from kernel_regime.datasets.partitions import (
    forget_partitions,
    record_partitions,
    recorded_partitions,
)
from kernel_regime.execution.store import (
    KernelJob,
    SharedDisk,
    disk_of,
    fill,
    is_complete,
    open_matrix,
)
from kernel_regime.execution.store.job import Fingerprint

# kedro-viz shows what a preview returns by the name of its type.
TablePreview = NewType("TablePreview", dict[str, Any])

LazyJobs = Mapping[str, Callable[[], KernelJob]]


class KernelMatrixDataset(AbstractDataset[KernelJob, Array]):
    """A `.npy` file that saving a `KernelJob` fills tile by tile, and its JSON manifest.

    Saving resumes what an earlier run left, returns at once when all is there, and refuses to
    replace an expensive matrix of other inputs. An incomplete or damaged matrix does not exist.

    Parameters
    ----------
    filepath : str
        The `.npy` file, on a local file system: it is filled in place and memory-mapped.
    metadata : dict, optional
        Ignored; for plugins.

    Examples
    --------
    >>> import tempfile
    >>> from kernel_regime.kernels import Polynomial
    >>> dataset = KernelMatrixDataset(filepath=f"{tempfile.mkdtemp()}/quadratic.npy")
    >>> dataset.save(KernelJob(Polynomial(degree=2, intercept=0.0), [[1.0], [2.0]]))
    >>> dataset.load().tolist()
    [[1.0, 4.0], [4.0, 16.0]]
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = local_path(filepath)
        self.metadata = metadata

    def save(self, data: KernelJob) -> None:
        """Fill the file."""
        fill(_checked_job(lambda: data, self._filepath), self._filepath)

    def load(self) -> Array:
        """The complete matrix, memory-mapped read-only."""
        return open_matrix(self._filepath)

    def preview(self, nrows: int = 8) -> TablePreview:
        """The upper left corner, for kedro-viz."""
        corner = np.asarray(self.load()[:nrows, :nrows], np.float64)
        columns = [str(j) for j in range(corner.shape[1])]
        rows = [[float(f"{value:.4g}") for value in row] for row in corner]
        return TablePreview({"index": list(range(len(rows))), "columns": columns, "data": rows})

    def _exists(self) -> bool:
        return is_complete(self._filepath)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


@dataclass(frozen=True)
class KernelPartition:
    """A kernel matrix that calling opens, and computes first where it gave way to others."""

    disk: SharedDisk
    path: Path

    def __call__(self) -> Array:
        """The matrix, memory-mapped read-only."""
        return self.disk.open(self.path)

    def content(self) -> Fingerprint:
        """The fingerprint of the matrix, which need not be there."""
        return self.disk.content(self.path)


class KernelMatricesDataset(AbstractDataset[LazyJobs, dict[str, Callable[[], Array]]]):
    """A folder of kernel matrices, `<partition>.npy`, filled one after the other.

    As with a partitioned dataset, partitions are callables: on saving they make a `KernelJob`
    each, on loading they open a matrix. Those that do not fit `execution.disk` together are
    computed when they are opened: see `SharedDisk`.

    Parameters
    ----------
    path : str
        The folder, on a local file system.
    metadata : dict, optional
        Ignored; for plugins.

    Examples
    --------
    >>> import tempfile
    >>> from kernel_regime.kernels import Polynomial
    >>> dataset = KernelMatricesDataset(path=tempfile.mkdtemp())
    >>> job = KernelJob(Polynomial(degree=2, intercept=0.0), [[1.0], [2.0]])
    >>> dataset.save({"level_0/quadratic": lambda: job})
    >>> dataset.load()["level_0/quadratic"]().tolist()
    [[1.0, 4.0], [4.0, 16.0]]
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._folder = local_path(path)
        self.metadata = metadata

    def file(self, partition: str) -> Path:
        """Where a partition lies, or will lie."""
        return self._folder / f"{partition}.npy"

    def save(self, data: LazyJobs) -> None:
        """Fill the files that fit `execution.disk`; the others when they are loaded."""
        jobs = {
            self.file(partition): partial(_checked_job, describe, self.file(partition))
            for partition, describe in data.items()
        }
        forget_partitions(self._folder)
        self._disk.add(jobs)
        record_partitions(self._folder, data)

    def load(self) -> dict[str, Callable[[], Array]]:
        """What opens each matrix, memory-mapped read-only, by partition."""
        names = self._partitions()
        if not names:
            raise DatasetError(f"{self._folder}: no kernel matrices; run kernel_generation")
        return {name: KernelPartition(self._disk, self.file(name)) for name in names}

    @property
    def _disk(self) -> SharedDisk:
        """Shared with the other kernels of the experiment, which lie beside this folder."""
        return disk_of(self._folder.parent)

    def _partitions(self) -> list[str]:
        files = self._folder.rglob("*.npy")
        found = {f.relative_to(self._folder).with_suffix("").as_posix() for f in files}
        return sorted(found.union(recorded_partitions(self._folder) or ()))

    def _exists(self) -> bool:
        wanted = recorded_partitions(self._folder)
        return wanted is not None and all(is_complete(self.file(name)) for name in wanted)

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._folder)}


def _checked_job(describe: Callable[[], Any], path: Path) -> KernelJob:
    job = describe()
    if not isinstance(job, KernelJob):
        raise DatasetError(
            f"{path}: expected a KernelJob, got {type(job).__name__}; "
            "describe the matrix with execution.store.KernelJob(kernel, rows, columns)"
        )
    return job
