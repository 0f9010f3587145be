"""Per-sample gradients of a network's logits, factored layer by layer where that is smaller."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from kernel_regime.ntk.jaxpr import OnOtherUse, OnProduct, Product, Weight, interpret

Apply = Callable[[Any, jax.Array], jax.Array]


class Gradient(NamedTuple):
    """Gradients written out: rows (n, K, p)."""

    rows: Any


class Outer(NamedTuple):
    """Gradients left as Σ_t δ_t ⊗ a_t: signals (n, K, T, out), inputs (n, T, in)."""

    signals: Any
    inputs: Any


Factors = list[Gradient | Outer]


@partial(jax.jit, static_argnames="apply")
def pull_back(apply: Apply, params: Any, x: jax.Array, cotangents: jax.Array) -> Factors:
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
    A parameter that enters the network once, through one product, is factored. Any other (a
    bias, a shared or grouped weight, a normalisation's scale) has its gradient written out.
    """
    leaves, tree = jax.tree.flatten(params)
    network = _Network(apply, tree, tuple(map(_may_differentiate, leaves)), x.shape[1:], x.dtype)
    places = network.survey(leaves)
    loose = {i: leaf for i, leaf in enumerate(leaves) if network.trained[i] and i not in places}

    def one_sample(sample: jax.Array) -> Factors:
        products: dict[int, Product] = {}

        def nudged(nudges: dict[int, jax.Array], loose: dict[int, jax.Array]) -> Any:
            met: dict[int, jax.Array] = {}

            def on_product(product: Product, a: jax.Array, y: jax.Array) -> jax.Array:
                leaf = product.weight.leaf
                if leaf not in nudges:
                    return y
                products[leaf], met[leaf] = product, a
                return y + nudges[leaf]

            merged = [loose.get(i, leaf) for i, leaf in enumerate(leaves)]
            return network.run(merged, sample, on_product, lambda _: None), met

        zeros = {i: jnp.zeros(y.shape, y.dtype) for i, y in places.items()}
        _, backward, activations = jax.vjp(nudged, zeros, loose, has_aux=True)
        signals, gradients = jax.vmap(backward)(cotangents)
        written = [Gradient(g.reshape(len(cotangents), -1)) for g in gradients.values()]
        return written + [_factor(products[i], activations[i], signals[i]) for i in sorted(places)]

    return jax.vmap(one_sample)(x)


@dataclass(frozen=True)
class _Network:
    """A network as the program it runs on one sample."""

    apply: Apply
    tree: Any
    trained: tuple[bool, ...]
    shape: tuple[int, ...]
    dtype: Any

    def one(self, leaves: list[Any], sample: jax.Array) -> jax.Array:
        """Logits (K,) of one sample."""
        return self.apply(jax.tree.unflatten(self.tree, leaves), sample[None])[0]

    @property
    def sample(self) -> jax.ShapeDtypeStruct:
        """What one sample looks like."""
        return jax.ShapeDtypeStruct(self.shape, self.dtype)

    def run(
        self, leaves: list[Any], sample: Any, on_product: OnProduct, on_other_use: OnOtherUse
    ) -> jax.Array:
        """Logits of one sample, every use of a parameter reported: see `interpret`."""
        program = jax.make_jaxpr(self.one)(leaves, self.sample)
        roles = [Weight(i) if trained else None for i, trained in enumerate(self.trained)]
        results, kinds = interpret(
            program.jaxpr,
            program.consts,
            [*leaves, sample],
            [*roles, None],
            on_product,
            on_other_use,
        )
        for weight in filter(None, kinds):
            on_other_use(weight)
        return results[0]

    def survey(self, leaves: list[Any]) -> dict[int, jax.ShapeDtypeStruct]:
        """Parameters that enter the network once, through one product, with that product's y."""
        uses: dict[int, list[Any]] = {}

        def on_product(product: Product, _: jax.Array, y: jax.Array) -> jax.Array:
            shape = jax.ShapeDtypeStruct(y.shape, y.dtype)
            uses.setdefault(product.weight.leaf, []).append(shape)
            return y

        def on_other_use(weight: Weight) -> None:
            uses.setdefault(weight.leaf, []).append(None)

        def watched(leaves: list[Any], sample: Any) -> jax.Array:
            return self.run(leaves, sample, on_product, on_other_use)

        jax.eval_shape(watched, leaves, self.sample)
        return {leaf: seen[0] for leaf, seen in uses.items() if len(seen) == 1 and seen[0]}


def _may_differentiate(leaf: jax.Array) -> bool:
    """Counters and other integers are constants."""
    return jnp.issubdtype(leaf.dtype, jnp.floating)


def _factor(product: Product, activation: jax.Array, signals: jax.Array) -> Gradient | Outer:
    """Leave Σ_t δ_t ⊗ a_t factored if contracting its factors costs less than its entries."""
    a = product.inputs(activation) * product.weight.scale
    delta = jax.vmap(product.outputs)(signals)
    logits, positions, fan_out = delta.shape
    if positions**2 * (logits * fan_out + a.shape[1]) < logits * fan_out * a.shape[1]:
        return Outer(delta, a)
    return Gradient(jnp.einsum("kto,ti->koi", delta, a).reshape(logits, -1))
