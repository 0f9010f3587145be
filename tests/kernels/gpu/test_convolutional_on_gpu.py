"""The GPU's convolutional engine: its generated source, compiled for this machine and run here."""

import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from kernel_regime.core.errors import InputError, UserError
from kernel_regime.execution import Execution
from kernel_regime.execution.devices import network_on, on_device
from kernel_regime.execution.store import KernelJob, fill, fill_all, open_matrix
from kernel_regime.kernels import MyrtleNNGP, MyrtleNTK, NetworkKernel, Polynomial
from kernel_regime.kernels.gpu.convolutional.device_images import DeviceImages
from kernel_regime.kernels.gpu.convolutional.driver import DeviceMemoryError
from kernel_regime.kernels.gpu.convolutional.engine_on_gpu import ConvolutionalOnGpu
from kernel_regime.kernels.gpu.convolutional.stage_shape import stage_shapes
from kernel_regime.kernels.gpu.convolutional.stage_source import cuda_source
from tests.kernels.gpu.host_driver import COMPILER, HostDriver
from tests.kernels.random_architectures import random_networks, samples, scales
from tests.kernels.test_convolutional_network import (
    CIRCULAR,
    FORKED,
    RESNET,
    SMOOTH,
    conv,
    dense,
    networks,
    pool,
)

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="needs g++ to compile CUDA source")
CUDA = "kernel_regime.kernels.gpu.convolutional.cuda_driver"
ACTIVATIONS = [
    *("Abs", "Erf", "Gelu", "Gabor", "ExpNormalized", "Sign", "Relu"),
    {"Sin": {"a": 1.2, "b": 0.8, "c": 0.3}},
    {"Rbf": {"gamma": 0.4}},
    {"Gaussian": {"a": 1.1, "b": -0.6}},
    {"Exp": {"a": 0.5, "b": 0.3}},
    {"RectifiedMonomial": {"degree": 0}},
    {"RectifiedMonomial": {"degree": 3}},
    {"Polynomial": {"coef": [0.1, 1.0, 0.3]}},
    {"Elementwise": {"fn": "tanh"}},
]
EVERY_ACTIVATION = [
    {"FanOut": {"num": len(ACTIVATIONS)}},
    {
        "parallel": [
            {"serial": [conv(0.9, 0.1, size), one, conv(1.1, None, 1)]}
            for one, size in zip(ACTIVATIONS, [1, (1, 3), 3] * 5, strict=True)
        ]
    },
    *("FanInSum", "Relu", "GlobalAvgPool"),
]
NETWORKS = {
    "cntk_gap": ([*[conv(1.4), "Relu"] * 3, "GlobalAvgPool", dense(1.0, None)], (5, 7, 1)),
    "cntk_v": ([*[conv(1.4, 0.1), "Relu"] * 2, "Flatten", dense(1.0, None)], (6, 6, 3)),
    "resnet": (RESNET, (4, 6, 2)),
    "forked": (FORKED, (4, 6, 2)),
    "circular": (CIRCULAR, (4, 6, 2)),
    "smooth": (SMOOTH, (4, 6, 3)),
    "activations": (EVERY_ACTIVATION, (3, 4, 2)),
    "odd": (
        [conv(1.2, 0.1, 5), "Relu", pool(2, 2), conv(), "Gelu", pool(1, 7), "GlobalAvgPool"],
        (10, 14, 1),
    ),
    "thirds": (
        [conv(), "Abs", pool(3, 3), conv(1.1, 0.1, 5, "CIRCULAR"), "Relu", pool(1, 2), "Flatten"],
        (9, 12, 2),
    ),
    "tall": (
        [
            *(conv(1.2, 0.1, 3, "CIRCULAR"), "Relu", conv(1.1, None, 5), "Gelu", pool(2, 2)),
            *(conv(1, 0.1, 5), "Relu", "GlobalAvgPool"),
        ],
        (20, 4, 2),
    ),
    "four columns": (
        [conv(1.2), "Relu", conv(1.1, 0.1), "Gelu", pool(2, 2), conv(), "Relu", "GlobalAvgPool"],
        (4, 28, 1),
    ),
    "wide": (
        [conv(), "Relu", pool(2, 2), pool(2, 2), conv(), "Relu", "GlobalAvgPool"],
        (4, 64, 1),
    ),
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("host_cuda")


@pytest.fixture
def driver(folder):
    return HostDriver(folder)


@needs_compiler
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *((name, np.float64) for name in NETWORKS),
        *((n, np.float32) for n in ("odd", "activations", "four columns")),
    ],
)
def test_a_gpu_computes_what_the_cpu_computes(name, dtype, driver):
    """Of ordinary images, and of equal, opposite, scaled, constant and zero ones.

    Within rounding of √(k(x, x)k(x', x')); where images coincide, half of the digits.
    """
    layers, shape = NETWORKS[name]
    x, y, coincide = samples(shape, 4)
    computed = ConvolutionalOnGpu(NetworkKernel(layers), driver).both(
        x.astype(dtype), y.astype(dtype)
    )
    for get, values in zip(("ntk", "nngp"), computed, strict=True):
        kernel = NetworkKernel(layers, get)
        error = np.abs(values - kernel.cross(x, y)) / scales(kernel, x, y)
        assert values.dtype == dtype
        assert error[~coincide].max() < {"float32": 2e-6, "float64": 2e-14}[values.dtype.name]
        assert error.max() < 4 * np.finfo(dtype).eps ** 0.5


@pytest.mark.slow
@pytest.mark.timeout(1800)
@needs_compiler
@random_networks(40)
@given(networks(), st.integers(0, 99))
def test_random_architectures_on_a_gpu_equal_those_on_the_cpu(folder, network, seed):
    layers, shape = network
    x, y, coincide = samples(shape, seed)
    computed = ConvolutionalOnGpu(NetworkKernel(layers), HostDriver(folder)).both(x, y)
    for get, values in zip(("ntk", "nngp"), computed, strict=True):
        kernel = NetworkKernel(layers, get)
        error = np.abs(values - kernel.cross(x, y)) / scales(kernel, x, y)
        assert error[~coincide].max() < 1e-13
        assert error.max() < 1e-7


@needs_compiler
@pytest.mark.parametrize(("depth", "side"), [(5, 8), (10, 8), (5, 16), (5, 32)])
def test_myrtle_networks(depth, side, driver):
    """In single precision, relative to every value; images that coincide have rounded angles."""
    x = np.random.default_rng(side).standard_normal((3, side, side, 3)).astype(np.float32)
    x[1, : side // 2] = 0  # pixels without variance
    kernel = MyrtleNTK(depth)
    matrix, exact = ConvolutionalOnGpu(kernel, driver).gram(x), kernel.gram(x.astype(np.float64))
    assert_array_equal(matrix, matrix.T)
    off = ~np.eye(len(x), dtype=bool)
    assert_allclose(matrix[off], exact[off], rtol=2e-6)
    assert_allclose(np.diagonal(matrix), np.diagonal(exact), rtol=1e-4)


@needs_compiler
def test_values_do_not_depend_on_the_memory_of_the_gpu(folder):
    """Few pairs at a time, and fewer where the memory turns out to be too small after all."""
    x = np.random.default_rng(1).standard_normal((5, 8, 8, 3)).astype(np.float32)
    whole = ConvolutionalOnGpu(MyrtleNTK(), HostDriver(folder)).gram(x)
    little = HostDriver(folder, memory=20_000)
    assert_array_equal(ConvolutionalOnGpu(MyrtleNTK(), little).gram(x), whole)
    overstated = HostDriver(folder, memory=20_000)
    overstated.free_memory = lambda: 10**9
    assert_array_equal(ConvolutionalOnGpu(MyrtleNTK(), overstated).gram(x), whole)
    with pytest.raises(DeviceMemoryError, match="do not fit"):
        ConvolutionalOnGpu(MyrtleNTK(), HostDriver(folder, memory=100)).gram(x)


@needs_compiler
def test_images_are_prepared_as_on_the_cpu(driver):
    """With the same factors, those of pixels in pooled images among them."""
    x = np.random.default_rng(2).standard_normal((3, 12, 8, 2))
    layers = [
        conv(),
        "Relu",
        pool(2, 2),
        conv(),
        "Gelu",
        pool(3, 1),
        conv(1, 0.1),
        "Abs",
        "Flatten",
    ]
    prepared = NetworkKernel(layers).convolutional_engine(x).prepare(x)
    images = DeviceImages(driver, prepared)
    for stage, rows in enumerate(images.images):
        found = [f[..., :3] for n, f in prepared.found[0].items() if n in of_stage(prepared, stage)]
        skipped = 2 * (stage == 0)
        expected = np.concatenate(found, axis=2).transpose(3, 0, 2, 1)
        assert_allclose(rows[:, :, skipped:], expected, rtol=1e-13)


def of_stage(prepared, s):
    stage = prepared.stages.stages[s]
    return range(int(stage["first"]), int(stage["last"]))


@needs_compiler
def test_both_kernels_of_a_network_come_from_one_pass_through_the_store(
    driver, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, CUDA, SimpleNamespace(current_driver=lambda: driver))
    x = np.random.default_rng(3).standard_normal((20, 4, 4, 1)).astype(np.float32)
    execution = Execution(device="gpu", memory=6 * 4 * 16**2)
    jobs = {
        kernel.which: KernelJob(kernel, x, execution=execution)
        for kernel in (MyrtleNTK(), MyrtleNNGP())
    }
    assert jobs["ntk"].network() == jobs["nngp"].network() is not None
    fill_all({tmp_path / f"{get}.npy": job for get, job in jobs.items()})
    together = driver.launches
    fill(jobs["ntk"], tmp_path / "alone.npy")
    assert driver.launches == 2 * together
    for get, kernel in (("ntk", MyrtleNTK()), ("nngp", MyrtleNNGP())):
        assert_allclose(open_matrix(tmp_path / f"{get}.npy"), kernel.gram(x), rtol=1e-4)


def test_a_gpu_computes_both_kernels_of_networks_on_images_and_on_vectors():
    for kernel in (NetworkKernel(RESNET), NetworkKernel([dense(), "Relu", dense()]), MyrtleNTK()):
        assert network_on(kernel, "gpu") == kernel.network()
    assert network_on(Polynomial(2), "gpu") is None


@needs_compiler
def test_images_that_no_warp_spans_are_refused(driver):
    kernel = ConvolutionalOnGpu(NetworkKernel([conv(), "Relu", "GlobalAvgPool"]), driver)
    with pytest.raises(InputError, match=r"does not span 37 columns.*leave `device` out"):
        kernel.gram(np.ones((2, 4, 37, 1)))


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="needs a machine without GPU")
def test_a_gpu_that_is_not_there_is_refused_with_the_remedy():
    with pytest.raises(UserError, match=r"kernel-regime\[gpu"):
        on_device(MyrtleNTK(), "gpu")


@pytest.mark.skipif(shutil.which("nvidia-smi") is None, reason="needs an NVIDIA GPU")
def test_a_card_computes_what_the_cpu_computes():
    x = np.random.default_rng(0).standard_normal((5, 32, 32, 3)).astype(np.float32)
    matrix, exact = on_device(MyrtleNTK(), "gpu").gram(x), MyrtleNTK().gram(x)
    assert_allclose(matrix, exact, rtol=5e-5)
    off = ~np.eye(len(x), dtype=bool)
    assert_allclose(matrix[off], exact[off], rtol=1e-5)


@pytest.mark.parametrize("name", ["resnet", "activations"])
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_nvrtc_compiles_every_stage(name, architecture):
    pytest.importorskip("cuda.core", reason="needs the packages of CUDA")
    from kernel_regime.kernels.gpu.convolutional.cuda_driver import compiled_for

    layers, shape = NETWORKS[name]
    x = np.ones((1, *shape), np.float32)
    prepared = NetworkKernel(layers).convolutional_engine(x).prepare(x)
    stages, numbers = prepared.stages, prepared.numbers
    for s, stage in enumerate(stage_shapes(stages, numbers, x.dtype, 99_000)):
        assert compiled_for(architecture, cuda_source(stages, stage, s, numbers)).code
