r"""Lazy descent: the training of α(f(x; θ) − f(x; θ₀)) on the square loss divided by α².

With :math:`F = α(f - f_0)` the loss is :math:`\frac{1}{2α^2}\sum (F - y)^2`, so that gradient flow
moves the outputs by :math:`\dot F = K_t (y - F)`, whatever α: α only says how far the weights, and
with them the kernel :math:`K_t` of f, must go for it. This is the α of Chizat, Oyallon & Bach
(2019), and of Geiger et al. (2020), who find that networks in NTK parametrisation turn lazy at
α ∝ 1/√width.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.ntk.factors import Apply

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

_STEP = 0.5  # times the fastest rate at the start: Runge-Kutta is stable up to 2.8
_GROWTH = 1.05  # of the step after one that lowered the loss


@dataclass(frozen=True)
class LazyTraining:
    """A network trained with a scale α.

    Parameters
    ----------
    params : pytree of arrays
        Trained parameters.
    train_loss : float
        Mean squared error of F, summed over outputs.
    steps : int
        Taken, those that were taken back included.
    """

    params: Any
    train_loss: float
    steps: int


def train_lazily(
    apply: Apply,
    params: Any,
    x: Array,
    targets: Array,
    alpha: float,
    *,
    stop_at: float,
    largest_rate: float,
    most_steps: int,
) -> LazyTraining:
    """Gradient flow of a network with scale α, on all samples, in float64.

    By Runge-Kutta steps of fourth order, so that what differs from the flow of the linearisation
    is the network; one that raises the loss is taken back and halved.

    Parameters
    ----------
    apply : callable
        JAX function `apply(params, x) -> (n, K)`.
    params : pytree of arrays
        At the start, θ₀.
    x, targets : arrays (n, …), (n, K)
        Training samples.
    alpha : float
        α.
    stop_at : float
        Share of the initial loss at which training ends.
    largest_rate : float
        Largest eigenvalue of the kernel at the start, over all outputs.
    most_steps : int
        After which it ends in any case.

    Examples
    --------
    A linear model is as lazy as can be, so that α changes nothing:

    >>> x, y = np.eye(2), np.array([[1.0], [-1.0]])
    >>> apply = lambda w, x: x @ w
    >>> for alpha in (0.1, 10.0):
    ...     found = train_lazily(
    ...         apply, np.zeros((2, 1)), x, y, alpha, stop_at=1e-6, largest_rate=1.0, most_steps=999
    ...     )
    ...     (alpha * found.params).round(2).ravel().tolist()
    [1.0, -1.0]
    [1.0, -1.0]
    """
    with jax_precision(np.float64):
        start = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
        given = jnp.asarray(x, jnp.float64), jnp.asarray(targets, jnp.float64)
        limits = (float(alpha), stop_at, _STEP / largest_rate, most_steps)
        found, loss, steps = _descend(apply, start, *given, *limits)
        return LazyTraining(jax.device_get(found), 2 * float(loss) / len(x), int(steps))


@partial(jax.jit, static_argnames="apply")
def _descend(
    apply: Apply, start: Any, x: Any, y: Any, alpha: Any, stop_at: Any, step: Any, most: Any
) -> Any:
    """Parameters, half the summed squared error of F, and the number of steps."""
    initial = apply(start, x)

    def error(params: Any) -> Any:
        return ((alpha * (apply(params, x) - initial) - y) ** 2).sum() / 2

    goal = stop_at * error(start)
    gradient: Callable[[Any], Any] = jax.grad(lambda params: error(params) / alpha**2)

    def going(state: Any) -> Any:
        _, loss, _, steps = state
        return (loss > goal) & (steps < most)

    def move(state: Any) -> Any:
        params, loss, size, steps = state
        moved = _runge_kutta(gradient, params, size)
        after = error(moved)
        better = after < loss
        kept = jax.tree.map(lambda new, old: jnp.where(better, new, old), moved, params)
        size = jnp.where(better, _GROWTH * size, size / 2)
        return kept, jnp.where(better, after, loss), jnp.minimum(size, step), steps + 1

    params, loss, _, steps = jax.lax.while_loop(going, move, (start, error(start), step, 0))
    return params, loss, steps


def _runge_kutta(gradient: Callable[[Any], Any], params: Any, size: Any) -> Any:
    """Parameters after a step down the gradient, of fourth order."""

    def ahead(slope: Any, share: float) -> Any:
        return gradient(jax.tree.map(lambda p, g: p - share * size * g, params, slope))

    first = gradient(params)
    second = ahead(first, 0.5)
    third = ahead(second, 0.5)
    slopes = first, second, third, ahead(third, 1.0)
    return jax.tree.map(
        lambda p, a, b, c, d: p - size * (a + 2 * b + 2 * c + d) / 6, params, *slopes
    )
