"""Networks in the catalog."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from kedro.io import AbstractDataset

from kernel_regime.core.files import replacing
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import local_path

if TYPE_CHECKING:
    import keras


class NetworkDataset(AbstractDataset[Path, "keras.Model"]):
    """A `.keras` file: saved by copying a finished one, loaded in safe mode.

    Examples
    --------
    ```yaml
    networks:
      type: kernel_regime.datasets.partitions.CompletePartitions
      path: data/06_models/networks
      filename_suffix: .keras
      save_lazily: false
      dataset: kernel_regime.datasets.network.NetworkDataset
    ```
    """

    def __init__(self, filepath: str, metadata: Arguments | None = None) -> None:
        self._filepath = local_path(filepath)
        self.metadata = metadata

    def load(self) -> "keras.Model":
        """The network, whatever its class."""
        from kernel_regime.networks.storage import load_network

        return load_network(self._filepath)

    def save(self, data: Path) -> None:
        """Copy a finished `.keras` file; readers see the whole of it or nothing."""
        with replacing(self._filepath, durable=True, partition=True) as draft:
            shutil.copyfile(data, draft)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> Arguments:
        return {"filepath": str(self._filepath)}
