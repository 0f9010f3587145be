"""Devices of JAX on which its kernels are tested: the CPU, and a GPU if there is one."""

from importlib import import_module

import jax
import numpy as np
import pytest

from kernel_regime.kernels.gpu.jax_engine import first_gpu


def gpus():
    try:
        return [first_gpu()]
    except RuntimeError:
        return []


ON_EVERY_DEVICE = pytest.mark.parametrize("device", [jax.devices("cpu")[0], *gpus()], ids=str)


def on(device, kernel):
    """What computes the tiles of a kernel where JAX's device is its GPU."""
    module, _, name = kernel.gpu.partition(":")
    return getattr(import_module(module), name)(kernel, device)


def draw(*shape, dtype=np.float64):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def relative_error(kernel, values, expected, x1, x2):
    """Errors relative to √(k(x, x) k(x', x')), which may be 0 only where there is none."""
    size = np.sqrt(np.outer(kernel.diagonal(x1), kernel.diagonal(x2))).astype(np.float64)
    return np.abs(values - expected) / np.where(size > 0, size, np.finfo(float).tiny)
