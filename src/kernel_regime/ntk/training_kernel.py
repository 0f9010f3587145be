"""Training kernel: the empirical NTK that governs a training, gradient factors included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import PyTree
from kernel_regime.ntk.factors import Apply
from kernel_regime.ntk.keras_models import as_jax
from kernel_regime.ntk.network_kernel import EmpiricalNTK
from kernel_regime.ntk.observations import NetworkOutputs, TangentKernels

if TYPE_CHECKING:
    import jax
    import keras


def observe(
    models: "Sequence[keras.Model]", train: ArrayLike, test: ArrayLike
) -> list[tuple[TangentKernels, NetworkOutputs]]:
    r"""Kernels and outputs of one network at several times.

    The kernel is :math:`\sum_p m_p \, \partial_p f \, \partial_p f'`, averaged over the
    outputs, with m the factors by which the network multiplies its gradients: gradient flow with
    these factors moves the outputs along this kernel.

    Parameters
    ----------
    models : sequence of keras.Model
        Built, alike but for their trained weights; factors of 1 where they have no
        `gradient_multipliers`.
    train, test : array-likes (n, …), (m, …)
        Inputs.

    Raises
    ------
    InputError
        If a factor is not positive.
    """
    train, test = as_floating(train, "train"), as_floating(test, "test")
    observations = []
    for model in models:
        scaled, units = in_training_units(model, *as_jax(model, train.shape[1:]))
        kernel = EmpiricalNTK(scaled, units, type(model).__name__, "trace")
        outputs = NetworkOutputs(*(_outputs(model, x) for x in (train, test)))
        count = outputs.train.shape[1]
        kernels = TangentKernels(kernel(train) / count, kernel(test, train) / count)
        observations.append((kernels, outputs))
    return observations


def in_training_units(
    model: "keras.Model", apply: Apply, params: dict[str, Array]
) -> tuple[Apply, dict[str, Array]]:
    """A network as a function of parameters in which its plain NTK has the gradient multipliers.

    Parameters
    ----------
    model : keras.Model
        Says the factor on the gradient of every weight; 1 where it has no `gradient_multipliers`.
    apply, params
        What `as_jax` gives of it.
    """
    scaled = _Scaled(apply, _root_factors(model, params))
    return scaled, {place: params[place] / np.float32(root) for place, root in scaled.roots}


@dataclass(frozen=True)
class _Scaled:
    """A network in units in which its plain NTK has the gradient multipliers.

    There every weight is divided by the root of its factor. Objects of equal content are one
    network to JAX, which compiles it once.
    """

    apply: Apply
    roots: tuple[tuple[str, float], ...]

    def __call__(self, params: dict[str, PyTree], x: "jax.Array") -> "jax.Array":
        return self.apply({place: root * params[place] for place, root in self.roots}, x)


def _root_factors(model: "keras.Model", params: dict[str, Array]) -> tuple[tuple[str, float], ...]:
    """Root of the factor of every weight, by its place."""
    from kernel_regime.networks.base import gradient_factors

    factors = dict(zip(params, gradient_factors(model), strict=True))
    for place, factor in factors.items():
        if not 0 < factor < float("inf"):
            raise InputError(
                f"{type(model).__name__}.gradient_multipliers: {factor} of {place} is not "
                "positive; make a weight that shall not move untrainable"
            )
    return tuple((place, factor**0.5) for place, factor in factors.items())


def weight_movement(initial: "keras.Model", final: "keras.Model") -> float:
    """Distance that the weights moved, relative to their initial norm."""
    pairs = zip(initial.trainable_variables, final.trainable_variables, strict=True)
    moved, start = zip(
        *((np.sum((b.numpy() - a.numpy()) ** 2), np.sum(a.numpy() ** 2)) for a, b in pairs),
        strict=True,
    )
    return float(np.sqrt(sum(moved) / sum(start)))


def _outputs(model: "keras.Model", x: Array, batch: int = 1000) -> Array:
    parts = [model(x[i : i + batch]).numpy() for i in range(0, len(x), batch)]
    return np.concatenate(parts).astype(np.float64)
