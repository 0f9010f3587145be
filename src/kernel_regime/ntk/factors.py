"""Per-sample gradients of a network's logits, factored layer by layer where that is smaller."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import PyTree
from kernel_regime.ntk.jaxpr import Program, find_layers
from kernel_regime.ntk.linear_layers import LinearLayer

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

Apply = Callable[[PyTree, jax.Array], jax.Array]


class Gradient(NamedTuple):
    """Gradients written out: rows (n, K, p)."""

    rows: jax.Array


class Outer(NamedTuple):
    """Gradients left as Σ_t δ_t ⊗ a_t: signals δ (n, K, T, out), inputs a (n, T, in)."""

    signals: jax.Array
    inputs: jax.Array


Factors = list[Gradient | Outer]


@partial(jax.jit, static_argnames="apply")
def pull_back(apply: Apply, params: PyTree, x: jax.Array, cotangents: jax.Array) -> Factors:
    """Gradients of K' combinations of the logits with respect to every parameter.

    Parameters
    ----------
    apply : callable
        `apply(params, x) -> (n, K)`, treating samples independently.
    params : pytree
        Parameters; leaves that are not floating point are constants.
    x : array of shape (n, ...)
        Inputs.
    cotangents : array of shape (K', K)
        The combinations; a row of the identity picks a logit.

    Notes
    -----
    A parameter that enters the network once, through one product y = a W, is factored: adding a
    nudge to y, and differentiating by it, gives the signal δ, and the gradient is δ ⊗ a. Any
    other (a bias, a shared or grouped weight, a normalisation's scale) has its gradient written
    out. What comes out is what this loop gives, one gradient after the other::

        for n in range(len(x)):
            for k, combination in enumerate(cotangents):
                gradient[n, k] = jax.grad(lambda p: combination @ apply(p, x[n : n + 1])[0])(params)

    Examples
    --------
    A layer of six inputs and five outputs keeps 6 + 5 numbers instead of 30; its bias has 5:

    >>> import numpy as np
    >>> def network(params, x):
    ...     return jnp.tanh(x @ params["W"] + params["b"])
    >>> params = {"W": np.ones((6, 5), np.float32), "b": np.zeros(5, np.float32)}
    >>> x = np.ones((7, 6), np.float32)
    >>> bias, weight = pull_back(network, params, x, np.eye(5, dtype=np.float32)[:1])
    >>> bias.rows.shape, weight.signals.shape, weight.inputs.shape
    ((7, 1, 5), (7, 1, 1, 5), (7, 1, 6))
    """
    leaves, tree = jax.tree.flatten(params)

    def logits_of_one(leaves: list[jax.Array], sample: jax.Array) -> jax.Array:
        return apply(jax.tree.unflatten(tree, leaves), sample[None])[0].astype(x.dtype)

    program = Program.trace(logits_of_one, leaves, jax.ShapeDtypeStruct(x.shape[1:], x.dtype))
    trained = [jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in leaves]
    layers = find_layers(program, trained)
    factored = {layer.weight.leaf for layer in layers.values()}
    others = {i: leaf for i, leaf in enumerate(leaves) if trained[i] and i not in factored}
    at_zero = {number: jnp.zeros(layer.y.shape, layer.y.dtype) for number, layer in layers.items()}

    def of_one_sample(sample: jax.Array) -> Factors:
        def nudged(
            nudges: dict[int, jax.Array], others: dict[int, jax.Array]
        ) -> tuple[jax.Array, dict[int, jax.Array]]:
            values = [others.get(i, leaf) for i, leaf in enumerate(leaves)]
            (logits,), activations = program.run([*values, sample], layers, nudges)
            return logits, activations

        _, backward, activations = jax.vjp(nudged, at_zero, others, has_aux=True)
        signals, gradients = jax.vmap(backward)(cotangents)
        rows = [g.reshape(len(cotangents), -1).astype(x.dtype) for g in gradients.values()]
        return [*map(Gradient, rows)] + [
            _factor(layer, activations[number].astype(x.dtype), signals[number].astype(x.dtype))
            for number, layer in layers.items()
        ]

    return jax.vmap(of_one_sample)(x)


def _factor(layer: LinearLayer, activation: jax.Array, signals: jax.Array) -> Gradient | Outer:
    """Leave Σ_t δ_t ⊗ a_t factored if contracting its factors costs less than its entries."""
    a = layer.inputs(activation) * layer.weight.scale
    delta = jax.vmap(layer.outputs)(signals)
    logits, positions, fan_out = delta.shape
    if positions**2 * (logits * fan_out + a.shape[1]) < logits * fan_out * a.shape[1]:
        return Outer(delta, a)
    return Gradient(jnp.einsum("kto,ti->koi", delta, a).reshape(logits, -1))
