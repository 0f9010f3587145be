"""Wiring of reporting."""

from kedro.pipeline import Node, Pipeline

from kernel_regime.figures.kinds import FigureKind, built_in_figures
from kernel_regime.pipelines import spectral_analysis
from kernel_regime.pipelines.reporting.nodes import draw_own_figures, drawing, write_report
from kernel_regime.pipelines.reporting.sections import SECTIONS, TABLES


def create_pipeline() -> Pipeline:
    """Tables → figures → report; what stands before them included.

    Examples
    --------
    >>> "report" in create_pipeline().outputs()
    True
    """
    own = Pipeline(
        [_figures(), _report()],
        namespace="reporting",
        prefix_datasets_with_namespace=False,
        tags="figures",
    )
    return spectral_analysis.create_pipeline() + own


def _figures() -> Pipeline:
    """Every built-in figure, and one's own."""
    own = Node(
        draw_own_figures,
        inputs={"figures": "params:figures", **_inputs(TABLES)},
        outputs="own_figures",
        name="draw_own_figures",
    )
    built_in = [_drawing(figure) for figure in built_in_figures().values()]
    return Pipeline([*built_in, own])


def _drawing(figure: FigureKind) -> Node:
    """The node that draws a figure from its tables."""
    return Node(
        drawing(figure),
        inputs=_inputs(figure.tables),
        outputs=f"{figure.kind}_figure",
        name=f"draw_{figure.kind}",
    )


def _inputs(tables: tuple[str, ...]) -> dict[str, str]:
    """Datasets by argument; what noise and methods are called comes from the parameters."""
    parameters = ("noise", "kernels", "network_sweep", "feature_machines")
    return {
        **{table: table for table in tables},
        **{name: f"params:{name}" for name in parameters},
    }


def _report() -> Pipeline:
    tables = [table for table in TABLES if table != "noise"]
    pictures = [f"{kind}_figure" for section in SECTIONS for kind in section.figures]
    inputs = {
        "parameters": "parameters",
        "data_source": "data_source",
        "experiment": "params:experiment",
        "figures": "params:figures",
        **{name: name for name in ("own_figures", *tables, *pictures)},
    }
    return Pipeline([Node(write_report, inputs=inputs, outputs="report", name="write_report")])
