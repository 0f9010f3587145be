"""Kernel matrices: a job goes in, a memory-mapped matrix comes out."""

from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError
from kedro.io.core import get_protocol_and_path
from kedro_datasets._typing import TablePreview

from kernel_regime.core.arrays import Array
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.finished import is_complete, open_matrix
from kernel_regime.execution.store.job import KernelJob


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
    >>> from kernel_regime.kernels import FullyConnectedNTK
    >>> dataset = KernelMatrixDataset(filepath=f"{tempfile.mkdtemp()}/ntk.npy")
    >>> dataset.save(KernelJob(FullyConnectedNTK(layers=3), np.eye(4, dtype="float32")))
    >>> dataset.load().shape
    (4, 4)
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        protocol, path = get_protocol_and_path(filepath)
        if protocol != "file":
            raise DatasetError(
                f"{filepath}: kernel matrices are memory-mapped and need a local path, "
                f"not {protocol}; copy finished ones elsewhere"
            )
        self._filepath = Path(path)
        self.metadata = metadata

    def save(self, data: KernelJob) -> None:
        """Fill the file."""
        if not isinstance(data, KernelJob):
            raise DatasetError(
                f"{self._filepath}: expected a KernelJob, got {type(data).__name__}; "
                "describe the matrix with execution.store.KernelJob(kernel, rows, columns)"
            )
        fill(data, self._filepath)

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
