"""Sweep of trainings: the finished ones are recognised, the others trained."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from kernel_regime.core.memory import limited_memory
from kernel_regime.core.progress import progress
from kernel_regime.execution.settings import Execution
from kernel_regime.training.checkpoint import Row
from kernel_regime.training.job import (
    NamedTraining,
    Pair,
    Report,
    TrainingJob,
    TrainingResult,
    TrainingStore,
)
from kernel_regime.training.methods import GradientDescent

logger = logging.getLogger(__name__)


def run_sweep(
    trainings: Iterable[NamedTraining],
    store: TrainingStore,
    execution: Execution,
    checkpoint_every: int,
) -> list[TrainingResult]:
    """Results in the order of the trainings; those already in the store are not repeated.

    Parameters
    ----------
    trainings : iterable of NamedTraining
        Asked for one by one, when the one before is finished or on its way to a worker: samples
        made on the way need not be in memory all at once.
    store : TrainingStore
        Where results are kept.
    execution : Execution
        This process, or Dask workers; there, each training takes one thread.
    checkpoint_every : int
        Epochs between checkpoints.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from kernel_regime.networks import NetworkDescription
    >>> from kernel_regime.training import ConjugateGradients, SampleSplits
    >>> x = np.random.default_rng(0).standard_normal((20, 2))
    >>> samples = SampleSplits.divide((x, x[:, :1]), (x, x[:, :1]), validation=0)
    >>> network = NetworkDescription("random_features", (("width", 100),))
    >>> job = TrainingJob(network, ConjugateGradients(), (1e-4,), seed=0)
    >>> training = NamedTraining("100 random features", job, samples)
    >>> store = TrainingStore(Path(tempfile.mkdtemp()))
    >>> [result] = run_sweep([training], store, Execution(), checkpoint_every=10)
    >>> result.finished
    True
    """
    results: list[TrainingResult] = []
    found = 0

    def missing() -> Iterator[Pair]:
        nonlocal found
        for training in trainings:
            result = store.result(training)
            results.append(result)
            if result.finished:
                found += 1
            else:
                if result.record.exists():
                    logger.warning(
                        "%s: what is stored in %s is damaged; it is trained again",
                        training.name,
                        result.folder,
                    )
                yield training, result

    for name, result in _run(missing(), execution, checkpoint_every):
        logger.info("%s: %s", name, _summary(result))
    if found:
        logger.info("%d of %d trainings were finished already", found, len(results))
    return results


def _run(
    missing: Iterator[Pair], execution: Execution, every: int
) -> Iterator[tuple[str, TrainingResult]]:
    """Name and result of every training as it gets finished."""
    if execution.engine == "dask":
        from kernel_regime.training.remote import train_on_workers

        yield from train_on_workers(missing, execution, every)
        return
    for training, result in missing:
        from kernel_regime.training.run import run_training

        with _epochs(training.name, training.job) as report, limited_memory(execution.memory):
            run_training(training.job, training.samples, result, every, report)
        yield training.name, result


@contextmanager
def _epochs(name: str, job: TrainingJob) -> Iterator[Report]:
    """A bar over the epochs (or the penalties) of one job; yields what receives its rows."""
    method, done = job.method, 0
    descends = isinstance(method, GradientDescent)
    total = method.schedule.epochs if isinstance(method, GradientDescent) else len(job.penalties)
    with progress(name, total, "epochs" if descends else "penalties") as advance:

        def report(row: Row) -> None:
            nonlocal done
            # A training that goes on where it was killed starts with a later epoch.
            before, done = done, int(row["epoch"]) + 1 if descends else done + 1
            advance(done - before, f"train {row['train_loss']:.4f}, test {row['test_loss']:.4f}")

        yield report


def _summary(result: TrainingResult) -> str:
    scores = result.tables["scores"]
    best = min(scores, key=lambda row: row.get("validation_loss", row["test_loss"]))
    return (
        f"train loss {best['train_loss']:.4f}, test loss {best['test_loss']:.4f}, "
        f"test accuracy {best['test_accuracy']:.4f} at penalty {best['penalty']:.2g} "
        f"in {sum(row['seconds'] for row in scores):.1f} s"
    )
