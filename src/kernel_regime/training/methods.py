"""How a network is trained: frozen descriptions that name a training exactly."""

from dataclasses import dataclass
from typing import Literal

from kernel_regime.training.schedule import Batches, Schedule

Optimiser = Literal["momentum", "sgd", "adam"]


@dataclass(frozen=True)
class GradientDescent:
    """Stochastic gradient descent on loss + λ·penalty.

    Parameters
    ----------
    schedule, batches
        Learning rate and batch size by epoch.
    optimiser : str
        momentum (0.9), sgd or adam.
    loss : str
        square or cross_entropy.
    """

    schedule: Schedule
    batches: Batches
    optimiser: Optimiser = "momentum"
    loss: Literal["square", "cross_entropy"] = "square"


@dataclass(frozen=True)
class ConjugateGradients:
    """Conjugate gradients on (1/n)‖y − Aθ‖² + λ‖θ‖², for models linear in their weights.

    Parameters
    ----------
    iterations : int
        At most so many per penalty.
    tolerance : float
        Stop when the residual of the normal equations is so small relative to the right side.
    """

    iterations: int = 750
    tolerance: float = 1e-4


Method = GradientDescent | ConjugateGradients
