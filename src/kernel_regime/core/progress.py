"""The progress bar of long work, on terminals only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

Advance = Callable[..., None]
"""`advance(amount, note="")`: more is done, and what to say beside the bar."""


class _Speed(ProgressColumn):
    """Units per second over the last minutes."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """The rate, or nothing before the first unit."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.3g} {self._unit}/s" if speed else "")


@contextmanager
def progress(description: str, total: float | None, unit: str) -> Iterator[Advance]:
    """A bar over `total` units, with their rate and the time left.

    Parameters
    ----------
    description : str
        In front of the bar.
    total : float or None
        Units of work; None where it is not known.
    unit : str
        Their name in the plural: pairs, epochs, bytes.

    Yields
    ------
    callable
        `advance(amount, note="")`, to be called as work is done.

    Examples
    --------
    >>> with progress("kernel", total=10, unit="pairs") as advance:
    ...     advance(10, note="last tile")
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        _Speed(unit),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    # Slow tiles come minutes apart: the speed must remember more than rich's 30 seconds.
    with Progress(
        *columns,
        console=console,
        disable=not console.is_terminal,
        transient=True,
        speed_estimate_period=600,
    ) as bar:
        task = bar.add_task(description, total=total, note="")

        def advance(amount: float, note: str = "") -> None:
            bar.update(task, advance=amount, note=note)

        yield advance
