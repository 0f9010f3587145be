"""CIFAR-10 in its binary and its Python version, whose pickles are read but never run."""

import pickletools
import warnings
from itertools import takewhile
from pathlib import Path
from typing import cast

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.images import grey
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import (
    LabelledData,
    LabelledDataset,
    local_path,
    read_bytes,
)
from kernel_regime.noise.sampling import Split

_BATCHES = {"train": [f"data_batch_{k}" for k in range(1, 6)], "test": ["test_batch"]}
_SIDE, _CHANNELS = 32, 3
_FEATURES = _CHANNELS * _SIDE**2

# Instructions of pickles that hold strings, bytes or whole numbers; and whether an array is stored
# column by column.
_LITERALS = {
    *("SHORT_BINSTRING", "BINSTRING", "SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES"),
    *("BINBYTES", "BININT", "BININT1", "BININT2"),
}
_CODEC = "latin1"  # stands behind strings that Python 3 wrote for Python 2
_FLAGS = {"NEWFALSE": False, "NEWTRUE": True}

Literals = list[str | int]


class CifarDataset(LabelledDataset):
    """One split of CIFAR-10, or some of its classes.

    Parameters
    ----------
    path : str
        Folder `cifar-10-batches-bin` or `cifar-10-batches-py`: either holds the same images.
    split : str
        `train` or `test`.
    classes : list of str, optional
        Names of the classes to keep; the k-th becomes label k. All ten by default.
    grey : bool
        Weigh the channels into one grey image, still between 0 and 255.
    metadata : dict, optional
        For other tools; ignored here.

    Examples
    --------
    ```yaml
    "raw_{split}":
      type: kernel_regime.datasets.CifarDataset
      path: data/01_raw/cifar-10-batches-py
      split: "{split}"
      classes: [cat, dog]
    ```
    """

    def __init__(
        self,
        path: str,
        split: Split,
        classes: list[str] | None = None,
        grey: bool = False,
        metadata: Arguments | None = None,
    ) -> None:
        super().__init__(split, metadata)
        self._path = local_path(path)
        self._classes = classes
        self._grey = grey

    @property
    def name(self) -> str:
        """What its authors call it."""
        return "CIFAR-10"

    def load(self) -> LabelledData:
        """Colour images (n, 32, 32, 3) of bytes, or grey ones (n, 32, 32) in float32.

        Raises
        ------
        InputError
            If a file is missing or damaged, holds anything but what CIFAR-10 holds, or names no
            such class.
        """
        known = self._read_names()
        read = _read_binary if self._binary else _read_pickled
        batches = [read(file, len(known)) for file in self._files()]
        images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        names = known if self._classes is None else tuple(self._classes)
        if names != known:
            images, labels = _only(self._rows_of(names, known), images, labels)
        if self._grey:
            images = grey(images.astype(np.float32))
        return LabelledData(images, labels, names)

    @property
    def _binary(self) -> bool:
        """Whether the folder holds the binary version."""
        return (self._path / "batches.meta.txt").exists()

    def _files(self) -> list[Path]:
        suffix = ".bin" if self._binary else ""
        return [self._path / f"{name}{suffix}" for name in _BATCHES[self._split]]

    def _read_names(self) -> tuple[str, ...]:
        if self._binary:
            return tuple((self._path / "batches.meta.txt").read_text("utf-8").split())
        path = self._path / "batches.meta"
        after = _literals_after("label_names", _literals(path))
        names = takewhile(lambda name: isinstance(name, str) and not name.startswith("num_"), after)
        if not (found := tuple(map(str, names))):
            raise InputError(f"{path} lists no label_names; it is not CIFAR-10's")
        return found

    def _rows_of(self, names: tuple[str, ...], known: tuple[str, ...]) -> Array:
        for name in names:
            if name not in known:
                meta = self._path / ("batches.meta.txt" if self._binary else "batches.meta")
                raise InputError(f"{meta}: no class {name!r}; {did_you_mean(name, known)}")
        return np.array([known.index(name) for name in names])

    def _exists(self) -> bool:
        return all(file.exists() for file in self._files())

    def _describe(self) -> Arguments:
        path, classes = str(self._path), self._classes
        return {"path": path, **super()._describe(), "classes": classes, "grey": self._grey}


def _only(kept: Array, images: Array, labels: Array) -> tuple[Array, Array]:
    """Images of the kept classes, in their order in the files, relabelled 0, 1, …"""
    renamed = np.full(max(labels.max(initial=0), kept.max()) + 1, -1)
    renamed[kept] = np.arange(len(kept))
    rows = renamed[labels] >= 0
    return images[rows], renamed[labels[rows]]


def _read_binary(path: Path, n_classes: int) -> tuple[Array, Array]:
    """Images (n, 32, 32, 3) and labels (n,) of records of one label and 3,072 pixels."""
    content = np.frombuffer(read_bytes(path), np.uint8)
    if len(content) % (1 + _FEATURES):
        raise InputError(
            f"{path} has {len(content):,} bytes, no whole number of records of "
            f"{1 + _FEATURES:,}; it is damaged, get it again"
        )
    records = content.reshape(-1, 1 + _FEATURES)
    return _checked(path, records[:, 1:], records[:, 0].tolist(), n_classes)


def _read_pickled(path: Path, n_classes: int) -> tuple[Array, Array]:
    """Images (n, 32, 32, 3) and labels (n,) of one batch file of the Python version.

    The labels are the numbers behind the key `labels`, the pixels the longest string there is.
    """
    literals = _literals(path)
    after = _literals_after("labels", literals)
    labels = [int(label) for label in takewhile(lambda label: isinstance(label, int), after)]
    if not labels:
        raise InputError(f"{path} holds no list of integers as labels; get it again")
    longest = max((text for text in literals if isinstance(text, str)), key=len)
    content = longest.encode("latin-1", errors="ignore")
    flags = [flag for flag in literals[: literals.index(longest)] if isinstance(flag, bool)]
    if len(content) != len(labels) * _FEATURES or flags[-1:] == [True]:
        raise InputError(
            f"{path} has {len(labels):,} labels and {len(content):,} bytes of pixels, not row "
            f"by row {_FEATURES:,} for each; get it again"
        )
    pixels = np.frombuffer(content, np.uint8).reshape(len(labels), _FEATURES)
    return _checked(path, pixels, labels, n_classes)


def _checked(path: Path, pixels: Array, labels: list[int], n_classes: int) -> tuple[Array, Array]:
    if outside := [label for label in labels if not 0 <= label < n_classes]:
        raise InputError(f"{path}: label {outside[0]} is outside 0…{n_classes - 1}; get it again")
    images = pixels.reshape(-1, _CHANNELS, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return images, np.array(labels, np.int64)


def _literals(path: Path) -> Literals:
    """Strings and numbers of a pickle in their order: its instructions are read, none is run."""
    found: Literals = []
    content = read_bytes(path)
    try:
        with warnings.catch_warnings():
            # Of escapes in a damaged name, which tell a user nothing.
            warnings.simplefilter("ignore", DeprecationWarning)
            for opcode, argument, _ in pickletools.genops(content):
                if opcode.name in _FLAGS:
                    found.append(_FLAGS[opcode.name])
                elif isinstance(argument, bytes):
                    found.append(argument.decode("latin-1"))
                elif opcode.name in _LITERALS and argument != _CODEC:
                    found.append(cast(str | int, argument))
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path} is damaged ({type(error).__name__}); get it again") from error
    return found


def _literals_after(key: str, literals: Literals) -> Literals:
    return literals[literals.index(key) + 1 :] if key in literals else []
