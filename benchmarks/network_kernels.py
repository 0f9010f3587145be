"""Kernels of described networks: against neural-tangents, jitted, and NumPy's product."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Row, compare, emit, over_threads
from kernel_regime.core.arrays import Array
from kernel_regime.kernels import FullyConnectedNTK, NetworkKernel, StaxKernel

SAMPLES, FEATURES, BLOCK = 6000, 784, 1000
DENSE = {"Dense": {"out_dim": 1, "W_std": 1.5, "b_std": 0.1}}


def network(activation: str, layers: int) -> list[Any]:
    """Dense layers with biases, and an activation between each two."""
    return [*[DENSE, activation] * (layers - 1), DENSE]


def neural_tangents(layers: list[Any]) -> Callable[[Array], None]:
    """The NTK in blocks of rows, compiled."""
    StaxKernel(["Relu"])  # imports neural-tangents without its deprecation warnings
    import jax
    from neural_tangents import stax

    built = [
        getattr(stax, name)(**arguments)
        for one in layers
        for name, arguments in ([(one, {})] if isinstance(one, str) else one.items())
    ]
    kernel_fn = jax.jit(partial(stax.serial(*built)[2], get="ntk"))

    def matrix(x: Array) -> None:
        out = np.empty((len(x), len(x)), x.dtype)
        for start in range(0, len(x), BLOCK):
            out[start : start + BLOCK] = kernel_fn(x[start : start + BLOCK], x)

    return matrix


def rows(activation: str, layers: int, normalised: Array, raw: Array) -> list[Row]:
    """One network on inputs of any length; on normalised ones beside the ReLU network."""
    description = network(activation, layers)
    kernel, theirs = NetworkKernel(description), neural_tangents(description)
    work = f"{activation} NTK with biases, n={len(raw)}, d={raw.shape[1]}, {layers} layers"
    relu = FullyConnectedNTK(layers)
    return [
        compare(
            work,
            lambda: kernel(raw),
            "neural-tangents, jitted",
            lambda: theirs(raw),
            required=10,
            repeats=3,
        ),
        compare(
            f"{work}, both kernels in one pass",
            lambda: kernel.both(raw),
            "NTK alone",
            lambda: kernel(raw),
            required=1 / 1.1,
        ),
        compare(
            f"{work}, normalised, both kernels in one pass",
            lambda: kernel.both(normalised),
            "NTK alone",
            lambda: kernel(normalised),
            required=1 / 1.1,
        ),
        compare(work, lambda: kernel(raw), "NumPy X @ X.T", lambda: raw @ raw.T, required=1 / 4),
        compare(
            f"{work}, normalised",
            lambda: kernel(normalised),
            f"FullyConnectedNTK({layers})",
            lambda: relu(normalised),
            required=1 / 2,
        ),
    ]


def main(samples: int = SAMPLES) -> None:
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((samples, FEATURES))
    normalised = raw * np.sqrt(FEATURES) / np.linalg.norm(raw, axis=1)[:, None]
    raw = normalised * rng.uniform(0.5, 1.5, (samples, 1))
    inputs = normalised.astype(np.float32), raw.astype(np.float32)
    table = [
        row
        for activation in ("Erf", "Gelu")
        for layers in (3, 8)
        for row in rows(activation, layers, *inputs)
    ]
    kernel = NetworkKernel(network("Gelu", 3))
    emit([*table, *over_threads(f"Gelu NTK, n={samples}, 3 layers", lambda: kernel(inputs[1]))])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
