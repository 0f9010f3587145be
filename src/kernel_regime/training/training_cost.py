"""Time of a training, measured on a few of its samples before it is run."""

from dataclasses import replace

from kernel_regime.core.extras import from_extra
from kernel_regime.core.timing import MOST_CALLS, shortest_seconds
from kernel_regime.training.descent import Descent
from kernel_regime.training.job import TrainingJob
from kernel_regime.training.linear_fit import LinearFit, suitable_fit
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.schedule import Batches, Schedule

with from_extra("networks"):
    import keras

_LONG_ENOUGH = 1.0
"""Seconds of an epoch that tell how long others are."""


def training_seconds(job: TrainingJob, few: SampleSplits, n: int) -> float:
    """Seconds that a training on `n` samples takes on this machine.

    Gradient descent is timed over epochs after its first, on one batch of the size that it ends
    with, or, where these are over in no time, on all the few samples. Conjugate gradients are taken
    to need all the iterations they may take, so that this is the most they can last.

    Parameters
    ----------
    job : TrainingJob
        What to train, and how.
    few : SampleSplits
        Some of its samples, a thousand or so.
    n : int
        Training samples of the real run.
    """
    shape, outputs = few.train[0].shape[1:], few.train[1].shape[1]
    network = job.architecture.build(shape, outputs=outputs, seed=job.seed)
    if isinstance(job.method, GradientDescent):
        epochs = job.method.schedule.epochs
        return epochs * n * _seconds_a_sample(job.method, network, few, job.penalties[0], job.seed)
    return _solution_seconds(job.method, network, few, n, len(job.penalties))


def _seconds_a_sample(
    method: GradientDescent, network: keras.Model, few: SampleSplits, penalty: float, seed: int
) -> float:
    """Time for one sample in an epoch, scoring a test sample with it."""
    given = len(few.train[0])
    size = method.batches.size(method.schedule.epochs - 1, given)
    schedule = Schedule(1 + MOST_CALLS, method.schedule.learning_rate, warm_up=0)
    descent = Descent(network, replace(method, schedule=schedule, batches=Batches(((0, size),))))

    def epoch_seconds(count: int) -> float:
        train, test = ((x[:count], y[:count]) for x, y in (few.train, few.test))
        epochs = descent.epochs(SampleSplits(train, test), penalty, seed)
        next(epochs)  # compiles
        return shortest_seconds(lambda: next(epochs))

    whole_batches = given - given % size
    seconds = epoch_seconds(size)
    if seconds > _LONG_ENOUGH or size == whole_batches:
        return seconds / size
    return epoch_seconds(whole_batches) / whole_batches


def _solution_seconds(
    method: ConjugateGradients, network: keras.Model, few: SampleSplits, n: int, penalties: int
) -> float:
    """Time for the equations, and for all iterations of all penalties."""
    kind, ratio = suitable_fit(network, n, few.train[1].shape[1]), n / len(few.train[0])

    def prepare() -> LinearFit:
        return kind(network, *few.train, method)

    def iterate() -> None:
        fit.product(fit.state)

    def hold() -> None:
        fit.hold(fit.state)

    fit = prepare()
    for work in (iterate, hold):  # compile, as what prepares them has
        work()
    equations, iteration = (ratio**power for power in kind.growth)
    penalty = iteration * method.iterations * shortest_seconds(iterate)
    penalty += ratio * shortest_seconds(hold)
    return equations * shortest_seconds(prepare) + penalties * penalty
