"""Fill a small disk in the middle of a matrix: `python full_disk.py folder`, on a tmpfs there.

Ends with status 0 when the error named what to do and the same job then went on.
"""

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.finished import open_matrix
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places, read_manifest
from kernel_regime.execution.store.resources import DiskTooSmallError
from tests.execution.recording import Recorded, numbered_samples, recorded

N = 160  # a matrix of 102 kB in 55 tiles


@dataclass(frozen=True)
class Neighboured(Recorded):
    """A kernel beside which somebody else fills the disk."""

    ballast: str = ""

    def _cross(self, x1: Array, x2: Array) -> Array:
        if len(recorded(self.log)) == 8 and not Path(self.ballast).exists():
            with suppress(OSError), Path(self.ballast).open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
        return super()._cross(x1, x2)


def main(folder: Path, log: str) -> None:
    samples, path, ballast = numbered_samples(N), folder / "k.npy", folder / "ballast"
    kernel = Neighboured(log, 0.1, str(ballast))
    job = KernelJob(kernel, samples, execution=Execution(memory=6 * 4 * 16**2))
    try:
        fill(job, path)
    except DiskTooSmallError as error:
        message = str(error)
    assert "the disk filled up while " in message and " bytes were still to be" in message, message
    assert not path.exists()
    ballast.unlink()
    kept, before = len(read_manifest(Places(path).manifest).checksums), len(recorded(log))
    assert kept > 0
    fill(job, path)
    assert len(recorded(log)) - before == 55 - kept
    np.testing.assert_allclose(open_matrix(path), samples @ samples.T, rtol=1e-6)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
