"""The kernel that governs a network's training: its NTK, gradient multipliers included."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kernel_regime.spectra.keras_network import as_jax
from kernel_regime.spectra.network_kernel import EmpiricalNTK
from kernel_regime.spectra.regime import Kernels, Outputs

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]


def observe(
    models: "Sequence[keras.Model]", train: Array, test: Array
) -> list[tuple[Kernels, Outputs]]:
    r"""Kernels and outputs of one network at several times, compiled once for all.

    The kernel is :math:`\sum_p m_p \, \partial_p f \, \partial_p f'`, averaged over the
    outputs, with m the factors by which the network multiplies its gradients: gradient flow with
    these factors moves the outputs along this kernel.

    Parameters
    ----------
    models : sequence of keras.Model
        Built, alike but for their trained weights; factors of 1 where they have no
        `gradient_multipliers`.
    train, test : arrays (n, …), (m, …)
        Inputs.
    """
    apply, _ = as_jax(models[0], train.shape[1:])
    names = [variable.path for variable in models[0].trainable_variables]
    factors = getattr(models[0], "gradient_multipliers", lambda: [1.0] * len(names))()
    roots = {name: np.float32(factor**0.5) for name, factor in zip(names, factors, strict=True)}

    def scaled(params: dict[str, Any], x: Any) -> Any:
        # In units in which a weight is divided by the root of its factor, the plain NTK has it.
        return apply({name: root * params[name] for name, root in roots.items()}, x)

    observations = []
    for model in models:
        variables = zip(names, model.trainable_variables, strict=True)
        params = {name: variable.numpy() / roots[name] for name, variable in variables}
        kernel = EmpiricalNTK(scaled, params, type(model).__name__, "trace")
        outputs = Outputs(*(_outputs(model, x) for x in (train, test)))
        count = outputs.train.shape[1]
        kernels = Kernels(kernel(train) / count, kernel(test, train) / count)
        observations.append((kernels, outputs))
    return observations


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
