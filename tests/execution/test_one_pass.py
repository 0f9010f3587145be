"""Both kernels of one network: filled together, each found and resumed by itself."""

import time
from dataclasses import dataclass, replace

import numpy as np
import pytest

from kernel_regime.core.arrays import Array
from kernel_regime.execution.store import fill, fill_all
from kernel_regime.execution.store.cost import measure_rate
from kernel_regime.execution.store.finished import open_matrix
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places, read_manifest
from kernel_regime.kernels import TwoLayerNNGP, TwoLayerNTK
from kernel_regime.kernels.both_kernels import InfiniteNetworkKernel
from kernel_regime.kernels.dense import angular
from tests.execution.matrices import SMALL_TILES, N
from tests.execution.recording import numbered_samples, record, recorded


@dataclass(frozen=True)
class RecordedNetwork(InfiniteNetworkKernel):
    """A linear network whose passes are written down, with the kernels that they were for."""

    log: str
    get: str

    @property
    def which(self):
        return self.get

    def network(self):
        return {"kind": "RecordedNetwork"}

    def identity(self):
        return self.network() | {"get": self.get}

    def matrices(self, x1: Array, x2: Array | None, gets):
        columns = x1 if x2 is None else x2
        record(self.log, f"{x1[0, 0]:.0f},{columns[0, 0]:.0f} {' '.join(gets)}")
        values = {"nngp": x1 @ columns.T, "ntk": 2 * x1 @ columns.T}
        return tuple(values[get] for get in gets)


@pytest.fixture
def jobs(tmp_path, log):
    return {
        tmp_path / f"{get}.npy": KernelJob(
            RecordedNetwork(log, get), numbered_samples(N), execution=SMALL_TILES
        )
        for get in ("ntk", "nngp")
    }


def passes(log):
    """How many tiles were computed for which kernels."""
    names = [line.split(" ", 1)[1] for line in recorded(log)]
    return {name: names.count(name) for name in sorted(set(names))}


def test_two_matrices_take_the_passes_of_one(jobs, log, exact):
    fill_all(jobs)
    assert passes(log) == {"ntk nngp": 10}
    ntk, nngp = map(open_matrix, jobs)
    np.testing.assert_allclose(nngp, exact, rtol=1e-6)
    np.testing.assert_array_equal(ntk, 2 * nngp)


def test_what_was_filled_together_is_found_alone_and_the_other_way_round(jobs, log):
    (first, job), (second, other) = jobs.items()
    fill(job, first)
    fill_all(jobs)
    assert passes(log) == {"nngp": 10, "ntk": 10}
    fill(other, second)
    fill_all(jobs)
    assert len(recorded(log)) == 20


def test_tiles_that_only_one_of_them_lost_are_computed_for_that_one(jobs, log):
    fill_all(jobs)
    before = [path.read_bytes() for path in jobs]
    lost = {"ntk": ["0,1", "2,2"], "nngp": ["2,2", "3,3"]}
    for path, keys in zip(jobs, lost.values(), strict=True):
        manifest = read_manifest(Places(path).manifest)
        for key in keys:
            del manifest.checksums[key]
        replace(manifest, sealed=None).write(Places(path).manifest)
    fill_all(jobs)
    assert recorded(log)[10:] == ["0,16 ntk", "32,32 ntk nngp", "48,48 nngp"]
    assert [path.read_bytes() for path in jobs] == before


def test_kernels_on_other_samples_take_their_own_passes(jobs, log):
    (first, job), (second, other) = jobs.items()
    fill_all({first: job, second: replace(other, rows=2 * other.rows)})
    assert passes(log) == {"nngp": 10, "ntk": 10}


def test_two_layer_kernels_share_one_product(tmp_path, monkeypatch):
    filled, fill_tiles = [], angular.fill_angular

    def counted(tiles):
        filled.append(len(tiles.matrices))
        fill_tiles(tiles)

    monkeypatch.setattr(angular, "fill_angular", counted)
    x = numbered_samples(N)
    kernels = {"ntk": TwoLayerNTK(), "nngp": TwoLayerNNGP()}
    fill_all({tmp_path / f"{get}.npy": KernelJob(one, x) for get, one in kernels.items()})
    assert filled == [2]
    for get, kernel in kernels.items():
        np.testing.assert_array_equal(open_matrix(tmp_path / f"{get}.npy"), kernel.gram(x))


def test_a_forecast_counts_what_one_pass_gives(tmp_path, log):
    class Slow(RecordedNetwork):
        def matrices(self, x1, x2, gets):
            time.sleep(0.25)
            return super().matrices(x1, x2, gets)

    samples = numbered_samples(50), numbered_samples(30)
    jobs = [KernelJob(Slow(log, get), *samples) for get in ("ntk", "nngp")]
    assert measure_rate(*jobs) == pytest.approx(2 * 256 / 0.25, rel=0.1)
