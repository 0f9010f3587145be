"""The GPU's Myrtle kernels: their very code, run by Numba's simulator of a GPU."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import cuda

from kernel_regime.execution.devices import on_device
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleNTK

SCRIPT = Path(__file__).with_name("myrtle_on_simulator.py")


@pytest.mark.parametrize(
    ("side", "depth", "dtype"),
    [
        (4, 5, "float32"),
        pytest.param(8, 10, "float64", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
    ],
)
def test_every_thread_together_computes_what_the_cpu_computes(side, depth, dtype):
    """In a process of its own: whether to simulate is decided when Numba is imported."""
    command = [sys.executable, SCRIPT, str(side), str(depth), dtype]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    process = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


@pytest.mark.skipif(not cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_gpu_computes_what_the_cpu_computes():
    x = np.random.default_rng(0).standard_normal((5, 32, 32, 3)).astype(np.float32)
    expected = MyrtleNTK()(x[:2], x[2:])
    engine = on_device(MyrtleNTK(), "gpu")
    np.testing.assert_allclose(engine.cross(x[:2], x[2:]), expected, rtol=1e-5)
    np.testing.assert_allclose(engine.gram(x), MyrtleNTK()(x), rtol=2e-5)


@pytest.mark.skipif(cuda.is_available(), reason="needs a machine without GPU")
def test_a_gpu_that_is_not_there_is_refused_with_the_remedy():
    with pytest.raises(RuntimeError, match=r"device: gpu needs an NVIDIA GPU.*kernel-regime\[gpu"):
        on_device(MyrtleNTK(), "gpu")
