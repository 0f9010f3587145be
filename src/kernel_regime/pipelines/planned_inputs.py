"""What a plan starts from: the samples of a run that was perhaps never started, and its work."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from kedro.io import DataCatalog, DatasetError, MemoryDataset

from kernel_regime.core.arrays import Array
from kernel_regime.core.types import Parameters, Row
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.pipelines.data_processing.nodes import prepare
from kernel_regime.pipelines.partitions import Catalog, Partitions

_MEASURED = 1024
"""Training samples on which an epoch is timed."""


@dataclass(frozen=True)
class PlannedWork:
    """Work of a run: what it is, of what, how often, how much of it is done, and how long the rest.

    Parameters
    ----------
    work, name : str
    count, done : int
    seconds : float
        Of what is not done, on this machine alone.

    Examples
    --------
    >>> PlannedWork("spectra", "ntk", count=4, seconds=7200).row()["hours"]
    2.0
    """

    work: str
    name: str
    count: int
    seconds: float
    done: int = 0

    def row(self) -> Row:
        """Of the table."""
        head = {"work": self.work, "name": self.name, "count": self.count, "done": self.done}
        return head | {"hours": self.seconds / 3600}


@dataclass(frozen=True)
class PlannedInputs:
    """Samples of a run that was perhaps never started.

    Parameters
    ----------
    train, test : mapping of str to callable
        Inputs per level: those on disk where data_processing has left them, else raw ones of the
        same shape, which take the same time.
    train_labels, test_labels : array
    noise_levels : DataFrame
    stored : bool
        Whether they are those on disk, whose results may be found finished.
    """

    train: Partitions
    test: Partitions
    train_labels: Array
    test_labels: Array
    noise_levels: pd.DataFrame
    stored: bool

    @property
    def first_level(self) -> str:
        """What is measured, is measured on it."""
        return str(self.noise_levels["level"].iloc[0])

    def targets(self) -> tuple[Array, Array]:
        """Of training and test samples, as everything is fitted to them."""
        classes = count_classes(self.train_labels)
        train, test = (
            encode_targets(labels, classes) for labels in (self.train_labels, self.test_labels)
        )
        return train, test

    def few(self, count: int = _MEASURED) -> tuple[Array, Array]:
        """Some training samples of the first level, and their targets."""
        inputs = self.train[self.first_level]()[:count]
        return inputs, self.targets()[0][: len(inputs)]

    def beside(self, catalog: Catalog) -> DataCatalog:
        """These inputs, and the places of the kernels of a catalog."""
        inputs = {
            "train_images": self.train,
            "test_images": self.test,
            "noise_levels": self.noise_levels,
        }
        beside = DataCatalog(
            {name: MemoryDataset(data, copy_mode="assign") for name, data in inputs.items()}
        )
        for name in ("train_kernels", "test_kernels"):
            beside[name] = catalog.get(name)
        return beside


def planned_inputs(catalog: Catalog, parameters: Parameters) -> PlannedInputs:
    """Inputs of a run, without writing anything.

    All that `prepare` refuses is refused here too: samples asked for beyond those there are,
    levels that do not suit the images, labels that mean nothing.
    """
    train, test, train_labels, test_labels, levels = prepare(
        catalog.load("raw_train"),
        catalog.load("raw_test"),
        parameters["data"],
        parameters["noise"],
    )
    found = _stored(catalog, levels, (train.shape, test.shape))
    train_loads, test_loads = found or (
        dict.fromkeys(levels["level"], _as_inputs(part)) for part in (train, test)
    )
    return PlannedInputs(
        train_loads, test_loads, train_labels, test_labels, levels, stored=found is not None
    )


def _as_inputs(samples: Array) -> Callable[[], Array]:
    """The same array at every level: a run's are as large each, and a plan needs only one."""

    @cache
    def scaled() -> Array:
        largest = float(np.abs(samples[:_MEASURED]).max()) or 1.0
        return samples.astype(np.float32) / np.float32(largest)

    return scaled


def _stored(
    catalog: Catalog, levels: pd.DataFrame, shapes: tuple[tuple[int, ...], ...]
) -> tuple[Partitions, Partitions] | None:
    """Perturbed inputs on disk, if they are of these levels and shapes."""
    try:
        found = catalog.load("train_images"), catalog.load("test_images")
    except DatasetError:
        return None
    for loads, shape in zip(found, shapes, strict=True):
        if any(name not in loads or loads[name]().shape != shape for name in levels["level"]):
            return None
    return found
