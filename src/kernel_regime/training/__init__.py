"""Training networks: gradient descent, conjugate gradients, and sweeps over both."""

from kernel_regime.training.job import TrainingJob, TrainingResult
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.schedule import Batches, Schedule

__all__ = [
    "Batches",
    "ConjugateGradients",
    "GradientDescent",
    "SampleSplits",
    "Schedule",
    "TrainingJob",
    "TrainingResult",
]
