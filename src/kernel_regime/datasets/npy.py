"""NumPy arrays on disk."""

import json

import numpy as np
from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.files import replacing
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import local_path

_PREVIEWED = 1000


class NpyDataset(AbstractDataset[Array, Array]):
    """A `.npy` file, memory-mapped on load and replaced as a whole on save.

    Parameters
    ----------
    filepath : str
        On a local file system, which memory-mapping needs.
    metadata : dict, optional
        For other tools; ignored here.

    Examples
    --------
    >>> import tempfile
    >>> labels = NpyDataset(filepath=f"{tempfile.mkdtemp()}/labels.npy")
    >>> labels.save(np.arange(3))
    >>> labels.load()
    memmap([0, 1, 2])
    """

    def __init__(self, filepath: str, metadata: Arguments | None = None) -> None:
        self._filepath = local_path(filepath)
        self.metadata = metadata

    def load(self) -> Array:
        """Map the array read-only; nothing is read before it is used.

        Raises
        ------
        ValueError
            If the file is no whole `.npy` file, or holds Python objects.
        """
        try:
            return np.load(self._filepath, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise InputError(
                f"{self._filepath} is not a whole .npy file ({error}); delete it and run again"
            ) from error

    def save(self, data: Array) -> None:
        """Write beside the file, then take its place: a reader sees the old array or the new."""
        with (
            replacing(self._filepath, durable=True, partition=True) as draft,
            draft.open("wb") as file,
        ):
            np.save(file, data, allow_pickle=False)

    def preview(self) -> "JSONPreview":
        """Shape, type, and the range of the first thousand samples, for kedro-viz."""
        array = self.load()
        sample = array[:_PREVIEWED]
        summary: Arguments = {"shape": list(array.shape), "dtype": str(array.dtype)}
        if sample.size:
            summary |= {"min": float(sample.min()), "max": float(sample.max())}
            summary |= {"mean": float(sample.mean()), "std": float(sample.std())}
            summary["first sample"] = np.ravel(sample[0])[:8].tolist()
        return JSONPreview(json.dumps(summary))

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> Arguments:
        return {"filepath": str(self._filepath)}
