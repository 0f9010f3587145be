"""Empirical NTK of LeNet-5: ours, the published procedure, neural-tangents.

Every peak is measured in a process of its own, where it is the growth of resident memory over
what was resident before the work began, kernel matrix included.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import psutil
from jax import lax

from benchmarks.harness import Row, compare, emit, seconds
from kernel_regime.spectra import empirical_ntk

SAMPLES = 2000
MANY = 10_000


def lenet5(params: dict[str, Any], x: Any) -> Any:
    """Logits (n, 10) of images (n, 1, 32, 32)."""

    def convolve(x: Any, name: str) -> Any:
        weight, bias = params[name]
        return jax.nn.relu(lax.conv(x, weight, (1, 1), "VALID") + bias[:, None, None])

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
def _class_jacobians(params: Any, x: Any) -> Any:
    """Gradients of all ten logits per sample, as the published code takes them."""

    def one(sample: Any) -> Any:
        gradients = jax.jacrev(lambda p: lenet5(p, sample[None])[0])(params)
        return jnp.concatenate([g.reshape(10, -1) for g in jax.tree.leaves(gradients)], axis=1)

    return jax.vmap(one)(x)


def published(n: int) -> Any:
    """The float64 Jacobian of all logits, then the Gram matrix of the one that is used."""
    with jax.experimental.enable_x64():
        params, x = draw(np.float64), images(n).astype(np.float64)
        jacobian = np.empty((n, 10, 64_122))
        for start in range(0, n, 50):
            jacobian[start : start + 50] = _class_jacobians(params, x[start : start + 50])
    logit = jacobian[:, 0]
    return logit @ logit.T


def neural_tangents(n: int, implementation: int) -> Any:
    """neural-tangents' kernel of one logit, batched as its documentation advises."""
    import neural_tangents as nt

    params, x = draw(np.float32), images(n)
    kernel = _neural_tangents_function(implementation)
    size = 250
    batched = nt.batch(kernel, batch_size=size, device_count=0)
    return np.asarray(batched(x, None, params))


def _neural_tangents_function(implementation: int) -> Callable[..., Any]:
    import neural_tangents as nt

    def one_logit(params: Any, x: Any) -> Any:
        return lenet5(params, x)[:, :1]

    return nt.empirical_ntk_fn(
        one_logit, vmap_axes=0, trace_axes=(-1,),
        implementation=nt.NtkImplementation(implementation),
    )  # fmt: skip


def peak_gigabytes(work: Callable[..., Any], *arguments: Any) -> float:
    """Growth of resident memory while the work runs, in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_watch, (work, arguments))


def _watch(work: Callable[..., Any], arguments: tuple[Any, ...]) -> float:
    work(8, *arguments[1:])  # compile first: the compiler's memory is nobody's algorithm
    process = psutil.Process(os.getpid())
    before, highest, done = process.memory_info().rss, 0, threading.Event()

    def sample() -> None:
        nonlocal highest
        while not done.wait(0.005):
            highest = max(highest, process.memory_info().rss)

    watcher = threading.Thread(target=sample)
    watcher.start()
    work(*arguments)
    done.set()
    watcher.join()
    return (highest - before) / 1e9


def main() -> None:
    """Time, memory, and both against neural-tangents."""
    work = f"LeNet-5 NTK, one logit, n={SAMPLES:,}"
    rows = [
        compare(
            work, lambda: ours(SAMPLES),
            "float64 Jacobian of all logits, as published", lambda: published(SAMPLES),
            required=10, repeats=2,
        ),
        Row(
            work=f"{work}: peak memory", ours=peak_gigabytes(ours, SAMPLES), unit="GB",
            against="float64 Jacobian, as published", other=peak_gigabytes(published, SAMPLES),
            required=10, note="kernel included",
        ),
        _against_neural_tangents(work),
        _many(),
    ]  # fmt: skip
    emit(rows)


def _against_neural_tangents(work: str) -> Row:
    """The fastest of its implementations that exist under this JAX."""
    times = {}
    for name, implementation in (("Jacobian contraction", 1), ("NTK-vector products", 2)):
        few = 250 if implementation == 2 else SAMPLES
        neural_tangents(few, implementation)
        times[name] = seconds(lambda i=implementation, n=few: neural_tangents(n, i))
        times[name] *= (SAMPLES / few) ** 2 if few < SAMPLES else 1
    best = min(times, key=lambda name: times[name])
    ours(SAMPLES)
    return Row(
        work=work, ours=min(seconds(lambda: ours(SAMPLES)) for _ in range(3)),
        against=f"neural-tangents, {best}", other=times[best], required=2,
        note="; ".join(f"{name} {value:.1f} s" for name, value in times.items()),
    )  # fmt: skip


def _many() -> Row:
    """Memory beyond the kernel itself at n = 10,000, against the 4 GB allowed."""
    kernel = MANY**2 * 4 / 1e9
    beyond = peak_gigabytes(ours, MANY) - kernel
    return Row(
        work=f"LeNet-5 NTK, one logit, n={MANY:,}: memory beyond the kernel",
        ours=beyond, against="what the issue allows", other=4.0, unit="GB", required=1,
    )  # fmt: skip


if __name__ == "__main__":
    main()
