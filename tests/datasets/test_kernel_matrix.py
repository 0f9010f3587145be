"""The catalog's kernels: jobs in, checked matrices out."""

import numpy as np
import pytest
from kedro.io import DatasetError

from kernel_regime.datasets.kernel_matrix import KernelMatricesDataset, KernelMatrixDataset
from kernel_regime.datasets.kernel_validator import KernelValidator, check_matrix
from kernel_regime.execution.results import partition_content
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.kernels.polynomial import Polynomial

KERNEL = Polynomial(degree=2, intercept=1.0)


@pytest.fixture
def samples():
    return np.random.default_rng(0).standard_normal((20, 5)).astype(np.float32)


@pytest.fixture
def dataset(tmp_path):
    return KernelMatrixDataset(filepath=str(tmp_path / "level_00" / "k.npy"))


def test_saving_computes_and_loading_maps(dataset, samples):
    assert not dataset.exists()
    dataset.save(KernelJob(KERNEL, samples))
    assert dataset.exists()
    matrix = dataset.load()
    assert isinstance(matrix, np.memmap)
    np.testing.assert_allclose(matrix, KERNEL(samples), rtol=1e-6)


def test_an_incomplete_matrix_does_not_exist(dataset, samples, tmp_path):
    dataset.save(KernelJob(KERNEL, samples))
    path = tmp_path / "level_00" / "k.npy"
    path.write_bytes(path.read_bytes()[:-4])
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="unfinished or damaged; run the kernel_generation"):
        dataset.load()


def test_only_jobs_are_saved(dataset, samples):
    with pytest.raises(DatasetError, match="expected a KernelJob, got ndarray"):
        dataset.save(samples)


def test_only_local_files_are_filled():
    with pytest.raises(DatasetError, match="need a local path, not s3"):
        KernelMatrixDataset(filepath="s3://bucket/k.npy")


def test_the_preview_shows_the_corner(dataset, samples):
    dataset.save(KernelJob(KERNEL, samples, samples[:3]))
    preview = dataset.preview()
    assert preview["columns"] == ["0", "1", "2"]
    assert preview["data"][1][2] == pytest.approx(dataset.load()[1, 2], rel=1e-3)


def test_partitions_are_filled_lazily_and_in_folders(tmp_path, samples):
    partitions = KernelMatricesDataset(path=str(tmp_path / "kernels"))
    assert not partitions.exists()
    partitions.save({f"level_{tau}/a": lambda: KernelJob(KERNEL, samples) for tau in (0, 2)})
    loaded = partitions.load()
    assert list(loaded) == ["level_0/a", "level_2/a"]  # manifests are no partitions
    assert loaded["level_2/a"]().shape == (20, 20)
    assert partitions.exists()
    assert partitions.file("level_2/a") == tmp_path / "kernels" / "level_2" / "a.npy"


def test_partitions_that_fit_the_disk_one_by_one_only_are_computed_when_they_are_loaded(
    tmp_path, samples
):
    """Each takes 1,728 bytes, in a block of 4,096."""
    job = KernelJob(KERNEL, samples, execution=Execution(disk=5000))
    train, test = (KernelMatricesDataset(path=str(tmp_path / name)) for name in ("train", "test"))
    for dataset in (train, test):
        dataset.save({"level_0/a": lambda: job})
    assert [path.parts[-3] for path in tmp_path.rglob("*.npy")] == ["train"]
    checked = KernelValidator(symmetric=True).validate(test.load())["level_0/a"]
    assert partition_content(checked) == job.fingerprint()
    np.testing.assert_array_equal(np.array(checked()), train.load()["level_0/a"]())
    assert train.exists()
    assert not test.exists()


def test_a_partition_that_fits_no_disk_is_refused_before_the_first(tmp_path, samples):
    partitions = KernelMatricesDataset(path=str(tmp_path / "kernels"))
    jobs = {
        name: lambda n=n: KernelJob(KERNEL, samples[:n], execution=Execution(disk=1700))
        for name, n in (("level_0/a", 5), ("level_0/b", 20))
    }
    with pytest.raises(DatasetError, match=r"b\.npy: the matrix needs 1,728 bytes, kernels may"):
        partitions.save(jobs)
    assert list(tmp_path.iterdir()) == []


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
