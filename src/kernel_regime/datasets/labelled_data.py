"""Labelled data: what every raw data set loads as."""

from abc import abstractmethod
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
from kedro.io import AbstractDataset, DatasetError
from kedro.io.core import get_protocol_and_path

from kernel_regime.core.arrays import Array, ArrayLike, as_array, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labels import ClassNames, Task, encode_labels
from kernel_regime.noise.sampling import Split


class LabelledData(NamedTuple):
    """Inputs with what is to be predicted from them.

    Examples
    --------
    >>> LabelledData(np.eye(2), np.array([0.5, 1.5])).class_names  # real-valued targets
    ()
    """

    inputs: Array
    """Grey images (n, s, s), colour images (n, s, s, c) or vectors (n, d), on their own scale."""
    labels: Array
    """Integer classes 0 … K−1, or float targets, (n,)."""
    class_names: tuple[str, ...] = ()
    """Names of the K classes; empty for float targets."""

    @classmethod
    def of(
        cls,
        inputs: ArrayLike,
        labels: ArrayLike,
        class_names: ClassNames = None,
        task: Task | None = None,
        source: str = "data",
    ) -> "LabelledData":
        """Labelled data from array-likes: one channel is grey, labels become classes 0 … K−1.

        Parameters
        ----------
        inputs : array-like (n, ...)
            Images of one channel (n, s, s, 1) become grey (n, s, s).
        labels : array-like (n,)
        class_names, task
            See `encode_labels`.
        source : str
            Where they come from, for messages.

        Raises
        ------
        InputError
            If inputs are no samples of numbers, labels have no clear meaning, or the two count
            differently.

        Examples
        --------
        >>> data = LabelledData.of([[0.1, 0.2], [0.3, 0.4]], ["dog", "cat"])
        >>> data.labels, data.class_names
        (array([1, 0]), ('cat', 'dog'))
        """
        samples = as_array(inputs, f"{source}: inputs")
        if samples.ndim < 2 or not samples.size:
            raise InputError(
                f"{source}: inputs of shape {samples.shape} are no samples; give (n, features), "
                "(n, side, side) or (n, side, side, channels)"
            )
        if samples.dtype.kind not in "iu":
            samples = as_floating(samples, f"{source}: inputs")
        if samples.ndim == 4 and samples.shape[3] == 1:
            samples = samples[..., 0]
        encoded, names = encode_labels(labels, class_names, task, source)
        if len(encoded) != len(samples):
            raise InputError(
                f"{source}: there are {len(encoded):,} labels for {len(samples):,} inputs; the two "
                "do not belong together"
            )
        return cls(samples, encoded, names)

    def checked(self, source: str) -> "LabelledData":
        """The same data as `of` makes them, where a data set of one's own does not.

        Examples
        --------
        >>> LabelledData([[0.0], [1.0]], ["b", "a"]).checked("raw_train").labels
        array([1, 0])
        """
        labels = as_array(self.labels, f"{source}: labels") if self.class_names else None
        if labels is None or labels.dtype.kind not in "iu" or labels.ndim != 1:
            names = self.class_names or None
            return LabelledData.of(self.inputs, self.labels, names, source=source)
        if labels.size and not 0 <= labels.min() <= labels.max() < len(self.class_names):
            raise InputError(
                f"{source}: labels from {labels.min()} to {labels.max()} for "
                f"{len(self.class_names)} classes; build the data with LabelledData.of"
            )
        inputs = LabelledData.of(self.inputs, np.zeros(len(labels)), source=source).inputs
        return LabelledData(inputs, labels, self.class_names)

    def in_classes_of(self, other: "LabelledData") -> "LabelledData":
        """The same samples, with classes numbered as other data number them.

        Test data may lack a class, or list the classes in another order.

        Raises
        ------
        InputError
            If a class is unknown to the other data, or only one of the two has classes.

        Examples
        --------
        >>> train = LabelledData.of(np.eye(3), ["cat", "dog", "owl"])
        >>> test = LabelledData.of(np.eye(2, 3), ["owl", "cat"])
        >>> test.labels, test.in_classes_of(train).labels
        (array([1, 0]), array([2, 0]))
        """
        if self.class_names == other.class_names:
            return self
        if not self.class_names or not other.class_names:
            raise InputError(
                "one of training and test labels are classes, the others real numbers; set task: "
                "classification or regression for both"
            )
        number = {name: k for k, name in enumerate(other.class_names)}
        renumbered = np.array([number.get(name, -1) for name in self.class_names])[self.labels]
        if (renumbered < 0).any():
            unseen = self.class_names[int(self.labels[np.argmin(renumbered)])]
            raise InputError(
                f"test samples show class {unseen!r}, training samples do not; "
                "take both from one data set"
            )
        return LabelledData(self.inputs, renumbered, other.class_names)


class LabelledDataset(AbstractDataset[NoReturn, LabelledData]):
    """Base of raw data sets in the catalog: one split each, read and never written.

    Parameters
    ----------
    split : str
        `train` or `test`.
    metadata : dict, optional
        For other tools; ignored here.

    Examples
    --------
    >>> class Corners(LabelledDataset):
    ...     def load(self):
    ...         return LabelledData.of([[0, 0], [0, 1], [1, 0], [1, 1]], ["no", "yes", "yes", "no"])
    >>> Corners(split="train").load().labels
    array([0, 1, 1, 0])
    """

    def __init__(self, split: Split, metadata: Arguments | None = None) -> None:
        if split not in ("train", "test"):
            raise InputError(f"split: {split!r} is neither 'train' nor 'test'")
        self._split = split
        self.metadata = metadata

    @property
    def name(self) -> str:
        """What a report calls the data set: its class, where that says no better name."""
        return type(self).__name__

    @abstractmethod
    def load(self) -> LabelledData:
        """Read the split."""

    def save(self, data: NoReturn) -> None:
        """Raw data stay as they are."""
        raise InputError(f"{type(self).__name__} holds raw data and is never written")

    def _describe(self) -> Arguments:
        return {"split": self._split}


def local_path(filepath: str) -> Path:
    """Path on this machine, for what is memory-mapped, locked or read by other libraries.

    Raises
    ------
    DatasetError
        If the path lies on another file system, such as `s3://`.

    Examples
    --------
    >>> local_path("data/kernels/ntk.npy").name
    'ntk.npy'
    >>> local_path("s3://kernels/ntk.npy")
    Traceback (most recent call last):
    kedro.io.core.DatasetError: s3://kernels/ntk.npy: files are mapped or written in place and \
need a local path, not s3; copy finished ones elsewhere
    """
    protocol, path = get_protocol_and_path(str(filepath))
    if protocol != "file":
        raise DatasetError(
            f"{filepath}: files are mapped or written in place and need a local path, not "
            f"{protocol}; copy finished ones elsewhere"
        )
    return Path(path)


def read_bytes(path: Path) -> bytes:
    """Content of a raw file.

    Raises
    ------
    InputError
        If there is none, saying how to get it.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as missing:
        raise InputError(
            f"{path} is missing; fetch it with `kedro download --env ...`, with the same --env as "
            "this run, or put it there"
        ) from missing
