"""IDX files, the format of MNIST and Fashion-MNIST."""

import gzip
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import (
    LabelledData,
    LabelledDataset,
    local_path,
    read_bytes,
)
from kernel_regime.datasets.labels import ClassNames
from kernel_regime.noise.sampling import Split

_UNSIGNED_BYTE = 8
_PREFIX = {"train": "train", "test": "t10k"}


class IdxDataset(LabelledDataset):
    """One split of MNIST, Fashion-MNIST or anything laid out like them.

    Parameters
    ----------
    path : str
        Folder of the files under their official names, such as `t10k-labels-idx1-ubyte`, each
        plain or with `.gz` at the end.
    split : str
        `train` or `test`.
    class_names : list or mapping, optional
        In the order of the labels, or by label (EMNIST's letters are 1, …, 26); the labels as
        text by default.
    metadata : dict, optional
        For other tools; ignored here.

    Examples
    --------
    ```yaml
    "raw_{split}":
      type: kernel_regime.datasets.IdxDataset
      path: data/01_raw/fashion-mnist
      split: "{split}"
      class_names: [top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, boot]
    ```
    """

    def __init__(
        self,
        path: str,
        split: Split,
        class_names: ClassNames = None,
        metadata: Arguments | None = None,
    ) -> None:
        super().__init__(split, metadata)
        self._path = local_path(path)
        self._class_names = class_names

    @property
    def name(self) -> str:
        """Name of the folder: mnist, fashion-mnist."""
        return self._path.name

    def load(self) -> LabelledData:
        """Images (n, height, width) of bytes and their labels.

        Raises
        ------
        InputError
            If a file is missing or no whole IDX file of bytes, the two count differently, or a
            label has no name.
        """
        images_file, labels_file = self._file("images-idx3"), self._file("labels-idx1")
        images, labels = read_idx(images_file, axes=3), read_idx(labels_file, axes=1)
        if len(images) != len(labels):
            raise InputError(
                f"{labels_file} has {len(labels):,} labels for the {len(images):,} images of "
                f"{images_file.name}; the two do not belong together"
            )
        return LabelledData.of(
            images, labels, self._class_names, "classification", source=str(labels_file)
        )

    def _file(self, content: str) -> Path:
        """The gzipped file, or the plain one where only that exists."""
        plain = self._path / f"{_PREFIX[self._split]}-{content}-ubyte"
        zipped = plain.with_name(f"{plain.name}.gz")
        return plain if plain.exists() and not zipped.exists() else zipped

    def _exists(self) -> bool:
        return all(self._file(content).exists() for content in ("images-idx3", "labels-idx1"))

    def _describe(self) -> Arguments:
        return {"path": str(self._path), **super()._describe()}


def read_idx(path: Path, axes: int) -> Array:
    """Array of bytes with that many axes from a plain or gzipped IDX file.

    Raises
    ------
    InputError
        If there is no such file, its magic number or its length is wrong, or the compression is
        broken.
    """
    content = _decompressed(read_bytes(path), path)
    magic = bytes([0, 0, _UNSIGNED_BYTE, axes])
    if content[:4] != magic:
        raise InputError(
            f"{path} starts with {content[:4].hex() or 'nothing'}, an IDX file of bytes with "
            f"{axes} axes with {magic.hex()}; get the right file"
        )
    start = 4 + 4 * axes
    shape = struct.unpack(f">{axes}I", content[4:start].ljust(4 * axes, b"\0"))
    if len(content) != start + prod(shape):
        raise InputError(
            f"{path} has {len(content):,} bytes where its header {shape} asks for "
            f"{start + prod(shape):,}; it is damaged, get it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _decompressed(content: bytes, path: Path) -> bytes:
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(f"{path} is damaged ({error}); get it again") from error
