"""Training networks: gradient descent, conjugate gradients, and sweeps over both."""

from kernel_regime.training.job import NamedTraining, TrainingJob, TrainingResult, TrainingStore
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.schedule import Batches, Schedule
from kernel_regime.training.sweep import run_sweep

__all__ = [
    "Batches",
    "ConjugateGradients",
    "GradientDescent",
    "NamedTraining",
    "SampleSplits",
    "Schedule",
    "TrainingJob",
    "TrainingResult",
    "TrainingStore",
    "run_sweep",
]
