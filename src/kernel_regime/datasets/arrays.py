"""One's own NumPy arrays as a data set."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import LabelledData, local_path
from kernel_regime.datasets.labels import ClassNames, Task
from kernel_regime.datasets.splitting import DividedDataset
from kernel_regime.noise.sampling import Split


class ArraysDataset(DividedDataset):
    """Inputs and labels from an `.npz` archive, or from two `.npy` files.

    Parameters
    ----------
    filepath : str
        The archive, or the `.npy` of the inputs: (n, features), (n, side, side) or
        (n, side, side, channels).
    inputs : str
        Name of the inputs in the archive.
    labels : str
        Name of the labels in the archive; or the `.npy` of the labels, beside the inputs.
    class_names : list or mapping, optional
        See `encode_labels`.
    task : str, optional
        `classification` or `regression`; see `encode_labels`.
    split, test_share, seed, metadata
        See `DividedDataset`.

    Examples
    --------
    ```yaml
    "raw_{split}":
      type: kernel_regime.datasets.ArraysDataset
      filepath: data/01_raw/mine/{split}.npz
    ```
    """

    def __init__(
        self,
        filepath: str,
        inputs: str = "inputs",
        labels: str = "labels",
        *,
        class_names: ClassNames = None,
        task: Task | None = None,
        split: Split | None = None,
        test_share: float | None = None,
        seed: int = 0,
        metadata: Arguments | None = None,
    ) -> None:
        super().__init__(split, test_share, seed, metadata)
        self._filepath = local_path(filepath)
        self._inputs, self._labels = inputs, labels
        self._class_names, self._task = class_names, task

    @property
    def name(self) -> str:
        """Name of the file."""
        return self._filepath.name

    def load(self) -> LabelledData:
        """Samples of the split.

        Raises
        ------
        InputError
            If a file is missing or damaged, lacks an array, or its arrays are no labelled data.
        """
        inputs, labels = (
            self._members() if self._filepath.suffix == ".npz" else map(_read_npy, self._files())
        )
        data = LabelledData.of(
            inputs, labels, self._class_names, self._task, source=str(self._filepath)
        )
        return self._divided(data)

    def _members(self) -> list[Array]:
        """Both arrays of the archive."""
        with _reading(self._filepath), np.load(self._filepath, allow_pickle=False) as archive:
            for name in (self._inputs, self._labels):
                if name not in archive:
                    raise InputError(
                        f"{self._filepath} holds no array {name!r}; {did_you_mean(name, archive)} "
                        "(set inputs and labels to the names)"
                    )
            return [archive[self._inputs], archive[self._labels]]

    def _files(self) -> list[Path]:
        if self._filepath.suffix == ".npz":
            return [self._filepath]
        return [self._filepath, self._filepath.with_name(self._labels)]

    def _exists(self) -> bool:
        return all(path.is_file() for path in self._files())

    def _describe(self) -> Arguments:
        return {"filepath": str(self._filepath), **super()._describe()}


def _read_npy(path: Path) -> Array:
    """The array of a `.npy` file, mapped."""
    with _reading(path):
        return np.load(path, mmap_mode="r", allow_pickle=False)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which file is missing or damaged."""
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError as missing:
        raise InputError(f"{path} is missing; put it there, or correct the catalog") from missing
    except (ValueError, EOFError, OSError, BadZipFile, zlib.error) as error:
        raise InputError(f"{path} is no whole NumPy file of numbers ({error})") from error
