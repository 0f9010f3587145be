"""CIFAR-10 in its "python version", read without trusting the pickles."""

import io
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.datasets.labelled_images import (
    LabelledImages,
    LabelledImagesDataset,
    Split,
    class_index,
    read_bytes,
)

_BATCHES = {"train": [f"data_batch_{k}" for k in range(1, 6)], "test": ["test_batch"]}
_SIDE, _CHANNELS = 32, 3
# Luminance of red, green and blue (ITU-R BT.709), as scikit-image weighs them.
_GREY = np.array([0.2125, 0.7154, 0.0721], np.float32)

# What Python 2 writes for dictionaries, lists, strings, numbers and arrays (pickle protocol 2).
_OPCODES = (
    "PROTO STOP MARK EMPTY_DICT SETITEM SETITEMS EMPTY_LIST APPEND APPENDS TUPLE TUPLE1 TUPLE2 "
    "TUPLE3 SHORT_BINSTRING BINSTRING BININT BININT1 BININT2 LONG1 NONE NEWTRUE NEWFALSE BINPUT "
    "LONG_BINPUT BINGET LONG_BINGET GLOBAL REDUCE BUILD"
)
_MOST_MEMOS = 1_000_000


class CifarDataset(LabelledImagesDataset):
    """One split of CIFAR-10, or some of its classes.

    Parameters
    ----------
    path : str
        Folder `cifar-10-batches-py`.
    split : str
        `train` or `test`.
    classes : list of str, optional
        Names of the classes to keep; the k-th becomes label k. All ten by default.
    grey : bool
        Weigh the channels into one grey image, still between 0 and 255.
    """

    def __init__(
        self, path: str, split: Split, classes: list[str] | None = None, grey: bool = False
    ) -> None:
        super().__init__(split)
        self._path = Path(path)
        self._classes = classes
        self._grey = grey

    def load(self) -> LabelledImages:
        """Colour images (n, 32, 32, 3) of bytes, or grey ones (n, 32, 32) in float32.

        Raises
        ------
        FileNotFoundError
            If a file is missing.
        ValueError
            If a file is damaged, holds anything but what CIFAR-10 holds, or names no such class.
        """
        known = _read_names(self._path / "batches.meta")
        batches = [_read_batch(self._path / name, len(known)) for name in _BATCHES[self._split]]
        images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        names = known if self._classes is None else tuple(self._classes)
        if names != known:
            source = self._path / "batches.meta"
            kept = np.array([class_index(name, known, source) for name in names])
            images, labels = _only(kept, images, labels)
        if self._grey:
            images = images @ _GREY
        return LabelledImages(images, labels, names)

    def _exists(self) -> bool:
        return all((self._path / name).exists() for name in _BATCHES[self._split])

    def _describe(self) -> dict[str, Any]:
        path, classes = str(self._path), self._classes
        return {"path": path, **super()._describe(), "classes": classes, "grey": self._grey}


def _only(kept: Array, images: Array, labels: Array) -> tuple[Array, Array]:
    """Images of the kept classes, in their order in the files, relabelled 0, 1, …"""
    renamed = np.full(labels.max() + 1, -1)
    renamed[kept] = np.arange(len(kept))
    rows = renamed[labels] >= 0
    return images[rows], renamed[labels[rows]]


def _read_names(path: Path) -> tuple[str, ...]:
    names = _unpickle(path).get(b"label_names")
    if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
        raise InputError(f"{path} lists no label_names; it is not CIFAR-10's")
    return tuple(name.decode(errors="replace") for name in names)


def _read_batch(path: Path, n_classes: int) -> tuple[Array, Array]:
    """Images (n, 32, 32, 3) and labels (n,) of one batch file."""
    batch = _unpickle(path)
    pixels, labels = batch.get(b"data"), batch.get(b"labels")
    features = _CHANNELS * _SIDE**2
    if not isinstance(pixels, _Bytes) or pixels.values.ndim != 2:
        raise InputError(f"{path} holds no (n, {features}) array of bytes as data")
    n, length = pixels.values.shape
    if length != features:
        raise InputError(f"{path}: images have {length:,} bytes, CIFAR-10's {features:,}")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise InputError(f"{path} holds no list of integers as labels")
    if len(labels) != n:
        raise InputError(f"{path} has {len(labels):,} labels for {n:,} images")
    if outside := [label for label in labels if not 0 <= label < n_classes]:
        raise InputError(f"{path}: label {outside[0]} is outside 0…{n_classes - 1}")
    images = pixels.values.reshape(n, _CHANNELS, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return images, np.array(labels, np.int64)


def _unpickle(path: Path) -> dict[bytes, Any]:
    """Content of a pickled dictionary, built from nothing but literals and arrays of bytes.

    Raises
    ------
    ValueError
        If the pickle asks for anything else, is damaged, or is no dictionary.
    """
    content = read_bytes(path)
    try:
        _refuse_unusual(content)
        found = _BytesOnly(io.BytesIO(content), encoding="bytes").load()
    except _RefusedError as error:
        raise InputError(f"{path} was refused: {error}") from error
    except Exception as error:  # A damaged pickle can raise whatever its bytes lead to.
        raise InputError(f"{path} is damaged ({type(error).__name__}); get it again") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} holds a {type(found).__name__}, CIFAR-10's files a dict")
    return found


def _refuse_unusual(content: bytes) -> None:
    """Refuse instructions the official files do not use: some could fill the memory."""
    allowed = frozenset(_OPCODES.split())
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name not in allowed:
            raise _RefusedError(f"it uses {opcode.name}, CIFAR-10's files do not")
        if opcode.name == "LONG_BINPUT" and isinstance(argument, int) and argument > _MOST_MEMOS:
            raise _RefusedError(f"it remembers an object number {argument:,}")


class _RefusedError(Exception):
    """A pickle asks for what CIFAR-10's files do not."""


class _Bytes:
    """Stands in for the arrays of a pickle: NumPy's own unpickling trusts what it reads."""

    values: Array = np.empty(0, np.uint8)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, column_major, content = state
        if not isinstance(dtype, _UnsignedByte) or column_major:
            raise _RefusedError("its arrays are not rows of bytes as CIFAR-10's are")
        self.values = np.frombuffer(content, np.uint8).reshape(shape)


class _UnsignedByte:
    """Stands in for the one dtype that the files use."""

    def __init__(self, code: bytes, *_: int) -> None:
        if code != b"u1":
            raise _RefusedError(f"its arrays hold {code!r}, CIFAR-10's bytes")

    def __setstate__(self, _: tuple[Any, ...]) -> None:
        """A byte has no order or alignment to restore."""


def _new_array(*_: Any) -> _Bytes:
    """Stands in for NumPy's `_reconstruct`; the state that follows fills the array."""
    return _Bytes()


_STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _new_array,
    ("numpy", "ndarray"): _Bytes,
    ("numpy", "dtype"): _UnsignedByte,
}


class _BytesOnly(pickle.Unpickler):
    """Unpickler that knows stand-ins for three globals and runs nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a global that the official files name; others are refused."""
        if (module, name) not in _STAND_INS:
            wanted = f"{module}.{name}"
            raise _RefusedError(f"it asks to run {wanted!r}, CIFAR-10's files do not")
        return _STAND_INS[module, name]
