"""Kill a filling process at a random moment, many times: `python crash_lab.py folder kills`.

The process under test is a fork of this small one: a kill costs milliseconds, not an import of
NumPy, so that hundreds of them fit a test. Ends with status 0 when every invariant held.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill, writer
from kernel_regime.execution.store.finished import is_complete
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places, read_manifest
from tests.execution.recording import Recorded, numbered_samples, recorded

EDGE = 16


def main(folder: Path, kills: int) -> None:
    writer.FLUSH_SECONDS = 0.001  # as many moments to be killed in as can be
    chance = random.Random(0)
    log = folder / "tiles.log"
    samples = numbered_samples(8 * EDGE)
    job = KernelJob(Recorded(str(log)), samples, execution=Execution(memory=6 * 4 * EDGE**2))
    undisturbed = folder / "undisturbed.npy"
    fill(job, undisturbed)
    # The second time: the first is several times as long, and most kills would come too late.
    duration = timed(lambda: fill(job, folder / "again.npy"))
    wanted, rounds = undisturbed.read_bytes(), 0
    path = folder / "killed.npy"
    while kills > 0:
        rounds += 1
        finished = False
        while not finished and kills > 0:
            done, before = marked_done(path), len(recorded(log))
            finished = not killed_within(chance.uniform(0, duration), job, path)
            kills -= not finished
            again = done & {tile_of(line) for line in recorded(log)[before:]}
            assert not again, f"computed again: {again}"
        fill(job, path)
        assert is_complete(path)
        assert path.read_bytes() == wanted, "the resumed file differs"
        for left in folder.glob("killed.npy*"):
            left.unlink()
    sys.stdout.write(f"{rounds} matrices, {duration:.3f} s each undisturbed\n")


def killed_within(seconds: float, job: KernelJob, path: Path) -> bool:
    """Fill in a fork; whether it had to be killed after this time."""
    child = os.fork()
    if child == 0:
        fill(job, path)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"failed with {status}"
    return os.WIFSIGNALED(status)


def marked_done(path: Path) -> set[str]:
    manifest = read_manifest(Places(path).manifest)
    return set() if manifest is None else set(manifest.checksums)


def tile_of(line: str) -> str:
    """`16,32`, the first samples of a tile, as `1,2`, its place in the grid."""
    row, column = line.split(",")
    return f"{int(row) // EDGE},{int(column) // EDGE}"


def timed(action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
