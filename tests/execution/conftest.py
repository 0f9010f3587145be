"""A job of ten tiles that writes down what it computes, and where its matrix goes."""

import pytest

from kernel_regime.execution.store.job import KernelJob
from tests.execution.matrices import SMALL_TILES, N
from tests.execution.recording import Recorded, numbered_samples


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "tiles.log")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "train_kernels" / "level_00" / "ntk.npy"


@pytest.fixture
def job(log):
    return KernelJob(Recorded(log), numbered_samples(N), execution=SMALL_TILES)


@pytest.fixture
def exact(log):
    samples = numbered_samples(N)
    return samples @ samples.T
