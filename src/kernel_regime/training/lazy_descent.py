r"""Lazy descent: the training of α(f(x; θ) − f(x; θ₀)) on the square loss divided by α².

With :math:`F = α(f - f_0)` the loss is :math:`\frac{1}{2α^2}\sum (F - y)^2`, so that gradient flow
moves the outputs by :math:`\dot F = K_t (y - F)`, whatever α: α only says how far the weights, and
with them the kernel :math:`K_t` of f, must go for it. This is the α of Chizat, Oyallon & Bach
(2019), and of Geiger et al. (2020), who find that networks in NTK parametrisation turn lazy at
α ∝ 1/√width. A network with a factor 1/√width more in front of its output, as in mean-field
parametrisation, has an α that is √width times as large for the same training.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.types import PyTree
from kernel_regime.ntk.factors import Apply
from kernel_regime.training.runge_kutta_chebyshev import (
    chebyshev_step,
    longest_step,
    stages_for,
)

with from_extra("jax"):
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

_RESOLUTION = 0.2  # length of a step, relative to the time gone by
_AT_GOAL = 1e-3  # a loss so near to that at which training ends, relative, has reached it
_SAFETY = 1.2  # times the measured curvature, which lags behind where it grows
_FALL = 0.6  # share of the loss that one step must leave


@dataclass(frozen=True)
class LazyTraining:
    """A network trained with a scale α.

    Parameters
    ----------
    params : pytree of arrays
        Trained parameters.
    share : float
        Of the initial squared error, what is left.
    gradients : int
        Evaluated, those of steps that were taken back included.
    """

    params: PyTree
    share: float
    gradients: int


def train_lazily(
    apply: Apply,
    params: PyTree,
    x: Array,
    targets: Array,
    alpha: float,
    *,
    stop_at: float,
    most_gradients: int,
) -> LazyTraining:
    """Gradient flow of a network with scale α, on all samples, in the precision of x.

    By Runge–Kutta–Chebyshev steps, so that what differs from the flow of the linearisation is the
    network, and no momentum and no step size. Steps are a fifth of the time gone by: modes that
    are faster have decayed. One that raises the loss, or takes too much of it at once, is taken
    back and halved; error estimates from slopes fail where ReLUs switch. The flow is stopped at a
    training loss, not after a time.

    Parameters
    ----------
    apply : callable
        JAX function `apply(params, x) -> (n, K)`.
    params : pytree of arrays
        At the start, θ₀.
    x, targets : arrays (n, …), (n, K)
        Training samples.
    alpha : float
        α; infinite for the linearisation at θ₀, f + ⟨∇f, θ − θ₀⟩, whose F is ⟨∇f, θ − θ₀⟩.
    stop_at : float
        Share of the initial squared error at which training ends.
    most_gradients : int
        After which it ends in any case.

    Examples
    --------
    A linear model is as lazy as can be, so that α changes nothing:

    >>> x, y = np.eye(2), np.array([[1.0], [-1.0]])
    >>> apply = lambda w, x: x @ w
    >>> for alpha in (0.1, 10.0):
    ...     found = train_lazily(
    ...         apply, np.zeros((2, 1)), x, y, alpha, stop_at=1e-6, most_gradients=999
    ...     )
    ...     (alpha * found.params).round(2).ravel().tolist()
    [1.0, -1.0]
    [1.0, -1.0]
    """
    with jax_precision(x.dtype):
        start = jax.tree.map(lambda leaf: jnp.asarray(leaf, x.dtype), params)
        given = jnp.asarray(x), jnp.asarray(targets, x.dtype)
        linear = not np.isfinite(alpha)
        limits = 1.0 if linear else float(alpha), stop_at, most_gradients
        found, share, gradients = _descend(apply, linear, start, *given, *limits)
        return LazyTraining(jax.device_get(found), float(share), int(gradients))


def scaled_outputs(apply: Apply, start: PyTree, params: PyTree, x: Array, alpha: float) -> Array:
    """F = α(f(x; θ) − f(x; θ₀)), or its linearisation for an infinite α, in the precision of x.

    Examples
    --------
    >>> scaled_outputs(lambda w, x: x @ w, np.ones((1, 1)), np.full((1, 1), 3.0), np.eye(1), 10.0)
    array([[20.]])
    """
    with jax_precision(x.dtype):
        pair = (jax.tree.map(lambda leaf: jnp.asarray(leaf, x.dtype), p)
                for p in (start, params))  # fmt: skip
        linear = not np.isfinite(alpha)
        outputs = _outputs(apply, linear, *pair, jnp.asarray(x))
        return np.asarray(outputs) * (1.0 if linear else alpha)


def _moved(
    apply: Apply, linear: bool, start: PyTree, x: jax.Array
) -> Callable[[jax.Array], jax.Array]:
    """f(x; θ) − f(x; θ₀) as a function of θ, or its linearisation."""
    if linear:
        _, push = jax.linearize(lambda params: apply(params, x), start)
        return lambda params: push(jax.tree.map(jnp.subtract, params, start))
    before = apply(start, x)
    return lambda params: apply(params, x) - before


@partial(jax.jit, static_argnames=("apply", "linear"))
def _outputs(apply: Apply, linear: bool, start: PyTree, params: PyTree, x: jax.Array) -> jax.Array:
    return _moved(apply, linear, start, x)(params)


@partial(jax.jit, static_argnames=("apply", "linear"))
def _descend(
    apply: Apply,
    linear: bool,
    start: PyTree,
    x: jax.Array,
    y: jax.Array,
    alpha: jax.Array,
    stop_at: jax.Array,
    most: jax.Array,
) -> tuple[PyTree, jax.Array, jax.Array]:
    """Parameters, share of the squared error that is left, and the number of gradients."""
    origin, unravel = ravel_pytree(start)
    moved, whole = _moved(apply, linear, start, x), (y**2).sum()

    def share(point: jax.Array) -> jax.Array:
        return ((alpha * moved(unravel(point)) - y) ** 2).sum() / whole

    # The loss is this share times |y|²/2α².
    unit = whole / (2 * alpha**2)
    gradient: Callable[[jax.Array], jax.Array] = jax.grad(lambda point: unit * share(point))

    def going(state: _State) -> jax.Array:
        return (state.left > stop_at * (1 + _AT_GOAL)) & (state.gradients < most)

    def move(state: _State) -> _State:
        return _advance(state, share, gradient, stop_at)

    end = jax.lax.while_loop(going, move, _begin(origin, share, gradient))
    return unravel(end.at), end.left, end.gradients


class _State(NamedTuple):
    """A point of the flow, and what the next step takes."""

    at: jax.Array
    left: jax.Array  # share of the squared error
    slope: jax.Array
    time: jax.Array
    pace: jax.Array  # share of the longest step that the time gone by allows
    direction: jax.Array  # of the largest curvature
    gradients: jax.Array


def _begin(
    origin: jax.Array,
    share: Callable[[jax.Array], jax.Array],
    gradient: Callable[[jax.Array], jax.Array],
) -> _State:
    slope = -gradient(origin)
    curvature, direction = _curvature(gradient, origin, slope / jnp.linalg.norm(slope))
    return _State(
        origin,
        share(origin),
        slope,
        1 / curvature,
        jnp.ones_like(curvature),
        direction,
        jnp.array(4),
    )


def _advance(
    state: _State,
    share: Callable[[jax.Array], jax.Array],
    gradient: Callable[[jax.Array], jax.Array],
    goal: jax.Array,
) -> _State:
    """The state after one step, kept or taken back."""
    curvature, direction = _curvature(gradient, state.at, state.direction)
    curvature = _SAFETY * curvature
    size = jnp.minimum(state.pace * _RESOLUTION * state.time, longest_step(curvature))
    stages = stages_for(size, curvature)
    new = chebyshev_step(lambda p: -gradient(p), state.at, state.slope, size, stages)
    left = share(new)
    kept, factor = _judged(state.left, left, goal)
    return _State(
        at=jnp.where(kept, new, state.at),
        left=jnp.where(kept, left, state.left),
        slope=jnp.where(kept, -gradient(new), state.slope),
        time=jnp.where(kept, state.time + size, state.time),
        pace=jnp.minimum(factor * state.pace, 1),
        direction=direction,
        gradients=state.gradients + stages + 3,
    )


def _judged(before: jax.Array, after: jax.Array, goal: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Whether a step is kept, and by what the pace changes.

    One that passes the goal is taken back and shortened to end there, along a straight line of
    the logarithm.
    """
    fell = (after < before) & (after > _FALL * before)
    passed = fell & (after < goal * (1 - _AT_GOAL))
    shorter = jnp.log(before / goal) / jnp.log(before / jnp.where(passed, after, goal / 2))
    return fell & ~passed, jnp.where(passed, shorter, jnp.where(fell, 1.5, 0.5))


def _curvature(
    gradient: Callable[[jax.Array], jax.Array], at: jax.Array, direction: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Largest curvature of the loss by a step of the power method, and the next direction."""
    turned = jax.jvp(gradient, (at,), (direction,))[1]
    size = jnp.linalg.norm(turned)
    return size, turned / size
