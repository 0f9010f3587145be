"""Tables in, figures and the report out."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.reporting.parameters import OwnFigures
from kernel_regime.pipelines.reporting.render import render_report
from kernel_regime.pipelines.reporting.run import ReportedRun


def labelled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """The figure function as a node: its `noise` is read off the parameters of the noise."""

    def node(noise: NoiseParameters, **tables: Any) -> Figure:
        return draw(noise=noise.perturbation.level_label(), **tables)

    node.__name__, node.__doc__ = draw.__name__, draw.__doc__
    return node


def draw_own_figures(
    figures: OwnFigures, noise: NoiseParameters, **tables: Any
) -> dict[str, Figure]:
    """One's own figures by name, from the tables that their arguments are called by."""
    known = {"noise": noise.perturbation.level_label(), **tables}
    return {
        name: entry.figure.draw(
            **{table: known[table] for table in entry.figure.tables}, **entry.options
        )
        for name, entry in figures.entries().items()
    }


def write_report(
    parameters: dict[str, Any],
    experiment: str,
    figures: OwnFigures,
    own_figures: Mapping[str, Callable[[], bytes]],
    **entries: Any,
) -> str:
    """One page with everything that `SECTIONS` names, and one's own figures."""
    pictures = {name.removesuffix("_figure"): entry for name, entry in entries.items()
                if name.endswith("_figure")}  # fmt: skip
    own = {name: (entry.figure.caption, own_figures[name]())
           for name, entry in figures.entries().items()}  # fmt: skip
    return render_report(experiment, ReportedRun(parameters, entries), pictures, own)
