"""Figures that can be read back."""

from typing import ClassVar, cast

from kedro.io.core import get_filepath_str
from kedro_datasets.matplotlib import MatplotlibDataset


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
