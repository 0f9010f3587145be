"""Filling matrix files by jobs: what is there already, who else is at work, what goes together."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kernel_regime.core.errors import InputError
from kernel_regime.execution.store.finished import is_complete
from kernel_regime.execution.store.held_inputs import CHANGED, HeldInputs
from kernel_regime.execution.store.job import Fingerprint, KernelJob
from kernel_regime.execution.store.locking import exclusive
from kernel_regime.execution.store.manifest import Manifest, Places, read_manifest
from kernel_regime.execution.store.matrix_store import Store, claim
from kernel_regime.execution.store.resources import (
    check_disk,
    check_memory,
    disk_filled_up,
    is_disk_full,
)
from kernel_regime.execution.store.tile_loop import OpenMatrix, compute_missing

logger = logging.getLogger(__name__)


Target = TypeVar("Target", bound=str | os.PathLike[str])


def fill(job: KernelJob, path: str | os.PathLike[str]) -> None:
    """Make the file at `path` the matrix of `job`, computing only what is not there yet.

    Kill it at any moment and call it again: the finished file is bit-identical to that of an
    undisturbed run. A second process waits for the first.

    Parameters
    ----------
    job : KernelJob
        What to compute, and where.
    path : path-like
        The `.npy` file; its folder is created.

    Raises
    ------
    MatrixRefusedError
        If another, expensive matrix is stored there.
    DiskTooSmallError, TooLargeError
        Before the first tile, if the matrix or its tiles do not fit; later, if something else
        fills the disk.
    NotFiniteError
        If a kernel value is not finite.
    InputError
        If the inputs changed while they were used.

    Examples
    --------
    >>> import tempfile
    >>> from kernel_regime.execution.store import open_matrix
    >>> from kernel_regime.kernels import Polynomial
    >>> path = Path(tempfile.mkdtemp()) / "kernel.npy"
    >>> fill(KernelJob(Polynomial(degree=1, intercept=0.0), [[1.0], [2.0]]), path)
    >>> open_matrix(path).tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    fill_all({path: job})


def fill_all(jobs: Mapping[Target, KernelJob]) -> None:
    """Make files the matrices of jobs, as `fill` does, each pass giving all kernels that it can.

    NTK and NNGP of one network on the same samples are computed together; what is there of
    either is kept. All else is filled one after the other.

    Parameters
    ----------
    jobs : mapping of path-like to KernelJob
        What to compute, by the `.npy` file.

    Examples
    --------
    >>> import tempfile
    >>> from kernel_regime.execution.store import open_matrix
    >>> from kernel_regime.kernels import FullyConnectedNNGP, FullyConnectedNTK
    >>> folder, samples = Path(tempfile.mkdtemp()), [[1.0], [2.0]]
    >>> kernels = {"ntk": FullyConnectedNTK(2), "nngp": FullyConnectedNNGP(2)}
    >>> fill_all({folder / f"{name}.npy": KernelJob(k, samples) for name, k in kernels.items()})
    >>> open_matrix(folder / "nngp.npy").round(6).tolist()
    [[0.5, 1.0], [1.0, 2.0]]
    """
    if any(job.execution.engine == "dask" for job in jobs.values()):
        from kernel_regime.execution.dask_cluster import end_if_starting_up

        end_if_starting_up()  # before the lock, which the computation that it is for holds
    asked = [Filling(job, job.fingerprint(), Places(Path(path))) for path, job in jobs.items()]
    missing = [one for one in asked if not one.is_stored("complete, nothing to compute")]
    with ExitStack() as held:
        for one in sorted(missing, key=lambda one: one.places.lock):  # in one order: no deadlock
            held.enter_context(_folder(one.places.final.parent))
            held.enter_context(exclusive(one.places.lock))
        known = "complete by now, nothing to compute"
        for together in _passes([one for one in missing if not one.is_stored(known)]):
            _fill(together)


@dataclass(frozen=True, eq=False)
class Filling:
    """A matrix to be filled: of which job, under which fingerprint, and where."""

    job: KernelJob
    fingerprint: Fingerprint
    places: Places

    def inputs_changed(self) -> bool:
        """Whether somebody has written to the inputs since the fingerprint was taken."""
        return self.job.inputs_may_change and self.job.fingerprint() != self.fingerprint

    def is_stored(self, message: str) -> bool:
        """Whether it is there, saying so: then nothing need be written or locked."""
        manifest = read_manifest(self.places.manifest)
        if manifest is None or manifest.fingerprint != self.fingerprint:
            return False
        stored = is_complete(self.places.final)
        if stored:
            logger.info("%s: %s", self.places.label, message)
        return stored


Claimed = tuple[Filling, Manifest]


def _passes(fillings: Sequence[Filling]) -> Iterator[list[Claimed]]:
    """Matrices with their manifests, those together whose tiles come from one pass."""
    together: dict[tuple[str, str, int], list[Claimed]] = {}
    for one in fillings:
        manifest = claim(one.job, one.fingerprint, one.places)
        inputs = [value for key, value in one.fingerprint.items() if key != "kernel"]
        network = one.job.network() or str(one.places.final)
        key = network, str(inputs), manifest.edge
        together.setdefault(key, []).append((one, manifest))
    yield from together.values()


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Create a folder; if the block fails and leaves it empty, remove what was created."""
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # something lies in it
            for path in created:
                path.rmdir()
        raise


def _fill(together: Sequence[Claimed]) -> None:
    """Fill matrices that one pass computes."""
    first, manifest = together[0]
    check_memory(first.job, manifest.edge, first.places.final)
    for one, _ in together:
        check_disk(one.job, one.places.final)
    try:
        inputs = HeldInputs(first.job, first.job.grid(manifest.edge).tiles)
        with ExitStack() as opened:
            matrices = []
            for one, own in together:
                store = opened.enter_context(closing(Store(one.places, own, inputs)))
                matrices.append(OpenMatrix(one.places.label, one.job, store))
            with _held_inputs(first, matrices):
                compute_missing(matrices, manifest.edge)
            for matrix in matrices:
                matrix.store.finish()
    except OSError as error:
        if is_disk_full(error):
            raise disk_filled_up(first.job, first.places) from error
        raise


@contextmanager
def _held_inputs(one: Filling, matrices: Sequence[OpenMatrix]) -> Iterator[None]:
    """Keep no tile of inputs that somebody changed in place while tiles were computed of them."""
    try:
        yield
    except BaseException:
        if one.inputs_changed():
            _discard(matrices)
        raise
    if one.inputs_changed():
        _discard(matrices)
        raise InputError(CHANGED)


def _discard(matrices: Sequence[OpenMatrix]) -> None:
    for matrix in matrices:
        matrix.store.discard()
