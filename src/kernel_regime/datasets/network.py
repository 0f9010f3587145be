"""Trained networks in the catalog, and the folder where trainings are kept."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets.partitions import PartitionedDataset

if TYPE_CHECKING:
    import keras


class NetworkDataset(AbstractDataset[Path, "keras.Model"]):
    """A `.keras` file: saved by copying a finished one, loaded in safe mode.

    Examples
    --------
    ```yaml
    networks:
      type: kernel_regime.datasets.network.NetworkPartitions
      path: data/06_models/networks
      filename_suffix: .keras
      save_lazily: false
      dataset: kernel_regime.datasets.network.NetworkDataset
    ```
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> "keras.Model":
        """The network, its custom layers included."""
        from kernel_regime.networks.storage import load_network

        return load_network(self._filepath)

    def save(self, data: Path) -> None:
        """Copy a finished `.keras` file; readers see the whole of it or nothing."""
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        draft = self._filepath.with_name(f".{self._filepath.name}.part")
        shutil.copyfile(data, draft)
        draft.replace(self._filepath)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class NetworkPartitions(PartitionedDataset):
    """Networks by name; none at all where every training diverged, which is no missing file."""

    def load(self) -> dict[str, Callable[[], Any]]:
        """What loads each network."""
        return super().load() if self.exists() else {}


class FolderDataset(AbstractDataset[None, Path]):
    """A folder for work that outlives a run: loading makes it and gives its path."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Path:
        """The folder, there from now on."""
        self._filepath.mkdir(parents=True, exist_ok=True)
        return self._filepath

    def save(self, data: None) -> None:
        """Refuse: nodes write into the folder themselves."""
        raise DatasetError(f"{self._filepath}: nodes write into this folder themselves")

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
