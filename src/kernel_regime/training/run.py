"""Run of one training job, here and now."""

import logging
import time
from functools import lru_cache

import pandas as pd

from kernel_regime.core.extras import from_extra
from kernel_regime.core.files import write_json
from kernel_regime.core.types import Row
from kernel_regime.evaluation.selection import best_row, validation_criterion
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.networks.storage import save_network
from kernel_regime.training.checkpoint import Checkpoint
from kernel_regime.training.descent import Descent, DivergenceError
from kernel_regime.training.job import Report, TrainingJob, TrainingResult
from kernel_regime.training.linear_fit import linear_fit
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.scoring import Scorer

with from_extra("networks"):
    import keras
    import tensorflow as tf

logger = logging.getLogger(__name__)

Tables = dict[str, list[Row]]


def run_training(
    job: TrainingJob, samples: SampleSplits, result: TrainingResult, every: int, report: Report
) -> None:
    """Train into a folder; an interrupted training continues from its last checkpoint.

    Parameters
    ----------
    job : TrainingJob
        What to train.
    samples : SampleSplits
        On what.
    result : TrainingResult
        Where to.
    every : int
        Epochs between checkpoints; conjugate gradients make one after every penalty.
    report : callable
        Receives the rows of the curve as they are made.
    """
    result.record.unlink(missing_ok=True)  # of files that are damaged, and replaced from here on
    write_json(result.folder / "job.json", job.description(samples.digest), durable=True)
    network = job.architecture.build(
        samples.train[0].shape[1:], outputs=samples.train[1].shape[1], seed=job.seed
    )
    save_network(network, result.initial)
    if isinstance(job.method, GradientDescent):
        checkpoint = Checkpoint(result.checkpoint, every)
        tables = _descend(network, job, job.method, samples, checkpoint, report)
    else:
        checkpoint = Checkpoint(result.checkpoint, every=1)
        tables = _solve(network, job, job.method, samples, checkpoint, report)
    save_network(network, result.final)
    result.write(tables)
    result.checkpoint.unlink(missing_ok=True)


def _descend(
    network: keras.Model,
    job: TrainingJob,
    method: GradientDescent,
    samples: SampleSplits,
    checkpoint: Checkpoint,
    report: Report,
) -> Tables:
    (penalty,) = job.penalties
    shape, outputs = samples.train[0].shape[1:], samples.train[1].shape[1]
    descent = compiled_descent(job, method, shape, outputs)
    descent.start_from(network)
    status = "finished"
    try:
        curve = descent.train(samples, penalty, job.seed, checkpoint, report)
    except DivergenceError as error:
        logger.warning("%s, seed %d: %s", job.architecture.kind, job.seed, error)
        curve, status = error.curve, "diverged"
    descent.hand_over(network)
    score = {
        "penalty": penalty,
        **descent.scores(samples),
        "epochs": len(curve),
        "seconds": curve[-1]["seconds"],
        "status": status,
    }
    return {"scores": [score], "curve": [{"penalty": penalty, **row} for row in curve]}


def compiled_descent(
    job: TrainingJob, method: GradientDescent, shape: tuple[int, ...], outputs: int
) -> Descent:
    """The descent of a job; compiled once for all that differ in penalty, seed or level only.

    Parameters
    ----------
    job : TrainingJob
        Whose architecture it trains.
    method : GradientDescent
        Its method.
    shape : tuple of int
        Of one input.
    outputs : int
    """
    # The class is part of the key: a user's may have been loaded anew.
    described: type = job.architecture.network_class
    return _compiled(job.architecture, described, method, shape, outputs)


# A sweep goes through all networks at one level, then at the next.
@lru_cache(maxsize=8)
def _compiled(
    architecture: NetworkDescription,
    described: type[keras.Model],
    method: GradientDescent,
    shape: tuple[int, ...],
    outputs: int,
) -> Descent:
    """`compiled_descent` by what makes it."""
    return Descent(architecture.build(shape, outputs, seed=0), method)


def _solve(
    network: keras.Model,
    job: TrainingJob,
    method: ConjugateGradients,
    samples: SampleSplits,
    checkpoint: Checkpoint,
    report: Report,
) -> Tables:
    """Fit every penalty; the network ends with the one that validates best."""
    fit = linear_fit(network, *samples.train, method)
    score = Scorer(network, "square", batch=1000)
    rows: list[Row] = []
    best = [v.numpy() for v in network.trainable_variables]
    if stored := checkpoint.load([fit.state.shape, *(values.shape for values in best)]):
        (fit.state, *best), rows = stored
    for penalty in job.penalties[len(rows) :]:
        start = time.perf_counter()
        solution = fit.solve(penalty)
        row: Row = {"penalty": penalty}
        for name, (x, y) in samples.splits.items():
            row |= score(name, tf.convert_to_tensor(x), tf.convert_to_tensor(y))
        converged = solution.residual <= method.tolerance
        row |= {
            "epochs": solution.iterations,
            "seconds": time.perf_counter() - start,
            "status": "finished" if converged else "iteration_limit",
        }
        rows.append(row)
        report(row)
        table = pd.DataFrame(rows)
        if best_row(table, validation_criterion(table)) == len(rows) - 1:
            best = [v.numpy() for v in network.trainable_variables]
        checkpoint.save([fit.state, *best], rows)
    for variable, value in zip(network.trainable_variables, best, strict=True):
        variable.assign(value)
    return {"scores": rows, "curve": []}
