"""Kernels within `execution.disk`: what fits is kept, what does not is computed when asked for."""

from collections import Counter

import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import (
    DiskTooSmallError,
    KernelJob,
    MissingMatrixError,
    SharedDisk,
    fill_all,
    open_matrix,
)
from kernel_regime.execution.store.manifest import Places
from kernel_regime.kernels import Polynomial

N = 63
ONE = 4 * 64**2  # bytes that a file of 128 + 4N² occupies, in blocks of 4,096
SAMPLES = np.random.default_rng(0).standard_normal((N, 3)).astype(np.float32)


class Shelf:
    """Kernels of degrees 1, 2, … on a disk for `fitting` of them."""

    def __init__(self, folder, kernels, fitting):
        self.disk, self.limit = SharedDisk(folder), int((fitting + 0.5) * ONE)
        self.paths = [folder / f"{degree + 1}.npy" for degree in range(kernels)]
        self.disk.add({path: lambda path=path: self.describe(path) for path in self.paths})

    def describe(self, path):
        return KernelJob(
            Polynomial(degree=int(path.stem)), SAMPLES, execution=Execution(disk=self.limit)
        )

    def open(self, index):
        matrix = self.disk.open(self.paths[index])
        assert self.occupied() <= self.limit
        return matrix

    def occupied(self):
        return sum(Places(path).allocated() for path in self.paths)

    def there(self):
        return [int(path.stem) for path in self.paths if path.exists()]


@pytest.fixture
def filled(monkeypatch):
    """How often each kernel was computed."""
    counts = Counter()

    def counted(jobs):
        counts.update(job.kernel.degree for job in jobs.values())
        fill_all(jobs)

    monkeypatch.setattr("kernel_regime.execution.store.shared_disk.fill_all", counted)
    return counts


def expected(index):
    return Polynomial(degree=index + 1).gram(SAMPLES)


def test_whoever_goes_through_all_kernels_finds_each_and_never_more_than_the_limit(
    tmp_path, filled
):
    shelf = Shelf(tmp_path, kernels=5, fitting=3)
    assert shelf.there() == [1, 2, 3]
    for _ in range(3):
        for index in range(5):
            np.testing.assert_array_equal(shelf.open(index), expected(index))
    assert sum(filled.values()) == 9  # 15 if the one used first gave way, which is needed next


def test_a_matrix_that_somebody_holds_stays(tmp_path):
    shelf = Shelf(tmp_path, kernels=3, fitting=2)
    held = [shelf.open(0), shelf.open(1)]
    with pytest.raises(DiskTooSmallError, match=r"raise execution\.disk"):
        shelf.open(2)
    np.testing.assert_array_equal(held[1], expected(1))
    del held[0]
    np.testing.assert_array_equal(shelf.open(2), expected(2))
    assert shelf.there() == [2, 3]


def test_expensive_matrices_stay_longest(tmp_path):
    shelf = Shelf(tmp_path, kernels=3, fitting=2)
    for path, seconds in zip(shelf.paths[:2], (20.0, 9000.0), strict=True):
        text = Places(path).manifest.read_text().replace('"seconds": 0.', f'"seconds": {seconds}')
        Places(path).manifest.write_text(text)
    for index in range(3):
        shelf.open(index)
    assert shelf.there() == [2, 3]


def test_what_a_matrix_is_is_known_without_it(tmp_path):
    shelf = Shelf(tmp_path, kernels=2, fitting=1)
    known = [shelf.disk.content(path) for path in shelf.paths]
    assert known == [shelf.describe(path).fingerprint() for path in shelf.paths]
    shelf.open(1)
    elsewhere = SharedDisk(tmp_path)  # of another process, where nothing was described
    assert [elsewhere.content(path) for path in shelf.paths] == known
    np.testing.assert_array_equal(elsewhere.open(shelf.paths[1]), expected(1))
    with pytest.raises(MissingMatrixError, match="run the kernel_generation pipeline"):
        elsewhere.open(shelf.paths[0])
    with pytest.raises(MissingMatrixError, match="run kernel_generation"):
        elsewhere.content(tmp_path / "never.npy")


def test_a_matrix_that_comes_back_is_whole(tmp_path, filled):
    shelf = Shelf(tmp_path, kernels=2, fitting=1)
    for index in (0, 1, 0):
        shelf.open(index)
    np.testing.assert_array_equal(open_matrix(shelf.paths[0]), expected(0))
    assert filled == {1: 2, 2: 1}


def test_matrices_of_other_runs_count_and_stay(tmp_path):
    other = Shelf(tmp_path / "other", kernels=1, fitting=1)
    shelf = Shelf(tmp_path, kernels=2, fitting=2)
    assert shelf.there() == [1]
    np.testing.assert_array_equal(shelf.open(1), expected(1))
    assert shelf.there() == [2]
    assert other.there() == [1]
    held = shelf.open(1)
    with pytest.raises(DiskTooSmallError, match=r"\(16,384 bytes are matrices of other runs\)"):
        shelf.open(0)
    assert held.shape == (N, N)


def test_a_kernel_that_fits_no_disk_is_refused_before_the_first(tmp_path):
    jobs = {
        tmp_path / name: lambda n=n: KernelJob(
            Polynomial(degree=2), SAMPLES[:n], execution=Execution(disk=1700)
        )
        for name, n in (("a.npy", 5), ("b.npy", 20))
    }
    with pytest.raises(DiskTooSmallError, match=r"b\.npy: the matrix needs 1,728 bytes, kern"):
        SharedDisk(tmp_path).add(jobs)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("disk", [0, "much"])
def test_a_limit_is_a_number_of_bytes(disk):
    with pytest.raises((InputError, ValueError), match="disk"):
        Execution(disk=disk)
