"""Tables in, figures and the report out."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Arguments
from kernel_regime.figures.kinds import FigureKind
from kernel_regime.figures.methods import methods_of_run
from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.feature_machines import FeatureMachineParameters
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters
from kernel_regime.pipelines.reporting.parameters import OwnFigure, OwnFigures
from kernel_regime.pipelines.reporting.render import render_report
from kernel_regime.pipelines.reporting.run import ReportedRun, method_names


def drawing(figure: FigureKind) -> Callable[..., Figure]:
    """The function of a figure as a node, which knows noise and methods from the parameters."""

    def node(
        noise: NoiseParameters, kernels: KernelParameters, network_sweep: NetworkParameters,
        feature_machines: FeatureMachineParameters, **tables: object,
    ) -> Figure:  # fmt: skip
        with methods_of_run(method_names(kernels, network_sweep, feature_machines)):
            return figure.draw(**_given(figure, noise, tables))

    node.__name__, node.__doc__ = figure.draw.__name__, figure.draw.__doc__
    return node


def draw_own_figures(
    figures: OwnFigures,
    noise: NoiseParameters,
    kernels: KernelParameters,
    network_sweep: NetworkParameters,
    feature_machines: FeatureMachineParameters,
    **tables: object,
) -> dict[str, Figure]:
    """One's own figures by name, from the tables that their arguments are called by."""
    with methods_of_run(method_names(kernels, network_sweep, feature_machines)):
        return {
            name: _drawn(name, entry, _given(entry.figure, noise, tables))
            for name, entry in figures.entries().items()
        }


def _drawn(name: str, entry: OwnFigure, given: Arguments) -> Figure:
    """What a function draws; one that is no figure's says so only now."""
    figure: object = entry.figure.draw(**given, **entry.options)
    if not isinstance(figure, Figure):
        raise InputError(
            f"figures.{name}: {entry.kind} returns {type(figure).__name__}; let it return a "
            "matplotlib Figure"
        )
    return figure


def _given(figure: FigureKind, noise: NoiseParameters, tables: Mapping[str, object]) -> Arguments:
    """The tables that a figure takes, and what the noise level measures."""
    known = {**tables, "noise": noise.perturbation.level_label()}
    return {name: known[name] for name in figure.tables}


def write_report(
    parameters: Arguments,
    data_source: str,
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
    return render_report(experiment, ReportedRun(parameters, entries, data_source), pictures, own)
