"""A bar with pairs per second and the time left, on terminals only."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from kernel_regime.execution.store.tiles import Tile, TileGrid


class PairsPerSecond(ProgressColumn):
    """Speed over the last tiles."""

    def render(self, task: Task) -> Text:
        """The rate, or nothing before the first tile."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.3g} pairs/s" if speed else "")


@contextmanager
def tile_progress(
    name: str, grid: TileGrid, missing: Sequence[Tile]
) -> Iterator[Callable[[Tile], None]]:
    """A progress bar over the missing tiles; yields what to call after each of them."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        PairsPerSecond(),
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
        task = bar.add_task(name, total=sum(grid.pairs(tile) for tile in missing))
        yield lambda tile: bar.advance(task, grid.pairs(tile))
