"""Trainings on Dask workers: they train, this process alone writes.

A worker trains in a folder of its own and sends the files back; no shared disk is assumed. A
training whose worker is lost starts again elsewhere, from its beginning.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from kernel_regime.core.extras import from_extra
from kernel_regime.core.files import replacing
from kernel_regime.core.memory import limited_memory
from kernel_regime.execution.dask_cluster import run_on_dask
from kernel_regime.execution.settings import Execution
from kernel_regime.training.job import Pair, TrainingJob, TrainingResult
from kernel_regime.training.samples import SampleSplits

Files = dict[str, bytes]


def train_on_workers(
    missing: Iterator[Pair], execution: Execution, every: int
) -> Iterator[tuple[str, TrainingResult]]:
    """Name and result of finished trainings, in the order in which the workers return them."""

    def call(pair: Pair) -> tuple[Callable[..., Files], tuple[TrainingJob, SampleSplits, int, int]]:
        training, _ = pair
        return train_remotely, (training.job, training.samples, every, execution.memory)

    first = next(missing, None)
    if first is None:  # nothing to train is no reason to start a cluster
        return
    for (training, result), files in run_on_dask(execution, chain([first], missing), call):
        _store(result, files)
        yield training.name, result


def train_remotely(job: TrainingJob, samples: SampleSplits, every: int, memory: int) -> Files:
    """Train on a worker, on one thread; the finished files by name."""
    with from_extra("networks"):
        import tensorflow as tf

    from kernel_regime.training.run import run_training

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    with TemporaryDirectory() as folder, limited_memory(memory):
        result = TrainingResult(Path(folder))
        run_training(job, samples, result, every, report=lambda row: None)
        return {path.name: path.read_bytes() for path in result.folder.iterdir()}


def _store(result: TrainingResult, files: Files) -> None:
    """Write a worker's files, the record last: it says that the others are there."""
    result.record.unlink(missing_ok=True)
    for name in sorted(files, key=lambda name: name == result.record.name):
        with replacing(result.folder / name, durable=True) as draft:
            draft.write_bytes(files[name])
