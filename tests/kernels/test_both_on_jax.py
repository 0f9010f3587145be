"""NTK and NNGP of dense networks from one pass on a GPU: on JAX's CPU, and on a GPU if any."""

import jax
import numpy as np
import pytest

from kernel_regime.core.errors import NotFiniteError
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import KernelJob, fill, fill_all, open_matrix
from kernel_regime.kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
    NetworkKernel,
    TwoLayerNNGP,
    TwoLayerNTK,
)
from kernel_regime.kernels.both_kernels import BOTH
from kernel_regime.kernels.gpu import angular_jax, jax_engine, network_jax
from tests.kernels.jax_devices import ON_EVERY_DEVICE, on, relative_error

FIRST, DENSE = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}, {"Dense": {"out_dim": 1}}
PRODUCTS = ((angular_jax, "angles_between"), (network_jax, "network_angles"))


def network(*layers):
    return tuple(NetworkKernel(list(layers), get) for get in BOTH)


KERNELS = {
    "fully connected": (FullyConnectedNTK(4), FullyConnectedNNGP(4)),
    "two-layer": (TwoLayerNTK(), TwoLayerNNGP()),
    "homogeneous": network(DENSE, "Abs", DENSE, "Relu", DENSE),
    "smooth": network(FIRST, "Erf", DENSE),
    "kinked": network(FIRST, "Relu", FIRST, "Gelu", DENSE),
}
EVERY_NETWORK = pytest.mark.parametrize("kernels", KERNELS.values(), ids=KERNELS)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(jax_engine, "EDGE", 192)


@pytest.fixture
def products(monkeypatch):
    """The shapes of what was multiplied on a device."""
    found = []

    def counted(multiply):
        return lambda left, *others: found.append(left.shape) or multiply(left, *others)

    for module, name in PRODUCTS:
        monkeypatch.setattr(module, name, counted(getattr(module, name)))
    return found


def vectors(n, seed, dtype=np.float64):
    """Of lengths that a polynomial covers and does not, some parallel, one zero."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 20)) * np.exp(rng.normal(0, 0.2, (n, 1)))
    x[1] *= 100
    x[2:4] = np.ones(20), 2 * np.ones(20)
    x[4] = 0
    return x.astype(dtype)


@ON_EVERY_DEVICE
@EVERY_NETWORK
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_pass_gives_both_bit_for_bit_from_one_product_a_block(kernels, dtype, device, products):
    x = vectors(300, 0, dtype)
    for kernel in kernels:
        for y in (None, vectors(260, 1, dtype)):
            products.clear()
            both = on(device, kernel).both(x, y)
            blocks = len(products)
            assert blocks > 1
            for name, other in zip(BOTH, kernels, strict=True):
                engine = on(device, other)
                alone = engine.gram(x) if y is None else engine.cross(x, y)
                np.testing.assert_array_equal(getattr(both, name), alone)
            assert len(products) == 3 * blocks


@ON_EVERY_DEVICE
@EVERY_NETWORK
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 3e-6)])
def test_both_are_those_of_the_cpu_and_exactly_symmetric(kernels, dtype, tolerance, device):
    """Of the same inputs in double precision: float32 values are right to 1e-6 a layer."""
    x, y = vectors(300, 0, dtype), vectors(260, 1, dtype)
    engine = on(device, kernels[0])
    gram, cross = engine.both(x), engine.both(x, y)
    for kernel, values, others in zip(kernels, gram, cross, strict=True):
        assert values.dtype == others.dtype == dtype
        np.testing.assert_array_equal(values, values.T)
        wide = x.astype(float), y.astype(float)
        exact = kernel.gram(wide[0]), kernel.cross(*wide)
        assert relative_error(kernel, values, exact[0], x, x).max() < tolerance
        assert relative_error(kernel, others, exact[1], x, y).max() < tolerance


def test_values_beyond_a_dtype_name_the_kernel_that_has_them():
    """Of 130 layers the NNGP is 2^-129, the NTK 130 times that."""
    x = np.ones((3, 4), np.float32)
    with pytest.raises(NotFiniteError, match=r"FullyConnectedNNGP\(layers=130\): values"):
        on(jax.devices("cpu")[0], FullyConnectedNTK(130)).both(x)


@EVERY_NETWORK
def test_a_store_fills_both_from_one_product_a_block(kernels, products, tmp_path, monkeypatch):
    device = jax.devices("cpu")[0]
    monkeypatch.setattr(jax, "devices", lambda kind=None: [device])
    x, three_tiles = vectors(560, 0, np.float32), 6 * 4 * 288**2
    jobs = [
        KernelJob(kernel, x, execution=Execution(device="gpu", memory=three_tiles))
        for kernel in kernels
    ]
    fill(jobs[0], tmp_path / "alone.npy")
    blocks = products.copy()
    assert len(blocks) >= 3
    products.clear()
    fill_all({tmp_path / f"{job.kernel.which}.npy": job for job in jobs})
    assert products == blocks
    ntk, nngp = (open_matrix(tmp_path / f"{get}.npy") for get in BOTH)
    np.testing.assert_array_equal(ntk, open_matrix(tmp_path / "alone.npy"))
    for kernel, values in zip(kernels, (ntk, nngp), strict=True):
        np.testing.assert_array_equal(values, values.T)
        assert relative_error(kernel, values, kernel.gram(x.astype(float)), x, x).max() < 3e-6
