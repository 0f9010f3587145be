"""Wiring of reporting."""

from kedro.pipeline import Node, Pipeline

from kernel_regime.figures.phase_diagram import phase_diagram
from kernel_regime.figures.ridge_paths import ridge_paths
from kernel_regime.pipelines import spectral_analysis
from kernel_regime.pipelines.reporting.nodes import compare_methods, show_examples, write_report
from kernel_regime.pipelines.reporting.sections import SECTIONS


def create_pipeline() -> Pipeline:
    """Tables → figures → report; what stands before them included."""
    own = Pipeline(
        [_figures(), _report()], namespace="reporting", prefix_datasets_with_namespace=False
    )
    return spectral_analysis.create_pipeline() + own


def _figures() -> Pipeline:
    """Figures that need no more than a table are drawn by the figure functions themselves."""
    return Pipeline(
        [
            Node(
                show_examples,
                inputs=["train_images", "train_labels", "noise_levels", "params:noise"],
                outputs="examples_figure",
                name="show_examples",
            ),
            Node(
                compare_methods,
                inputs=["phase_curves", "params:noise"],
                outputs="comparison_figure",
                name="compare_methods",
            ),
            Node(
                phase_diagram,
                inputs=["phase_curves", "phase_diagram"],
                outputs="phase_figure",
                name="draw_phase_diagram",
            ),
            Node(
                ridge_paths,
                inputs=["kernel_scores", "selection", "noise_levels"],
                outputs="ridge_paths_figure",
                name="draw_ridge_paths",
            ),
        ],
        tags="figures",
    )


def _report() -> Pipeline:
    shown = {name for section in SECTIONS for name in (*section.figures, *section.tables)}
    inputs = {"parameters": "parameters", **{name: name for name in sorted(shown)}}
    return Pipeline([Node(write_report, inputs=inputs, outputs="report", name="write_report")])
