"""A job describes its matrix, and refuses inputs that make none."""

import numpy as np
import pytest
from recording import numbered_samples

from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.kernels.polynomial import Polynomial

KERNEL = Polynomial(degree=2, intercept=1.0)


def test_a_job_is_not_callable():
    """Kedro calls callables while it saves partitions."""
    assert not callable(KernelJob(KERNEL, numbered_samples(3)))


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
        ({"engine": "spark"}, "'local' or 'dask'"),
        ({"memory": "lots"}, "byte"),
        ({"adress": "tcp://host:1"}, "not permitted"),
    ],
)
def test_an_execution_that_makes_no_sense_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Execution.model_validate(given)
