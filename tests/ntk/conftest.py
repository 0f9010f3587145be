"""LeNet-5 of the published code in plain JAX, as an oracle for everything about it."""

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from tests.beside import golden


def lenet5(params, x):
    """Logits (n, 10) of images (n, 1, 32, 32), layers named as in the golden file."""

    def convolve(x, name):
        weight, bias = (params[f"{name}.{part}"] for part in ("weight", "bias"))
        return jax.nn.relu(lax.conv(x, weight, (1, 1), "VALID") + bias[:, None, None])

    def pool(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def dense(x, name):
        return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]

    x = pool(convolve(x, "c1.c1.c1"))
    x = pool(convolve(x, "c2_1.c2.c2")) + pool(convolve(x, "c2_2.c2.c2"))
    x = convolve(x, "c3.c3.c3").reshape(len(x), -1)
    return dense(jax.nn.relu(dense(x, "f4.f4.f4")), "f5.f5.f5")


@pytest.fixture(scope="session")
def lenet5_golden():
    """Images, parameters and kernels of the published LeNet-5 run."""
    values = golden("lenet5_empirical_ntk")
    params = {k.removeprefix("param:"): v for k, v in values.items() if k.startswith("param:")}
    return values, params


@pytest.fixture(scope="session")
def shallow_golden():
    """Inputs, weights and kernels of the published shallow networks."""
    return golden("shallow_empirical_ntk")


@pytest.fixture(scope="session")
def lenet5_apply():
    """The function itself, for `empirical_ntk`."""
    return lenet5
