"""Training networks: gradient descent, conjugate gradients, and sweeps over both."""

from kernel_regime.training.cell import Cell, Result
from kernel_regime.training.data import Samples
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.schedule import Batches, Schedule

__all__ = [
    "Batches",
    "Cell",
    "ConjugateGradients",
    "GradientDescent",
    "Result",
    "Samples",
    "Schedule",
]
