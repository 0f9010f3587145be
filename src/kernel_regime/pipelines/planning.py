"""Plan of a whole run: inputs to measure on, and what ridge paths, spectra and trainings cost."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from kedro.io import CatalogProtocol, DataCatalog, DatasetError, MemoryDataset

from kernel_regime.analysis.spectrum.profile import ProfileSettings
from kernel_regime.analysis.spectrum.spectrum_cost import spectrum_seconds
from kernel_regime.core.arrays import Array
from kernel_regime.core.progress import progress
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.pipelines.data_processing.nodes import prepare
from kernel_regime.pipelines.model_training.network_training import training_jobs
from kernel_regime.pipelines.partitions import Partitions
from kernel_regime.regression.path_cost import path_seconds, process_seconds
from kernel_regime.training.job import NamedTraining, TrainingJob, TrainingStore

_MEASURED = 1024
"""Training samples on which an epoch is timed."""


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

    def beside(self, catalog: CatalogProtocol[Any, Any]) -> DataCatalog:
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


def planned_inputs(
    catalog: CatalogProtocol[Any, Any], parameters: Mapping[str, Any]
) -> PlannedInputs:
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
        {level: _as_inputs(part) for level in levels["level"]} for part in (train, test)
    )
    return PlannedInputs(
        train_loads, test_loads, train_labels, test_labels, levels, stored=found is not None
    )


def _as_inputs(samples: Array) -> Callable[[], Array]:
    largest = float(np.abs(samples[:_MEASURED]).max()) or 1.0
    return lambda: samples.astype(np.float32) / np.float32(largest)


def _stored(
    catalog: CatalogProtocol[Any, Any], levels: pd.DataFrame, shapes: tuple[tuple[int, ...], ...]
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


def plan_fits(
    inputs: PlannedInputs, parameters: Mapping[str, Any], catalog: CatalogProtocol[Any, Any]
) -> pd.DataFrame:
    """Cost of everything that is fitted to kernels and inputs.

    Returns
    -------
    DataFrame
        A row per kernel for its ridge paths and spectra, per Gaussian process, and per network for
        its trainings:
        work, name, count, done (finished trainings that a run would find), hours (of what is not
        done, on this machine alone); a last row `total`.
    """
    rows = [*_kernel_rows(inputs, parameters), *_process_rows(inputs, parameters)]
    rows += [*_training_rows(inputs, parameters, catalog)]
    table = pd.DataFrame(rows, columns=["work", "name", "count", "done", "hours"])
    sums = table[["count", "done", "hours"]].sum()
    return pd.concat(
        [table, pd.DataFrame([{"work": "total", "name": "", **sums}])], ignore_index=True
    )


def _kernel_rows(inputs: PlannedInputs, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    n, levels = len(inputs.train_labels), len(inputs.noise_levels)
    settings: ProfileSettings = parameters["spectrum"]
    for kernel in parameters["kernels"].names:
        for work, seconds in (
            ("ridge paths", path_seconds(n, len(parameters["ridge"].grid(kernel)))),
            ("spectra", spectrum_seconds(n, settings)),
        ):
            hours = levels * seconds / 3600
            yield {"work": work, "name": kernel, "count": levels, "done": 0, "hours": hours}


def _process_rows(inputs: PlannedInputs, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    n, m, levels = len(inputs.train_labels), len(inputs.test_labels), len(inputs.noise_levels)
    kernels = parameters["kernels"].names
    for name, entry in parameters["gaussian_processes"].entries(kernels).items():
        seconds = process_seconds(n, m, ensemble=entry.initial is not None)
        hours = levels * seconds / 3600
        yield {
            "work": "Gaussian processes",
            "name": name,
            "count": levels,
            "done": 0,
            "hours": hours,
        }


def _training_rows(
    inputs: PlannedInputs, parameters: Mapping[str, Any], catalog: CatalogProtocol[Any, Any]
) -> Iterator[dict[str, Any]]:
    """Trainings per network; the first of each is timed on a few samples."""
    from kernel_regime.training.samples import SampleSplits
    from kernel_regime.training.training_cost import training_seconds

    classes = count_classes(inputs.train_labels)
    targets = [
        encode_targets(labels, classes) for labels in (inputs.train_labels, inputs.test_labels)
    ]
    level, training = str(inputs.noise_levels["level"].iloc[0]), parameters["training"]
    part = (inputs.train[level]()[:_MEASURED], targets[0][:_MEASURED])
    few, n = (
        SampleSplits.divide(part, part, 0.0),
        round((1 - training.validation) * len(targets[0])),
    )
    sweep = _sweep(inputs, targets, parameters, catalog)
    with progress("measuring", len(sweep), "networks") as advance:
        for name, asked in sweep.items():
            left = asked.count - asked.done
            seconds = left * training_seconds(asked.first, few, n) if left else 0.0
            advance(1, name)
            counts = {"count": asked.count, "done": asked.done}
            yield {"work": "trainings", "name": name, **counts, "hours": seconds / 3600}


@dataclass
class _Asked:
    """Trainings of one network: one of them, how many there are, and how many are finished."""

    first: TrainingJob
    count: int = 0
    done: int = 0


def _sweep(
    inputs: PlannedInputs,
    targets: Sequence[Array],
    parameters: Mapping[str, Any],
    catalog: CatalogProtocol[Any, Any],
) -> dict[str, _Asked]:
    """Trainings by network; finished ones are looked for where the inputs are on disk."""
    from kernel_regime.training.samples import SampleSplits

    networks, training = parameters["network_sweep"], parameters["training"]
    store = TrainingStore(catalog.load("trainings")) if inputs.stored else None
    sweep: dict[str, _Asked] = {}
    for level in inputs.noise_levels["level"]:
        pair = zip((inputs.train[level], inputs.test[level]), targets, strict=True)
        samples = None
        if store is not None:
            train, test = ((load(), target) for load, target in pair)
            samples = SampleSplits.divide(train, test, training.validation)
        for place, job in training_jobs(level, networks, training):
            asked = sweep.setdefault(place.network, _Asked(job))
            asked.count += 1
            if store is not None and samples is not None:
                named = NamedTraining(place.partition, job, samples)
                asked.done += store.result(named).finished
    return sweep
