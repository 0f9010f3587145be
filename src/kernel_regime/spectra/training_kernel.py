"""The kernel that governs a network's training: its NTK, gradient multipliers included."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kernel_regime.spectra.keras_network import as_jax
from kernel_regime.spectra.network_kernel import EmpiricalNTK
from kernel_regime.spectra.regime import Kernels, Outputs

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]


def observe(model: "keras.Model", train: Array, test: Array) -> tuple[Kernels, Outputs]:
    r"""Kernels and outputs of a network with the weights it has.

    The kernel is :math:`\sum_p m_p \, \partial_p f \, \partial_p f'`, averaged over the
    outputs, with m the factors by which the network multiplies its gradients: gradient flow with
    these factors moves the outputs along this kernel.

    Parameters
    ----------
    model : keras.Model
        Built; factors of 1 where it has no `gradient_multipliers`.
    train, test : arrays (n, …), (m, …)
        Inputs.
    """
    apply, params = as_jax(model, train.shape[1:])
    roots = {name: np.float32(factor**0.5) for name, factor in _multipliers(model).items()}

    def scaled(scaled_params: dict[str, Any], x: Any) -> Any:
        return apply({name: roots[name] * scaled_params[name] for name in roots}, x)

    # In units in which a weight is divided by the root of its factor, the plain NTK has it.
    scaled_params = {name: values / roots[name] for name, values in params.items()}
    kernel = EmpiricalNTK(scaled, scaled_params, type(model).__name__, "trace")
    outputs = Outputs(*(_outputs(model, x) for x in (train, test)))
    count = outputs.train.shape[1]
    return Kernels(kernel(train) / count, kernel(test, train) / count), outputs


def weight_movement(initial: "keras.Model", final: "keras.Model") -> float:
    """Distance that the weights moved, relative to their initial norm."""
    pairs = zip(initial.trainable_variables, final.trainable_variables, strict=True)
    moved, start = zip(
        *((np.sum((b.numpy() - a.numpy()) ** 2), np.sum(a.numpy() ** 2)) for a, b in pairs),
        strict=True,
    )
    return float(np.sqrt(sum(moved) / sum(start)))


def _multipliers(model: "keras.Model") -> dict[str, float]:
    names = [variable.path for variable in model.trainable_variables]
    factors = model.gradient_multipliers() if hasattr(model, "gradient_multipliers") else None
    return dict(zip(names, factors or [1.0] * len(names), strict=True))


def _outputs(model: "keras.Model", x: Array, batch: int = 1000) -> Array:
    parts = [model(x[i : i + batch]).numpy() for i in range(0, len(x), batch)]
    return np.concatenate(parts).astype(np.float64)
