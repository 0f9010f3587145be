"""Training methods: frozen descriptions of how a network is trained, which name it exactly."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import PositiveFloat, PositiveInt

from kernel_regime.core.parameters import ParameterType
from kernel_regime.training.schedule import Batches, Schedule

Optimiser = Literal["momentum", "sgd", "adam"]
Loss = Literal["square", "cross_entropy"]


@dataclass(frozen=True)
class GradientDescent(ParameterType):
    """Stochastic gradient descent on loss + λ·penalty.

    Parameters
    ----------
    schedule, batches
        Learning rate and batch size by epoch.
    optimiser : str
        momentum (0.9), sgd or adam.
    loss : str
        square or cross_entropy.

    Examples
    --------
    >>> GradientDescent(Schedule(750, 1e-3), Batches(((0, 500),)), loss="cross_entropy").optimiser
    'momentum'
    """

    #: What names this method in fingerprints, whatever the class is called.
    kind: ClassVar[str] = "GradientDescent"

    schedule: Schedule
    batches: Batches
    optimiser: Optimiser = "momentum"
    loss: Loss = "square"


@dataclass(frozen=True)
class ConjugateGradients(ParameterType):
    """Conjugate gradients on (1/n)‖y − Aθ‖² + λ‖θ‖², for models linear in their weights.

    Parameters
    ----------
    iterations : int
        At most so many per penalty.
    tolerance : float
        Stop when the residual of the normal equations is so small relative to the right side.

    Examples
    --------
    >>> ConjugateGradients(tolerance=1e-6)
    ConjugateGradients(iterations=750, tolerance=1e-06)
    """

    #: See `GradientDescent`.
    kind: ClassVar[str] = "ConjugateGradients"

    iterations: PositiveInt = 750
    tolerance: PositiveFloat = 1e-4


Method = GradientDescent | ConjugateGradients
