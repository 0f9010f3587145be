"""Ridge paths on a GPU: their very code, on JAX's CPU, against the paths of the host."""

import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from kernel_regime.core.errors import InputError, MissingDeviceError, TooLargeError
from kernel_regime.evaluation.targets import encode_targets
from kernel_regime.kernels import FullyConnectedNTK
from kernel_regime.kernels.gpu.angular_jax import AngularOnGpu
from kernel_regime.regression.conditioning import EPSILON
from kernel_regime.regression.fit import fit_ridge_path
from kernel_regime.regression.gpu import kernel_on_device, path_on_device
from kernel_regime.regression.gpu.exact_path import CHOLESKY_RIDGES
from kernel_regime.regression.gpu.kernel_on_device import KernelOnDevice
from kernel_regime.regression.gpu.path_on_device import choose_on_device

DEVICE = jax.devices("cpu")[0]
NTK = FullyConnectedNTK(3)


def digits(n, dtype=np.float64):
    x, labels = load_digits(return_X_y=True)
    x = (x[:n] - x.mean(axis=0)) / x.std()
    return x.astype(dtype), encode_targets(labels[:n], 10)


@pytest.fixture
def in_parts(monkeypatch):
    """A few rows of the kernel at a time, and a last part that is shorter."""
    monkeypatch.setattr(kernel_on_device, "WIDENED", 300 * 8 * 47)


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("number", [3, CHOLESKY_RIDGES + 1])
def test_exact_paths_are_those_of_the_host(number):
    """By factors, and by eigenvectors; a float32 kernel is solved in float64 too."""
    x, targets = digits(300, np.float32)
    kernel, ridges = NTK.gram(x), np.geomspace(1e-4, 10, number)
    expected = fit_ridge_path(kernel, targets, ridges, solver="direct")
    path = fit_ridge_path(KernelOnDevice.of(kernel, DEVICE), targets, ridges)
    assert path.solver == ("cholesky" if number == 3 else "direct")
    round_off = 10 * EPSILON * np.linalg.eigvalsh(kernel.astype(float))[-1] / ridges
    for name in ("coefficients", "inverse_diagonal"):
        ours, theirs = (getattr(one, name).reshape(number, -1) for one in (path, expected))
        off = np.abs(ours - theirs).max(axis=1) / np.abs(theirs).max(axis=1)
        assert (off <= 10 * round_off).all()
    np.testing.assert_allclose(path.loo_loss, expected.loo_loss, rtol=1e-8)


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 5e-3), (np.float64, 1e-5)])
def test_iterative_paths_keep_the_tolerances_of_the_host(dtype, tolerance):
    x, targets = digits(700, dtype)
    kernel, ridges = NTK.gram(x), np.geomspace(1e-2, 10, 4)
    exact = fit_ridge_path(kernel, targets, ridges, solver="direct")
    path = fit_ridge_path(KernelOnDevice.of(kernel, DEVICE), targets, ridges, solver="iterative")
    assert path.solver.startswith("iterative")
    shifted = kernel.astype(float) @ path.coefficients + ridges[:, None, None] * path.coefficients
    residuals = np.linalg.norm(targets - shifted, axis=1) / np.linalg.norm(targets, axis=0)
    assert residuals.max() <= 1.01 * tolerance
    for name in ("loo", "gcv"):
        off = np.abs(getattr(path, f"{name}_loss") / getattr(exact, f"{name}_loss") - 1)
        assert (off <= getattr(path, f"{name}_relative_error") + 1e-9).all()
        assert (getattr(path, f"{name}_relative_error") < 0.05).all()


def test_products_and_nearest_points_are_those_of_the_host(monkeypatch):
    """In parts of a few rows, the last one shorter."""
    monkeypatch.setattr(kernel_on_device, "WIDENED", 150 * 8 * 40)
    x, _ = digits(150)
    kernel, block = NTK.gram(x), np.random.default_rng(0).standard_normal((150, 3))
    operator = KernelOnDevice.of(kernel, DEVICE)
    with kernel_on_device.jax_precision(np.float64):
        product = operator.products()(operator.block(block))
        nearest = operator.nearest_points()
    np.testing.assert_allclose(product, kernel @ block / operator.scale, rtol=1e-12, atol=1e-12)
    expected = kernel_on_device.NearestPoints.of(kernel, operator.scale)
    for name in ("diagonal", "theirs", "shared"):
        np.testing.assert_array_equal(getattr(nearest, name), getattr(expected, name))


def test_a_kernel_straight_from_its_engine_gives_the_path_of_its_file():
    x, targets = digits(200)
    kernel = KernelOnDevice(AngularOnGpu(NTK, DEVICE).gram_on_device(x))
    expected = fit_ridge_path(NTK.gram(x), targets, [0.1])
    np.testing.assert_allclose(
        fit_ridge_path(kernel, targets, [0.1]).coefficients, expected.coefficients, rtol=1e-7
    )
    assert jnp.ones(1).dtype == jnp.float32


@pytest.mark.parametrize("solver", ["direct", "iterative"])
def test_ridge_zero_on_a_singular_kernel_is_raised_as_on_the_host(solver, caplog):
    rng = np.random.default_rng(0)
    x, targets = rng.standard_normal((200, 8)), rng.standard_normal((200, 1))
    kernel = (1 + x @ x.T / np.sqrt(8)) ** 2  # rank 45
    expected = fit_ridge_path(kernel, targets, [0.0, 1.0], solver="direct")
    path = fit_ridge_path(KernelOnDevice.of(kernel, DEVICE), targets, [0.0, 1.0], solver=solver)
    assert caplog.text.count("1 of 2 ridges (from 0)") == 2
    assert path.applied[0] == pytest.approx(expected.applied[0], rel=0.5)
    np.testing.assert_allclose(path.loo_loss[1], expected.loo_loss[1], rtol=1e-9)


@pytest.mark.parametrize("solver", ["direct", "iterative"])
@pytest.mark.parametrize(
    "value, message", [(np.nan, "row 3 is not finite"), (9.0, "not symmetric"), (np.inf, "row 3")]
)
def test_what_the_host_refuses_is_refused(value, message, solver):
    kernel = np.eye(20)
    kernel[3, 7] = value
    with pytest.raises(InputError, match=f"train_kernel: .*{message}"):
        fit_ridge_path(KernelOnDevice.of(kernel, DEVICE), np.ones(20), [1.0], solver=solver)


def test_a_gpu_that_is_too_small_leaves_the_path_to_the_host(monkeypatch, caplog):
    x, targets = digits(100)
    kernel = NTK.gram(x)
    monkeypatch.setattr(path_on_device, "first_gpu", lambda: DEVICE)
    there = fit_ridge_path(kernel, targets, [1.0], device="gpu")
    monkeypatch.setattr(path_on_device, "free_memory", lambda _: 10**5)
    with caplog.at_level(logging.WARNING):
        here = fit_ridge_path(kernel, targets, [1.0], device="gpu")
    assert "are free on the GPU: the path is computed on the host" in caplog.text
    np.testing.assert_allclose(here.coefficients, there.coefficients, rtol=1e-9)


def test_plans_count_what_lies_beside_the_kernel():
    assert choose_on_device(20_000, 10, 60 * 10**9).solver == "direct"
    assert choose_on_device(30_000, 10, 20 * 10**9).solver == "iterative"
    assert choose_on_device(60_000, 10, 40 * 10**9).columns == 4000
    with pytest.raises(TooLargeError, match=r"direct needs 115\.20 GB beside the kernel of 60,000"):
        choose_on_device(60_000, 10, 40 * 10**9, solver="direct")


@pytest.mark.skipif(jax.default_backend() == "gpu", reason="needs a machine without GPU")
def test_a_gpu_that_is_not_there_is_refused_with_the_remedy():
    with pytest.raises(MissingDeviceError, match="device: gpu needs an NVIDIA GPU"):
        fit_ridge_path(np.eye(3), np.ones(3), [1.0], device="gpu")
