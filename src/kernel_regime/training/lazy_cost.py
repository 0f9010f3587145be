"""Time of a lazy training, measured on a few of its samples before it is run."""

from kernel_regime.core.arrays import Array
from kernel_regime.core.timing import shortest_seconds
from kernel_regime.core.types import PyTree
from kernel_regime.ntk.factors import Apply
from kernel_regime.training.lazy_descent import LazyTraining, train_lazily

_GRADIENTS = 40
_NEVER = 1e-9  # a share of the loss that so few gradients do not reach


def lazy_training_seconds(
    apply: Apply, params: PyTree, x: Array, targets: Array, n: int, most_gradients: int
) -> float:
    """Seconds that all gradients of a lazy training on `n` samples take on this machine.

    It usually ends before that, at its goal: this is the most that it can last, compilation aside.

    Parameters
    ----------
    apply, params
        The network: see `train_lazily`.
    x, targets : arrays
        Some samples.
    n : int
        Training samples of the real run.
    most_gradients : int
        Of the real run.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((20, 3))
    >>> network = lambda w, x: x @ w
    >>> lazy_training_seconds(network, np.ones((3, 1)), x, x[:, :1] ** 2, 40, 100) < 60
    True
    """

    def train() -> LazyTraining:
        return train_lazily(
            apply, params, x, targets, 1.0, stop_at=_NEVER, most_gradients=_GRADIENTS
        )

    gradients = train().gradients  # compiles
    return shortest_seconds(train) / gradients * most_gradients * n / len(x)
