"""All the cells of a sweep: the finished ones are recognised, the others trained."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from kernel_regime.execution.settings import Execution
from kernel_regime.training.epoch_progress import epoch_progress
from kernel_regime.training.job import NamedTraining, Pair, TrainingResult

logger = logging.getLogger(__name__)


def run_sweep(
    trainings: Iterable[NamedTraining], folder: Path, execution: Execution, checkpoint_every: int
) -> list[TrainingResult]:
    """Results in the order of the trainings; those already in the folder are not repeated.

    Parameters
    ----------
    trainings : iterable of NamedTraining
        Asked for one by one.
    folder : Path
        Holds one folder per cell.
    execution : Execution
        This process, or Dask workers; there, each training takes one thread.
    checkpoint_every : int
        Epochs between checkpoints.
    """
    found = [(training, training.result(folder)) for training in trainings]
    missing = [pair for pair in found if not pair[1].finished]
    if len(missing) < len(found):
        logger.info(
            "%d of %d trainings are finished already", len(found) - len(missing), len(found)
        )
    for training, result in _run(missing, execution, checkpoint_every):
        logger.info("%s: %s", training.name, _summary(result))
    return [result for _, result in found]


def _run(missing: list[Pair], execution: Execution, every: int) -> Iterator[Pair]:
    if execution.engine == "dask":
        from kernel_regime.training.remote import train_on_workers

        yield from train_on_workers(missing, execution, every)
        return
    if missing:
        from kernel_regime.training.run import run_cell
    for training, result in missing:
        with epoch_progress(training.name, training.cell) as report:
            run_cell(training.cell, training.samples(), result, every, report)
        yield training, result


def _summary(result: TrainingResult) -> str:
    scores = result.tables["scores"]
    best = min(scores, key=lambda row: row.get("validation_loss", row["test_loss"]))
    return (
        f"train loss {best['train_loss']:.4f}, test loss {best['test_loss']:.4f}, "
        f"test accuracy {best['test_accuracy']:.4f} at penalty {best['penalty']:.2g} "
        f"in {sum(row['seconds'] for row in scores):.1f} s"
    )
