"""Kernels of finite networks owe what every kernel owes."""

import jax.numpy as jnp
import numpy as np
import pytest

from kernel_regime.kernels import check_kernel
from kernel_regime.ntk.network_kernel import EmpiricalNTK
from kernel_regime.ntk.shallow_network import ShallowNTK

RNG = np.random.default_rng(0)
PARAMS = {
    "inner": RNG.standard_normal((16, 20)) / 4,
    "bias": RNG.standard_normal(20),
    "outer": RNG.standard_normal((20, 2)) / 5,
}


def shallow_tanh(params, x):
    return jnp.tanh(x @ params["inner"] + params["bias"]) @ params["outer"]


@pytest.mark.parametrize(
    "kernel",
    [
        ShallowNTK(300, "relu", seed=1),
        ShallowNTK(300, "tanh", seed=2, part="inner"),
        EmpiricalNTK(shallow_tanh, PARAMS, "shallow tanh", outputs=1),
        EmpiricalNTK(shallow_tanh, PARAMS, "shallow tanh", outputs="trace"),
    ],
    ids=["shallow", "inner", "logit", "trace"],
)
def test_kernels_of_finite_networks_pass_the_check(kernel):
    check_kernel(kernel)
