"""A bar with epoch, losses and the time left, on terminals only."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kernel_regime.training.checkpoint import Row
from kernel_regime.training.job import Report, TrainingJob
from kernel_regime.training.methods import GradientDescent


@contextmanager
def epoch_progress(name: str, cell: TrainingJob) -> Iterator[Report]:
    """A bar over the epochs (or the penalties) of one cell; yields what receives its rows."""
    method = cell.method
    descends = isinstance(method, GradientDescent)
    total = method.schedule.epochs if isinstance(method, GradientDescent) else len(cell.penalties)
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task(name, total=total, losses="")

        def report(row: Row) -> None:
            losses = f"train {row['train_loss']:.4f}, test {row['test_loss']:.4f}"
            done = row["epoch"] + 1 if descends else bar.tasks[0].completed + 1
            bar.update(task, completed=done, losses=losses)

        yield report
