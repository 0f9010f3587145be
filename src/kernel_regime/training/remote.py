"""Independent trainings on Dask workers: they train, this process alone writes.

A worker trains in a folder of its own and sends the files back; no shared disk is assumed. A
training whose worker is lost starts again elsewhere, from its beginning.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import as_completed

from kernel_regime.execution.dask_cluster import connect
from kernel_regime.execution.settings import Execution
from kernel_regime.training.job import Pair, TrainingJob, TrainingResult
from kernel_regime.training.samples import SampleSplits

Files = dict[str, bytes]


def run_on_dask(missing: list[Pair], execution: Execution, every: int) -> Iterator[Pair]:
    """Finished trainings, in the order in which the workers return them."""
    if not missing:
        return
    client = connect(execution.address, execution.workers)
    waiting, ready = iter(missing), as_completed()
    running: dict[str, Pair] = {}

    def start_trainings() -> None:
        # SampleSplits travel with every task: no more tasks than can soon start.
        room = 2 * max(1, sum(client.nthreads().values())) - len(running)
        for _, (training, result) in zip(range(room), waiting, strict=False):
            future = client.submit(
                train_remotely, training.cell, training.samples(), every, key=result.folder.name
            )
            running[result.folder.name] = training, result
            ready.add(future)

    start_trainings()
    for future in ready:
        training, result = running.pop(str(future.key))
        _store(result, future.result())
        yield training, result
        start_trainings()


def train_remotely(cell: TrainingJob, samples: SampleSplits, every: int) -> Files:
    """Train on a worker, on one thread; the finished files by name."""
    import tensorflow as tf

    from kernel_regime.training.run import run_cell

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    with TemporaryDirectory() as folder:
        result = TrainingResult(Path(folder))
        run_cell(cell, samples, result, every, report=lambda row: None)
        return {path.name: path.read_bytes() for path in result.folder.iterdir()}


def _store(result: TrainingResult, files: Files) -> None:
    """Write a worker's files, the record last: it says that the others are there."""
    result.folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, key=lambda name: name == result.record.name):
        draft = result.folder / f".{name}"
        draft.write_bytes(files[name])
        draft.replace(result.folder / name)
