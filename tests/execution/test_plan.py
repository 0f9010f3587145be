"""The forecast counts what filling then does."""

import time

import numpy as np
import pytest

from kernel_regime.core import timing
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.cost import forecast_cost, measure_rate
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places, read_manifest
from tests.execution.recording import Recorded, numbered_samples, recorded


@pytest.fixture
def job(tmp_path):
    execution = Execution(memory=6 * 4 * 16**2)
    return KernelJob(Recorded(str(tmp_path / "log")), numbered_samples(50), execution=execution)


def test_a_forecast_counts_pairs_tiles_and_bytes(job, tmp_path):
    path = tmp_path / "k.npy"
    planned = forecast_cost(job, path, pairs_per_second=100.0)
    assert (planned.pairs, planned.tiles, planned.done) == (50 * 51 // 2, 10, 0)
    assert planned.hours == pytest.approx(1275 / 100 / 3600)
    assert planned.peak_memory == 6 * 4 * 16**2 / 1e9
    fill(job, path)
    assert planned.gigabytes == path.stat().st_size / 1e9
    after = forecast_cost(job, path, pairs_per_second=100.0)
    assert (after.tiles, after.done, after.hours) == (10, 10, 0)


def test_a_forecast_counts_the_tiles_an_interrupted_run_left(job, tmp_path):
    path = tmp_path / "k.npy"
    fill(job, path)
    manifest = read_manifest(Places(path).manifest)
    del manifest.checksums["0,1"]  # 16 × 16 pairs
    manifest.write(Places(path).manifest)
    planned = forecast_cost(job, path, pairs_per_second=1.0)
    assert (planned.done, planned.hours) == (9, 256 / 3600)


def test_the_matrix_of_another_job_is_no_progress(job, tmp_path):
    path = tmp_path / "k.npy"
    fill(job, path)
    other = KernelJob(job.kernel, 2 * job.rows, execution=job.execution)
    assert forecast_cost(other, path, pairs_per_second=1.0).done == 0


def test_the_rate_is_measured(tmp_path):
    # Tiles of 16 × 16 that each take 0.25 s.
    slow = Recorded(str(tmp_path / "log"), pause=0.25)
    job = KernelJob(slow, numbered_samples(50), numbered_samples(30))
    assert measure_rate(job) == pytest.approx(256 / 0.25, rel=0.1)


class Hiccup(Recorded):
    """A kernel that a busy machine holds up once, in the call after compilation."""

    def _cross(self, x1, x2):
        if len(recorded(self.log)) == 1:
            time.sleep(0.5)
        return super()._cross(x1, x2)


def test_a_hiccup_is_not_the_rate(tmp_path):
    # 30 × 30 pairs in two calls of 0.02 s; the hiccup alone would give 256 pairs in 0.5 s.
    kernel = Hiccup(str(tmp_path / "log"), pause=0.02)
    job = KernelJob(kernel, numbered_samples(30))
    assert measure_rate(job) == pytest.approx(30 * 30 / 0.02, rel=0.3)


def test_what_jax_compiles_for_a_larger_tile_is_not_the_rate(monkeypatch):
    """By a clock that goes a minute for a compilation, and a tenth of a millisecond for a pair."""
    jax = pytest.importorskip("jax")
    clock, shapes, compiled = [0.0], [], []

    @jax.jit
    def products(x1, x2):
        compiled.append(x1.shape)  # JAX runs this when it compiles
        clock[0] += 60
        return x1 @ x2.T

    class OnJax(Recorded):
        def _cross(self, x1, x2):
            shapes.append(x1.shape)
            clock[0] += 1e-4 * len(x1) * len(x2)
            return np.asarray(products(x1, x2))

    monkeypatch.setattr(timing, "perf_counter", lambda: clock[0])
    assert measure_rate(KernelJob(OnJax("no log"), numbered_samples(50))) == pytest.approx(1e4)
    assert compiled == [(16, 4), (32, 4), (50, 4)]
    assert all(shapes.count(shape) > 1 for shape in compiled)
