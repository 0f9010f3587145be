"""Plan of model_training: regressions, feature machines, trainings, and tests under shift."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from kernel_regime.core.arrays import Array
from kernel_regime.core.progress import progress
from kernel_regime.core.types import Parameters
from kernel_regime.execution.store import KernelJob
from kernel_regime.execution.store.cost import measure_rate
from kernel_regime.pipelines.model_training.distribution_shift import COPIES
from kernel_regime.pipelines.model_training.network_training import training_jobs
from kernel_regime.pipelines.partitions import Catalog
from kernel_regime.pipelines.planned_inputs import PlannedInputs, PlannedWork
from kernel_regime.regression.feature_machine_cost import feature_machine_seconds
from kernel_regime.regression.path_cost import path_seconds, process_seconds
from kernel_regime.training.job import NamedTraining, TrainingJob, TrainingStore

_MACHINE_SAMPLES = 512
"""On which an iteration of a feature machine is timed."""


def plan_regressions(inputs: PlannedInputs, parameters: Parameters) -> Iterator[PlannedWork]:
    """Ridge paths, Gaussian processes and tests under shift of kernels, and feature machines."""
    n, m, levels = len(inputs.train_labels), len(inputs.test_labels), len(inputs.noise_levels)
    kernels = parameters["kernels"].names
    yield from _ridge_paths(inputs, parameters)
    for name, entry in parameters["gaussian_processes"].entries(kernels).items():
        seconds = process_seconds(n, m, ensemble=entry.initial is not None)
        yield PlannedWork("Gaussian processes", name, levels, levels * seconds)
    yield from _feature_machines(inputs, parameters)
    yield from _shifts(inputs, parameters)


def _ridge_paths(inputs: PlannedInputs, parameters: Parameters) -> Iterator[PlannedWork]:
    n, levels = len(inputs.train_labels), len(inputs.noise_levels)
    work, seconds_of = "ridge paths", path_seconds
    if parameters["execution"].device == "gpu":
        from kernel_regime.kernels.gpu.jax_engine import first_gpu
        from kernel_regime.regression.gpu.path_cost_on_device import path_seconds_on_device

        work = "ridge paths on the GPU"
        seconds_of = partial(path_seconds_on_device, device=first_gpu())
    for kernel in parameters["kernels"].names:
        seconds = seconds_of(n, len(parameters["ridge"].grid(kernel)))
        yield PlannedWork(work, kernel, levels, levels * seconds)


def _feature_machines(inputs: PlannedInputs, parameters: Parameters) -> Iterator[PlannedWork]:
    n, levels = len(inputs.train_labels), len(inputs.noise_levels)
    held_out = round(parameters["training"].validation * n)
    for name, machine in parameters["feature_machines"].entries.items():
        few = inputs.few(_MACHINE_SAMPLES)
        new = held_out + len(inputs.test_labels)
        seconds = feature_machine_seconds(machine, *few, n - held_out, new)
        yield PlannedWork("feature machines", name, levels, levels * seconds)


def _shifts(inputs: PlannedInputs, parameters: Parameters) -> Iterator[PlannedWork]:
    """Of every kernel: an inverse a level, and two kernels without a file a pair of levels."""
    n, m, levels = len(inputs.train_labels), len(inputs.test_labels), len(inputs.noise_levels)
    built, level = parameters["kernels"].build(), inputs.first_level
    for name in parameters["distribution_shift_study"].chosen(list(built)):
        job = KernelJob(built[name], inputs.test[level](), inputs.train[level]())
        pairs = (levels - 1) * n * (m + min(n, COPIES))
        seconds = path_seconds(n, ridges=1) + pairs / measure_rate(job)
        yield PlannedWork("distribution shift", name, levels, levels * seconds)


@dataclass
class PlannedTrainings:
    """Trainings of one network over levels, penalties and seeds.

    Parameters
    ----------
    first : TrainingJob
        One of them.
    loss : str
        That of the network's entry.
    count, done : int
        How many there are, and how many a run would find finished.
    seconds : float
        Of one.
    weights : int
        Numbers that the network has.
    """

    first: TrainingJob
    loss: str
    count: int = 0
    done: int = 0
    seconds: float = 0.0
    weights: int = 0

    def work(self, name: str) -> PlannedWork:
        """What a run has left to do."""
        left = (self.count - self.done) * self.seconds
        return PlannedWork("trainings", name, self.count, left, self.done)


def plan_trainings(
    inputs: PlannedInputs, parameters: Parameters, catalog: Catalog
) -> dict[str, PlannedTrainings]:
    """Trainings by network; one of each is timed on a few samples."""
    from kernel_regime.training.samples import SampleSplits
    from kernel_regime.training.training_cost import training_seconds

    targets, part = inputs.targets(), inputs.few()
    n = round((1 - parameters["training"].validation) * len(targets[0]))
    few = SampleSplits.divide(part, part, 0.0)
    sweep = _sweep(inputs, targets, parameters, catalog)
    with progress("measuring", len(sweep), "networks") as advance:
        for name, asked in sweep.items():
            job = asked.first
            network = job.architecture.build(part[0].shape[1:], part[1].shape[1], job.seed)
            asked.weights = network.count_params()
            asked.seconds = training_seconds(job, few, n)
            advance(1, name)
    return sweep


def _sweep(
    inputs: PlannedInputs,
    targets: Sequence[Array],
    parameters: Parameters,
    catalog: Catalog,
) -> dict[str, PlannedTrainings]:
    """Trainings by network; finished ones are looked for where the inputs are on disk."""
    from kernel_regime.training.samples import SampleSplits

    networks, training = parameters["network_sweep"], parameters["training"]
    store = TrainingStore(catalog.load("trainings")) if inputs.stored else None
    losses = {name: entry.loss for entry, name, _ in networks.architectures()}
    sweep: dict[str, PlannedTrainings] = {}
    for level in inputs.noise_levels["level"]:
        pair = zip((inputs.train[level], inputs.test[level]), targets, strict=True)
        samples = None
        if store is not None:
            train, test = ((load(), target) for load, target in pair)
            samples = SampleSplits.divide(train, test, training.validation)
        for place, job in training_jobs(level, networks, training):
            asked = sweep.setdefault(place.network, PlannedTrainings(job, losses[place.network]))
            asked.count += 1
            if store is not None and samples is not None:
                named = NamedTraining(place.partition, job, samples)
                asked.done += store.result(named).finished
    return sweep
