"""What every raw data set loads as."""

from abc import abstractmethod
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn

from kedro.io import AbstractDataset

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError

Split = Literal["train", "test"]


class LabelledImages(NamedTuple):
    """Inputs with what is to be predicted from them."""

    images: Array
    """Grey (n, s, s), colour (n, s, s, c) or vectors (n, d), on their own scale."""
    labels: Array
    """Integer classes 0 … K−1, or float targets, (n,)."""
    class_names: tuple[str, ...] = ()
    """Names of the K classes; empty for float targets."""


class LabelledImagesDataset(AbstractDataset[NoReturn, LabelledImages]):
    """One split of a raw data set: read, never written."""

    def __init__(self, split: Split) -> None:
        if split not in ("train", "test"):
            raise InputError(f"split: {split!r} is neither 'train' nor 'test'")
        self._split = split

    @abstractmethod
    def load(self) -> LabelledImages:
        """Read the split."""

    def save(self, data: NoReturn) -> None:
        """Raw data stay as they are."""
        raise InputError(f"{type(self).__name__} holds raw data and is never written")

    def _describe(self) -> dict[str, Any]:
        return {"split": self._split}


def read_bytes(path: Path) -> bytes:
    """Content of a raw file.

    Raises
    ------
    FileNotFoundError
        If there is none, saying how to get it.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as missing:
        raise FileNotFoundError(
            f"{path} is missing; fetch it with `kedro download --env ...`, with the same --env as "
            "this run, or put it there"
        ) from missing


def class_index(name: str, class_names: tuple[str, ...], source: Path) -> int:
    """Position of a class among those that a file names.

    Raises
    ------
    ValueError
        If the file knows no such class, with the nearest that it knows.
    """
    if name in class_names:
        return class_names.index(name)
    guess = get_close_matches(name, class_names, n=1)
    hint = f"did you mean {guess[0]!r}?" if guess else f"it names {', '.join(class_names)}"
    raise InputError(f"{source}: no class {name!r}; {hint}")
