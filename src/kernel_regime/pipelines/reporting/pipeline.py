"""Wiring of reporting."""

from kedro.pipeline import Node, Pipeline

from kernel_regime.pipelines import spectral_analysis
from kernel_regime.pipelines.reporting.nodes import compare_methods, show_examples, write_report
from kernel_regime.pipelines.reporting.sections import SECTIONS


def create_pipeline() -> Pipeline:
    """Tables → figures → report; what stands before them included."""
    shown = {name for section in SECTIONS for name in (*section.figures, *section.tables)}
    own = Pipeline(
        [
            Node(
                show_examples,
                inputs=["train_images", "train_labels", "noise_levels", "params:noise"],
                outputs="examples_figure",
                name="show_examples",
                tags="figures",
            ),
            Node(
                compare_methods,
                inputs=["phase_curves", "params:noise"],
                outputs="comparison_figure",
                name="compare_methods",
                tags="figures",
            ),
            Node(
                write_report,
                inputs={"parameters": "parameters", **{name: name for name in sorted(shown)}},
                outputs="report",
                name="write_report",
            ),
        ],
        namespace="reporting",
        prefix_datasets_with_namespace=False,
    )
    return spectral_analysis.create_pipeline() + own
