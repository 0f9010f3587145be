"""Wiring of reporting."""

from collections.abc import Callable

from kedro.pipeline import Node, Pipeline
from matplotlib.figure import Figure

from kernel_regime.figures.learning_curves import learning_curves
from kernel_regime.figures.limits import shallow_convergence, sphere_spectrum
from kernel_regime.figures.ridge_paths import ridge_paths
from kernel_regime.figures.spectra import eigenvalue_decay, target_power, training_spectra
from kernel_regime.figures.spectral_bias import (
    bound_sides,
    mode_decays,
    mode_rates,
    width_convergence,
)
from kernel_regime.figures.training_curves import training_curves
from kernel_regime.pipelines import spectral_analysis
from kernel_regime.pipelines.reporting.nodes import (
    compare_methods,
    show_examples,
    show_phase_diagram,
    show_regimes,
    write_report,
)
from kernel_regime.pipelines.reporting.sections import SECTIONS


def create_pipeline() -> Pipeline:
    """Tables → figures → report; what stands before them included."""
    own = Pipeline(
        [_figures(), _report()],
        namespace="reporting",
        prefix_datasets_with_namespace=False,
        tags="figures",
    )
    return spectral_analysis.create_pipeline() + own


_NOISE = "params:noise"  # what the noise axis of a figure is called

# Figures that need no more than tables are drawn by the figure functions themselves.
_DRAWN: dict[str, tuple[Callable[..., Figure], list[str]]] = {
    "examples": (show_examples, ["train_images", "train_labels", "noise_levels", _NOISE]),
    "comparison": (compare_methods, ["phase_curves", _NOISE]),
    "phase": (show_phase_diagram, ["phase_curves", "phase_diagram", _NOISE]),
    "ridge_paths": (ridge_paths, ["kernel_scores", "ridge_selection", "noise_levels"]),
    "training_curves": (training_curves, ["training_curves", "network_scores", "noise_levels"]),
    "regime": (show_regimes, ["regime", "noise_levels", _NOISE]),
    "spectra": (eigenvalue_decay, ["spectra", "spectral_summary", "noise_levels"]),
    "training_spectra": (training_spectra, ["spectra", "spectral_summary", "noise_levels"]),
    "target_power": (target_power, ["target_power", "noise_levels"]),
    "mode_rates": (mode_rates, ["spectral_bias"]),
    "mode_decays": (mode_decays, ["spectral_bias_curves", "spectral_bias"]),
    "bounds": (bound_sides, ["spectral_bias_bounds"]),
    "widths": (width_convergence, ["spectral_bias_widths"]),
    "learning_curves": (learning_curves, ["learning_curves"]),
    "sphere": (sphere_spectrum, ["sphere_spectrum"]),
    "convergence": (shallow_convergence, ["shallow_convergence"]),
}


def _figures() -> Pipeline:
    nodes = [
        Node(figure, inputs=tables, outputs=f"{name}_figure", name=f"draw_{name}")
        for name, (figure, tables) in _DRAWN.items()
    ]
    return Pipeline(nodes)


def _report() -> Pipeline:
    shown = {name for section in SECTIONS for name in (*section.figures, *section.tables)}
    inputs = {"parameters": "parameters", **{name: name for name in sorted(shown)}}
    return Pipeline([Node(write_report, inputs=inputs, outputs="report", name="write_report")])
