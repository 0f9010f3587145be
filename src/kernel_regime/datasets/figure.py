"""Figures that can be read back."""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from kedro.io.core import get_filepath_str
from kedro_datasets.matplotlib import MatplotlibDataset
from kedro_datasets.partitions import PartitionedDataset


class FigureDataset(MatplotlibDataset):
    """A Matplotlib figure saved as PNG; loading gives the bytes of the picture.

    Kedro's own class only saves; the report needs the pictures of earlier runs too.
    """

    DEFAULT_SAVE_ARGS: ClassVar[dict[str, str]] = {"format": "png"}

    def load(self) -> bytes:
        """The PNG file as it lies on disk."""
        path = get_filepath_str(self._get_load_path(), self._protocol)
        with self._fs.open(path, mode="rb") as file:
            return cast(bytes, file.read())


class FigurePartitions(PartitionedDataset):
    """Figures by name; none at all is no missing file."""

    def load(self) -> dict[str, Callable[[], Any]]:
        """What loads the bytes of each picture."""
        return super().load() if self.exists() else {}
