"""Gradient flow on the square loss: what is learned, recorded where nothing was trained.

The flow of (1/2n) Σ |f(x_i) − y_i|² from f = 0 is ∂f_t = −(1/n) Σ K_t(·, x_i)(f_t − y)(x_i). A
fixed kernel is solved exactly in its eigenbasis, a network followed by small steps.
"""

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import PyTree
from kernel_regime.linalg.eigenvalues import eigensystem
from kernel_regime.ntk.factors import Apply

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

_POWER_ITERATIONS = 5


@dataclass(frozen=True)
class Trajectory:
    """Trajectory of a gradient flow: f_t at recorded times, shapes (times, samples, outputs).

    Parameters
    ----------
    times : array of shape (times,)
        Starting with 0.
    train, reference, held_out : arrays
        f_t at the training samples and at two sets of samples never trained on.
    velocity : array
        ∂f_t at the reference samples.
    """

    times: Array
    train: Array
    reference: Array
    held_out: Array
    velocity: Array


def kernel_flow(
    kernel: Array, to_reference: Array, to_held_out: Array, targets: Array, times: Array
) -> Trajectory:
    """Gradient flow under a fixed kernel, exact at every time.

    Parameters
    ----------
    kernel : array of shape (n, n)
        Kernel of the training samples.
    to_reference, to_held_out : arrays of shape (samples, n)
        Kernels between the places to record and the training samples.
    targets : array of shape (n, outputs)
        Targets y.
    times : array
        When to record.

    Examples
    --------
    One sample with K = y = 1 is learned as 1 − e^(−t):

    >>> one = np.ones((1, 1))
    >>> kernel_flow(one, one, one, one, np.array([0.0, 1.0])).train.ravel().round(4).tolist()
    [0.0, 0.6321]
    """
    n = len(kernel)
    values, vectors = eigensystem(kernel)
    rates = np.maximum(values, 0)[None, :, None] / n
    amplitudes = (vectors.T @ targets)[None]
    elapsed = np.asarray(times, np.float64)[:, None, None]
    # (1 − e^−λt/n)/λ tends to t/n as λ vanishes.
    tiny = rates * elapsed < 1e-12
    learned = np.where(tiny, elapsed, -np.expm1(-rates * elapsed) / np.where(tiny, 1, rates)) / n
    weights = vectors @ (learned * amplitudes)
    residual = vectors @ (np.exp(-rates * elapsed) * amplitudes)
    places = (np.asarray(k, np.float64) for k in (kernel, to_reference, to_held_out))
    train, reference, held_out = (k @ weights for k in places)
    velocity = np.asarray(to_reference, np.float64) @ residual / n
    return Trajectory(np.asarray(times), train, reference, held_out, velocity)


def network_flow(
    apply: Apply, params: PyTree, inputs: tuple[Array, Array, Array], targets: Array,
    times: Array, step: float,
) -> tuple[Trajectory, PyTree]:  # fmt: skip
    """Gradient flow of f − f₀, followed by midpoint steps that grow with the time passed.

    Parameters
    ----------
    apply, params : callable and pytree
        The network and its initial parameters; f₀ is subtracted, so that learning starts at 0.
    inputs : three arrays (samples, ...)
        Training, reference and held-out samples.
    targets : array of shape (n, outputs)
        Targets of the training samples.
    times : array
        When to record, starting with 0.
    step : float
        Longest step at time t in units of t, as `step_lengths` divides the time. What has the rate
        σ and is left at time t, e^(−σt), is followed to a relative error of (step·σt)²/6.

    Returns
    -------
    Trajectory, pytree
        What was recorded, and the final parameters.
    """
    data = [jnp.asarray(x) for x in inputs]
    start = [apply(params, x) for x in data]
    wanted = jnp.asarray(targets, start[0].dtype) + start[0]
    fastest = _fastest_rate(apply, params, data[0])
    records = []
    for lengths in step_lengths(times, step, fastest):
        for length in lengths:
            params = descend(apply, params, data[0], wanted, length)
        *values, velocity = _record(apply, params, data, wanted)
        learned = [value - first for value, first in zip(values, start, strict=True)]
        records.append([np.asarray(part, np.float64) for part in (*learned, velocity)])
    stacked = [np.stack(part) for part in zip(*records, strict=True)]
    return Trajectory(np.asarray(times), *stacked), params


def step_lengths(times: Array, step: float, fastest: float) -> list[list[float]]:
    """Lengths of the steps that lead to each of some times.

    A step takes the share `step` of the time passed, because what is faster has decayed by then,
    but at least this share of the fastest mode's time, and at most that time itself: midpoint steps
    are stable up to twice as long.

    Parameters
    ----------
    times : array
        Ascending, from 0.
    step : float
        Share of the time passed.
    fastest : float
        Largest rate.

    Examples
    --------
    >>> [len(lengths) for lengths in step_lengths(np.array([0.0, 1.0, 10.0]), 0.2, fastest=1.0)]
    [0, 5, 15]
    """
    found: list[list[float]] = [[]]
    for now, then in pairwise(np.asarray(times, np.float64).tolist()):
        lengths = []
        while (left := then - now) > 1e-9 * then:
            longest = min(max(step * now, step / fastest), 1 / fastest)
            lengths.append(left / math.ceil(left / longest - 1e-9))
            now += lengths[-1]
        found.append(lengths)
    return found


def _fastest_rate(apply: Apply, params: PyTree, inputs: jax.Array) -> float:
    """Largest eigenvalue of K₀/n on the training samples, by a few power iterations."""
    shape = jax.eval_shape(apply, params, inputs)
    direction = jax.random.normal(jax.random.PRNGKey(0), shape.shape, shape.dtype)
    for _ in range(_POWER_ITERATIONS):
        direction = _tangent_product(apply, params, inputs, direction / jnp.linalg.norm(direction))
    return float(jnp.linalg.norm(direction))


@partial(jax.jit, static_argnames="apply")
def _tangent_product(
    apply: Apply, params: PyTree, inputs: jax.Array, direction: jax.Array
) -> jax.Array:
    """K₀ u/n for one direction u (n, outputs), without the kernel."""

    def value(params: PyTree) -> jax.Array:
        return apply(params, inputs)

    (pulled,) = jax.vjp(value, params)[1](direction)
    return jax.jvp(value, (params,), (pulled,))[1] / len(inputs)


def _gradient(apply: Apply, params: PyTree, inputs: jax.Array, wanted: jax.Array) -> PyTree:
    """Gradient of (1/2n) Σ |f(x_i) − y_i|²."""

    def loss(params: PyTree) -> jax.Array:
        return ((apply(params, inputs) - wanted) ** 2).sum() / (2 * len(inputs))

    return jax.grad(loss)(params)


@partial(jax.jit, static_argnames="apply")
def descend(
    apply: Apply, params: PyTree, inputs: jax.Array, wanted: jax.Array, step: float
) -> PyTree:
    """Parameters after a midpoint step down the gradient.

    Called from a Python loop: inside a loop of its own, XLA leaves convolutions on CPUs to one
    slow thread.
    """

    def shifted(distance: float, at: PyTree) -> PyTree:
        gradient = _gradient(apply, at, inputs, wanted)
        return jax.tree.map(lambda p, g: p - distance * g, params, gradient)

    return shifted(step, shifted(step / 2, params))


@partial(jax.jit, static_argnames="apply")
def _record(
    apply: Apply, params: PyTree, data: list[jax.Array], wanted: jax.Array
) -> tuple[jax.Array, ...]:
    """The network on all three samples, and its velocity downhill on the second."""
    train, reference, held_out = data
    downhill = jax.tree.map(jnp.negative, _gradient(apply, params, train, wanted))
    value, velocity = jax.jvp(lambda p: apply(p, reference), (params,), (downhill,))
    return apply(params, train), value, apply(params, held_out), velocity
