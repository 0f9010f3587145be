"""The catalog's kernels: which partitions an output has, and checked matrices out."""

import numpy as np
import pytest
from kedro.io import DatasetError

from kernel_regime.datasets.kernel_matrix import KernelMatricesDataset
from kernel_regime.datasets.kernel_validator import KernelValidator, check_matrix
from kernel_regime.execution.results import partition_content
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import KernelJob, MissingMatrixError, SharedDisk, disk_of
from kernel_regime.kernels.polynomial import Polynomial

KERNEL = Polynomial(degree=2, intercept=1.0)


@pytest.fixture
def samples():
    return np.random.default_rng(0).standard_normal((20, 5)).astype(np.float32)


def filled(folder, jobs, output="kernels"):
    """Matrices of an output, as a node returns them."""
    disk = disk_of(folder)
    matrices = {name: disk.partition(output, name) for name in jobs}
    disk.add({matrices[name].path: lambda job=job: job for name, job in jobs.items()})
    return matrices


def dataset(folder, name="kernels"):
    return KernelMatricesDataset(path=str(folder / name))


def test_saving_records_what_was_computed_and_loading_maps(tmp_path, samples):
    matrices = filled(tmp_path, {f"level_{tau}/a": KernelJob(KERNEL, samples) for tau in (0, 2)})
    kernels = dataset(tmp_path)
    assert not kernels.exists()
    kernels.save(matrices)
    assert kernels.exists()
    loaded = kernels.load()
    assert list(loaded) == ["level_0/a", "level_2/a"]  # manifests are no partitions
    matrix = loaded["level_2/a"]()
    assert isinstance(matrix, np.memmap)
    np.testing.assert_allclose(matrix, KERNEL(samples), rtol=1e-6)
    assert kernels.file("level_2/a") == tmp_path / "kernels" / "level_2" / "a.npy"


def test_an_incomplete_matrix_does_not_exist(tmp_path, samples):
    kernels = dataset(tmp_path)
    kernels.save(filled(tmp_path, {"level_0/a": KernelJob(KERNEL, samples)}))
    path = kernels.file("level_0/a")
    path.write_bytes(path.read_bytes()[:-4])
    assert not kernels.exists()
    with pytest.raises(MissingMatrixError, match="unfinished or damaged; run the kernel_generati"):
        SharedDisk(tmp_path).open(path)  # of another process, where nothing was described


def test_what_lies_elsewhere_is_refused_by_name(tmp_path, samples):
    matrices = filled(tmp_path, {"level_0/a": KernelJob(KERNEL, samples)})
    for other in (dataset(tmp_path, "others"), dataset(tmp_path / "moved")):
        with pytest.raises(DatasetError, match=r"level_0/a: expected .*, got .*kernels/level_0/a"):
            other.save(matrices)
        assert not other.exists()
    with pytest.raises(DatasetError, match=r"level_0/b: expected .*, got ndarray; let "):
        dataset(tmp_path).save({"level_0/b": samples})


def test_only_local_files_are_filled():
    with pytest.raises(DatasetError, match="need a local path, not s3"):
        KernelMatricesDataset(path="s3://bucket/kernels")


def test_matrices_that_fit_the_disk_one_by_one_only_are_computed_when_they_are_loaded(
    tmp_path, samples
):
    """Each takes 1,728 bytes, in a block of 4,096."""
    job = KernelJob(KERNEL, samples, execution=Execution(disk=5000))
    train, test = dataset(tmp_path, "train"), dataset(tmp_path, "test")
    train.save(filled(tmp_path, {"level_0/a": job}, "train"))
    test.save(filled(tmp_path, {"level_0/a": job}, "test"))
    assert [path.parts[-3] for path in tmp_path.rglob("*.npy")] == ["train"]
    checked = KernelValidator(symmetric=True).validate(test.load())["level_0/a"]
    assert partition_content(checked) == job.fingerprint()
    np.testing.assert_array_equal(np.array(checked()), train.load()["level_0/a"]())
    assert train.exists()
    assert not test.exists()


def test_a_folder_without_matrices_says_what_to_run(tmp_path):
    with pytest.raises(DatasetError, match="no kernel matrices; run kernel_generation"):
        KernelMatricesDataset(path=str(tmp_path)).load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((3, 4, np.nan), "a: row 3 is not finite; compute the kernel again"),
        ((1, 7, np.inf), "a: row 1 is not finite"),
        ((9, 2, 5.0), "a: not symmetric, entries differ from their mirror images by up to "),
    ],
)
def test_the_validator_refuses_broken_kernels_when_they_are_loaded(samples, change, message):
    broken = KERNEL(samples)
    *place, value = change
    broken[tuple(place)] = value
    checked = KernelValidator(symmetric=True).validate({"a": lambda: broken})
    with pytest.raises(ValueError, match=message):
        checked["a"]()


def test_the_validator_takes_the_last_bit_for_a_difference(samples):
    kernel = KERNEL(samples)
    kernel[9, 2] = np.nextafter(kernel[9, 2], np.float32(9))
    with pytest.raises(ValueError, match="not symmetric"):
        check_matrix("a", kernel, symmetric=True)


def test_a_test_kernel_with_an_infinite_value_is_refused(samples):
    kernel = KERNEL(samples, samples[:3])
    kernel[7, 1] = np.inf
    with pytest.raises(ValueError, match="row 7 is not finite"):
        check_matrix("a", kernel, symmetric=False)


def test_the_validator_lets_good_kernels_pass(samples):
    check_matrix("train", KERNEL(samples), symmetric=True)
    check_matrix("test", KERNEL(samples, samples[:3]), symmetric=False)
    with pytest.raises(ValueError, match="is not that of a symmetric kernel"):
        check_matrix("test", KERNEL(samples, samples[:3]), symmetric=True)
