"""Empirical NTK of LeNet-5: ours, the published procedure, neural-tangents.

Every peak is measured in a process of its own, where it is the growth of resident memory over
what was resident before the work began, kernel matrix included.
"""

import multiprocessing
import os
import statistics
import threading
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import psutil
from jax import lax

from benchmarks.harness import Row, emit, seconds
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.ntk.empirical import empirical_ntk

SAMPLES = 2000
BATCH = 100
FEW = 125


def _convolution(x: Any, weight: Any) -> Any:
    return lax.conv(x, weight, (1, 1), "VALID")


def _patch_product(x: Any, weight: Any) -> Any:
    """The same as one matrix product over 5×5 patches: its gradients per sample are products too.

    XLA would take a minute for fifty samples' float64 gradients of its own convolutions.
    """
    n, channels, side, _ = x.shape
    out = side - 4
    shifts = [x[:, :, i : i + out, j : j + out] for i in range(5) for j in range(5)]
    patches = jnp.stack(shifts, axis=2).reshape(n, channels * 25, out**2)
    products = jnp.einsum("ok,nkp->nop", weight.reshape(len(weight), -1), patches)
    return products.reshape(n, len(weight), out, out)


def lenet5(params: dict[str, Any], x: Any, product: Callable[..., Any] = _convolution) -> Any:
    """Logits (n, 10) of images (n, 1, 32, 32)."""

    def convolve(x: Any, name: str) -> Any:
        weight, bias = params[name]
        return jax.nn.relu(product(x, weight) + bias[:, None, None])

    def pool(x: Any) -> Any:
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    x = pool(convolve(x, "conv1"))
    x = pool(convolve(x, "left")) + pool(convolve(x, "right"))
    x = convolve(x, "conv3").reshape(len(x), -1)
    x = jax.nn.relu(x @ params["dense4"][0].T + params["dense4"][1])
    return x @ params["dense5"][0].T + params["dense5"][1]


def draw(dtype: Any) -> dict[str, Any]:
    """Weights and biases U(±1/√fan-in)."""
    shapes = {
        "conv1": (6, 1, 5, 5),
        "left": (16, 6, 5, 5),
        "right": (16, 6, 5, 5),
        "conv3": (120, 16, 5, 5),
        "dense4": (84, 120),
        "dense5": (10, 84),
    }
    rng = np.random.default_rng(0)
    params = {}
    for name, shape in shapes.items():
        bound = np.prod(shape[1:]) ** -0.5
        params[name] = tuple(rng.uniform(-bound, bound, s).astype(dtype) for s in (shape, shape[0]))
    return params


def images(n: int) -> Any:
    """Random images in [0, 1]."""
    return np.random.default_rng(1).random((n, 1, 32, 32), dtype=np.float32)


def ours(n: int) -> Any:
    """One logit, float32."""
    return empirical_ntk(lenet5, draw(np.float32), images(n))


@jax.jit
def _class_jacobian(params: Any, x: Any, logit: Any) -> Any:
    """Gradient of one logit for every sample."""

    def one(sample: Any) -> Any:
        gradients = jax.grad(lambda p: lenet5(p, sample[None], _patch_product)[0, logit])(params)
        return jnp.concatenate([g.ravel() for g in jax.tree.leaves(gradients)])

    return jax.vmap(one)(x)


def published(n: int) -> Any:
    """The float64 Jacobian, class by class, then the Gram matrix of the one that is used."""
    with jax_precision(np.float64):
        params, x = draw(np.float64), images(n).astype(np.float64)
        jacobian = np.empty((n, 10, 64_122))
        for start in range(0, n, BATCH):
            batch = slice(start, start + BATCH)
            for logit in range(10):
                jacobian[batch, logit] = _class_jacobian(params, x[batch], logit)
    chosen = jacobian[:, 0]
    return chosen @ chosen.T


def neural_tangents(n: int, implementation: int) -> Any:
    """neural-tangents' kernel of one logit, all samples at once: blocks only make it slower."""
    return np.asarray(_neural_tangents_function(implementation)(images(n), None, draw(np.float32)))


@cache
def _neural_tangents_function(implementation: int) -> Callable[..., Any]:
    import neural_tangents as nt

    def one_logit(params: Any, x: Any) -> Any:
        return lenet5(params, x)[:, :1]

    kernel = nt.empirical_ntk_fn(
        one_logit, vmap_axes=0, trace_axes=(-1,),
        implementation=nt.NtkImplementation(implementation),
    )  # fmt: skip
    return jax.jit(kernel)


def measure_alone(work: Callable[..., Any], *arguments: Any) -> tuple[float, float]:
    """Seconds, and growth of resident memory in GB, in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_watch, (work, arguments))


def _watch(work: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[float, float]:
    work(BATCH, *arguments[1:])  # compile first: the compiler's memory is nobody's algorithm
    process = psutil.Process(os.getpid())
    before, highest, done = process.memory_info().rss, 0, threading.Event()

    def sample() -> None:
        nonlocal highest
        while not done.wait(0.005):
            highest = max(highest, process.memory_info().rss)

    watcher = threading.Thread(target=sample)
    watcher.start()
    elapsed = seconds(lambda: work(*arguments))
    done.set()
    watcher.join()
    return elapsed, (highest - before) / 1e9


def main() -> None:
    """Time, memory, and both against neural-tangents."""
    work = f"LeNet-5 NTK, one logit, n={SAMPLES:,}"
    baseline = "float64 Jacobian by class, as published"
    their_seconds, their_peak = measure_alone(published, SAMPLES)
    _, peak = measure_alone(ours, SAMPLES)
    ours(SAMPLES)  # compile
    mine = statistics.median(seconds(lambda: ours(SAMPLES)) for _ in range(5))
    emit([
        Row(
            work=work, ours=mine, against=baseline, other=their_seconds, required=10,
            note="theirs once",
        ),
        _against_neural_tangents(work, mine),
        Row(
            work=f"{work}: peak memory", ours=peak, unit="GB", against=baseline,
            other=their_peak, required=10, note="kernel included",
        ),
    ])  # fmt: skip


def _against_neural_tangents(work: str, mine: float) -> Row:
    """The fastest of its implementations that exist under this JAX."""
    times = {}
    for name, implementation in (("Jacobian contraction", 1), ("NTK-vector products", 2)):
        n = FEW if implementation == 2 else SAMPLES
        neural_tangents(n, implementation)
        pairs = (SAMPLES / n) ** 2
        times[name] = pairs * min(
            seconds(partial(neural_tangents, n, implementation)) for _ in "12"
        )
    best = min(times, key=lambda name: times[name])
    return Row(
        work=work, ours=mine, against=f"neural-tangents, {best}", other=times[best], required=2,
        note=f"NTK-vector products: {times['NTK-vector products']:.0f} s, from {FEW}² pairs",
    )  # fmt: skip


if __name__ == "__main__":
    main()
