"""A job describes its matrix, and refuses inputs that make none."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.core.errors import MissingDeviceError
from kernel_regime.core.memory import DEFAULT_BYTES, working_memory
from kernel_regime.execution.devices import on_device
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill, open_matrix
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.kernels.polynomial import Polynomial
from tests.execution.recording import Recorded, numbered_samples

KERNEL = Polynomial(degree=2, intercept=1.0)


@pytest.mark.parametrize("columns", [None, numbered_samples(5)])
def test_shape_and_pairs(columns):
    job = KernelJob(KERNEL, numbered_samples(7), columns)
    assert job.shape == ((7, 7) if columns is None else (7, 5))
    assert job.pairs == (28 if columns is None else 35)


def test_fingerprints_tell_kernels_inputs_and_types_apart():
    samples = numbered_samples(6)
    changed = samples.copy()
    changed[3, 2] = np.nextafter(changed[3, 2], np.float32(9))
    jobs = [
        KernelJob(KERNEL, samples),
        KernelJob(Polynomial(degree=3, intercept=1.0), samples),
        KernelJob(KERNEL, changed),
        KernelJob(KERNEL, samples.astype(np.float64)),
        KernelJob(KERNEL, samples, samples),
        KernelJob(KERNEL, samples.reshape(6, 2, 2)),
    ]
    assert len({str(job.fingerprint()) for job in jobs}) == len(jobs)


def test_a_fingerprint_is_that_of_the_values_alone(tmp_path):
    samples = numbered_samples(6)
    np.save(tmp_path / "x.npy", samples)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    strided = np.asfortranarray(samples)
    small = Execution(memory="10MB", overwrite=True)
    jobs = [KernelJob(KERNEL, x, execution=small) for x in (mapped, strided)]
    wanted = KernelJob(KERNEL, samples).fingerprint()
    assert [job.fingerprint() for job in jobs] == [wanted, wanted]


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (numbered_samples(0), None, "rows: a kernel matrix needs at least one sample"),
        (numbered_samples(2), numbered_samples(0), "columns: a kernel matrix needs at least one"),
        (np.full((2, 2), np.nan), None, "sample 0 is not finite"),
        (np.zeros((2, 2)), np.zeros((2, 3)), "bring both to one shape"),
    ],
)
def test_inputs_that_make_no_kernel_are_refused(rows, columns, message):
    with pytest.raises(ValueError, match=message):
        KernelJob(KERNEL, rows, columns)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"engine": "local", "workers": 2}, "add `engine: dask` or remove them"),
        ({"engine": "dask", "address": "tcp://host:1", "workers": 2}, "remove address or workers"),
        ({"engine": "dask", "address": "foo://host:1"}, "'foo://host:1' is no address of a Dask"),
        ({"engine": "dask", "address": "tcp://host"}, "write tcp://host:8786"),
        ({"engine": "spark"}, "'local' or 'dask'"),
        ({"memory": "lots"}, "byte"),
        ({"adress": "tcp://host:1"}, "not permitted"),
    ],
)
def test_an_execution_that_makes_no_sense_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Execution.model_validate(given)


class Doubled:
    """What a GPU would be: twice the kernel."""

    def __init__(self, kernel):
        self._kernel = kernel

    def gram(self, x):
        return 2 * self._kernel.gram(x)

    def cross(self, x1, x2):
        return 2 * self._kernel.cross(x1, x2)


class OnBoth(Recorded):
    gpu = "tests.execution.test_job:Doubled"


def test_a_gpu_computes_by_the_class_that_the_kernel_names(tmp_path):
    kernel, samples = OnBoth("/dev/null"), numbered_samples(20)
    execution = Execution(device="gpu", memory=6 * 4 * 16**2)
    fill(KernelJob(kernel, samples, execution=execution), tmp_path / "k.npy")
    np.testing.assert_allclose(open_matrix(tmp_path / "k.npy"), 2 * samples @ samples.T, rtol=1e-6)
    assert on_device(kernel, "cpu") is kernel


def test_a_gpu_rounds_differently_and_makes_another_matrix():
    samples = numbered_samples(4)
    kernel = OnBoth("/dev/null")
    here = KernelJob(kernel, samples).fingerprint()
    there = KernelJob(kernel, samples, execution=Execution(device="gpu")).fingerprint()
    assert here["kernel"] == {"kind": "Recorded"}
    assert there["kernel"] == {"kind": "Recorded", "device": "gpu"}


def test_a_kernel_without_code_for_a_gpu_is_refused_before_work_begins():
    with pytest.raises(MissingDeviceError, match=r"execution\.device: Recorded has no code"):
        KernelJob(Recorded(""), numbered_samples(3), execution=Execution(device="gpu"))


def test_only_tiles_on_the_diagonal_of_a_symmetric_matrix_are_symmetric_tasks():
    samples = numbered_samples(40)
    job = KernelJob(KERNEL, samples)
    assert {tile.key: job.task(tile).symmetric for tile in job.grid(16).tiles} == {
        "0,0": True, "0,1": False, "0,2": False, "1,1": True, "1,2": False, "2,2": True
    }  # fmt: skip
    between = KernelJob(KERNEL, samples, samples)
    assert not any(between.task(tile).symmetric for tile in between.grid(16).tiles)


def test_inputs_of_any_array_like_are_taken():
    lists = [[0, 1], [1, 0], [1, 1]]
    job = KernelJob(KERNEL, lists, pd.DataFrame(lists))
    assert job.dtype == np.float64
    task = job.task(job.grid(16).tiles[0])
    np.testing.assert_allclose(task.compute()[0], KERNEL.cross(lists, lists))


def test_a_tile_is_computed_within_the_memory_of_the_execution():
    class Limited(Recorded):
        def _cross(self, x1, x2):
            return np.full((len(x1), len(x2)), float(working_memory()))

    job = KernelJob(Limited(""), numbered_samples(3), execution=Execution(memory=123_456))
    np.testing.assert_array_equal(job.task(job.grid(16).tiles[0]).compute()[0], 123_456)
    assert working_memory() == DEFAULT_BYTES
