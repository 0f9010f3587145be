"""Dense networks on a GPU: their very code, on JAX's CPU, and on a GPU if any."""

import jax
import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.kernels.gpu import jax_engine, network_jax
from kernel_regime.kernels.infinite_network import NetworkKernel
from tests.kernels.jax_devices import ON_EVERY_DEVICE, draw, on, relative_error


def network(*layers, get="ntk"):
    first = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}
    return NetworkKernel([first, *layers, {"Dense": {"out_dim": 1}}], get)


NETWORKS = {
    "erf": network("Erf", get="nngp"),
    "a kink": network("Relu"),
}


@ON_EVERY_DEVICE
@pytest.mark.parametrize("name", NETWORKS)
def test_dense_networks_of_lengths_near_and_far(name, device, monkeypatch):
    """Polynomials on the device, and on the host the pairs that they do not cover."""
    monkeypatch.setattr(jax_engine, "EDGE", 192)
    kernel, x = NETWORKS[name], draw(300, 9)
    x *= np.exp(draw(300, 1) / 20) * 3 / np.linalg.norm(x, axis=1, keepdims=True)
    x[7], x[250], x[200], x[30] = 1.01 * x[3], x[3], -x[5], 100 * x[30]
    blocks, values = [], network_jax.network_values
    monkeypatch.setattr(
        network_jax, "network_values", lambda *given: blocks.append(1) or values(*given)
    )
    engine, whole = on(device, kernel), kernel(x)
    gram = engine.gram(x)
    np.testing.assert_array_equal(gram, gram.T)
    assert relative_error(kernel, gram, whole, x, x).max() < 1e-12
    assert blocks
    single = engine.cross(x.astype(np.float32), x[::-1].astype(np.float32))
    assert single.dtype == np.float32
    assert relative_error(kernel, single, whole[:, ::-1], x, x[::-1]).max() < 3e-6


@ON_EVERY_DEVICE
def test_homogeneous_networks_are_angular_kernels(device):
    dense, x = {"Dense": {"out_dim": 1}}, draw(40, 9, dtype=np.float32)
    kernel = NetworkKernel([dense, "Abs", dense, "Relu", dense])
    values = on(device, kernel).cross(x, x)
    assert relative_error(kernel, values, kernel(x.astype(float)), x, x).max() < 3e-6


def test_networks_that_jax_cannot_compute_have_no_gpu_of_its_kind():
    conv = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
    image = NetworkKernel([conv, "Relu", "Flatten", {"Dense": {"out_dim": 1}}])
    assert image.gpu != NETWORKS["erf"].gpu
    late = NetworkKernel([{"Dense": {"out_dim": 1}}, "Erf", "Flatten", {"Dense": {"out_dim": 1}}])
    with pytest.raises(InputError, match=r"architecture\[2\]: Flatten stands behind layers"):
        on(jax.devices("cpu")[0], late).gram(np.ones((2, 3, 3)))
