"""Inputs that change in place before, during and after a fill."""

import subprocess
import sys
import textwrap
from dataclasses import dataclass

import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.finished import open_matrix
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places, read_manifest
from tests.execution.matrices import SMALL_TILES, N, edit_manifest
from tests.execution.recording import Recorded, numbered_samples, recorded


def test_inputs_changed_in_place_between_two_fills_give_each_its_own_matrix(path, log):
    original = numbered_samples(N)
    inputs = original.copy()
    job = KernelJob(Recorded(log), inputs, execution=SMALL_TILES)
    fill(job, path)
    inputs *= 2
    fill(job, path)
    np.testing.assert_allclose(open_matrix(path), 4 * original @ original.T, rtol=1e-6)
    fill(KernelJob(Recorded(log), original, execution=SMALL_TILES), path)
    np.testing.assert_allclose(open_matrix(path), original @ original.T, rtol=1e-6)


@dataclass(frozen=True)
class Meddled(Recorded):
    """A kernel during whose n-th tile somebody doubles the inputs."""

    inputs: np.ndarray | None = None
    at: int = 0
    interrupt: bool = False

    def _cross(self, x1, x2):
        if len(recorded(self.log)) == self.at:
            np.multiply(self.inputs, 2, out=self.inputs)
            if self.interrupt:
                raise KeyboardInterrupt
        return super()._cross(x1, x2)


@pytest.mark.parametrize("view", [False, True], ids=["array", "read-only view of it"])
def test_inputs_changed_in_place_during_a_fill_are_an_error_and_leave_no_tile(path, log, view):
    inputs = numbered_samples(N)
    rows = inputs[:]
    rows.flags.writeable = not view
    job = KernelJob(Meddled(log, inputs=inputs, at=4), rows, execution=SMALL_TILES)
    with pytest.raises(InputError, match="inputs of the kernel matrix changed while"):
        fill(job, path)
    assert len(recorded(log)) == 10
    assert not path.parent.exists()


def test_tiles_of_an_earlier_run_survive_inputs_that_change_in_a_later_one(job, path, log):
    fill(job, path)
    whole, done = path.read_bytes(), read_manifest(Places(path).manifest).checksums
    kept = dict(list(done.items())[:7])
    edit_manifest(path, checksums=kept, sealed=None)
    inputs = numbered_samples(N)
    kernel = Meddled(log, inputs=inputs, at=11, interrupt=True)
    with pytest.raises(KeyboardInterrupt):
        fill(KernelJob(kernel, inputs, execution=SMALL_TILES), path)
    assert len(recorded(log)) == 11  # one tile of three, before the change
    assert read_manifest(Places(path).manifest).checksums == kept
    fill(job, path)
    assert path.read_bytes() == whole
    assert len(recorded(log)) == 11 + 3


def test_a_kill_after_inputs_changed_in_place_leaves_no_tile_of_them(job, path, log):
    code = f"""
        import os, signal
        from pathlib import Path
        from kernel_regime.execution.store import fill, writer
        from kernel_regime.execution.store.job import KernelJob
        from tests.execution.matrices import SMALL_TILES, N
        from tests.execution.recording import Recorded, numbered_samples, recorded

        inputs, before = numbered_samples(N), Recorded._cross

        def meddle(kernel, x1, x2):
            if len(recorded({log!r})) == 3:
                inputs[:] *= 2
            if len(recorded({log!r})) == 7:
                os.kill(os.getpid(), signal.SIGKILL)
            return before(kernel, x1, x2)

        Recorded._cross, writer.FLUSH_SECONDS = meddle, 0.0
        kernel = Recorded({log!r}, pause=0.05)
        fill(KernelJob(kernel, inputs, execution=SMALL_TILES), Path({str(path)!r}))
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)]).returncode != 0
    fill(job, path)
    original = numbered_samples(N)
    np.testing.assert_allclose(open_matrix(path), original @ original.T, rtol=1e-6)
