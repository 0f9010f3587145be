"""Networks in the catalog, and the store of trainings."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets.partitions import PartitionedDataset

from kernel_regime.core.files import replacing
from kernel_regime.training.job import TrainingStore

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

    def __init__(self, filepath: str | Path, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> "keras.Model":
        """The network, whatever its class."""
        from kernel_regime.networks.storage import load_network

        return load_network(self._filepath)

    def save(self, data: Path) -> None:
        """Copy a finished `.keras` file; readers see the whole of it or nothing."""
        with replacing(self._filepath) as draft:
            shutil.copyfile(data, draft)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class NetworkPartitions(PartitionedDataset):
    """Networks by name; none at all where every training diverged, which is no missing file."""

    def load(self) -> dict[str, Callable[[], Any]]:
        """What loads each network."""
        return super().load() if self.exists() else {}


class TrainingStoreDataset(AbstractDataset[None, TrainingStore]):
    """The store of trainings: a folder that outlives runs, into which a sweep writes as it goes.

    Examples
    --------
    ```yaml
    trainings:
      type: kernel_regime.datasets.network.TrainingStoreDataset
      filepath: data/06_models/trainings
    ```
    """

    def __init__(self, filepath: str | Path, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> TrainingStore:
        """The store, empty before the first training."""
        return TrainingStore(self._filepath)

    def save(self, data: None) -> None:
        """Refuse: a sweep writes each training when it is finished."""
        raise DatasetError(f"{self._filepath}: trainings are written by the sweep itself")

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
