"""Wiring of spectral_analysis."""

from kedro.pipeline import Node, Pipeline

from kernel_regime.pipelines import model_training
from kernel_regime.pipelines.partitions import SAMPLES
from kernel_regime.pipelines.spectral_analysis.evolution_nodes import follow_kernels
from kernel_regime.pipelines.spectral_analysis.laziness_nodes import dial_laziness
from kernel_regime.pipelines.spectral_analysis.learning_curve_nodes import forecast_learning_curves
from kernel_regime.pipelines.spectral_analysis.limit_nodes import (
    approach_infinite_width,
    compare_sphere,
)
from kernel_regime.pipelines.spectral_analysis.regime_nodes import judge_regimes
from kernel_regime.pipelines.spectral_analysis.spectra_nodes import analyse_spectra
from kernel_regime.pipelines.spectral_analysis.spectral_bias_nodes import measure_spectral_bias


def create_pipeline() -> Pipeline:
    """Kernels, networks and labels → spectra and what they predict; model_training included.

    Examples
    --------
    >>> "regime" in create_pipeline().outputs()
    True
    """
    own = Pipeline(
        [_spectra(), _spectral_bias(), _learning_curves(), _limits(), _regime(), _laziness()],
        namespace="spectral_analysis",
        prefix_datasets_with_namespace=False,
        tags="spectra",
    )
    return model_training.create_pipeline() + own


def _spectra() -> Pipeline:
    """Kernels, networks and raw data → spectra, spectral_summary, target_power."""
    spectra = Node(
        analyse_spectra,
        inputs=[
            *("train_kernels", "networks", "raw_train", "train_images", "train_labels"),
            *("noise_levels", "network_scores", "finished_results"),
            *("params:kernels", "params:spectrum"),
        ],
        outputs=["spectra", "spectral_summary", "target_power"],
        name="analyse_spectra",
    )
    return Pipeline([spectra])


def _spectral_bias() -> Pipeline:
    """Samples → the spectral_bias tables."""
    study = Node(
        measure_spectral_bias,
        inputs=[*SAMPLES, "finished_results", "params:spectral_bias_study"],
        outputs=[
            *("spectral_bias", "spectral_bias_curves"),
            *("spectral_bias_bounds", "spectral_bias_widths"),
        ],
        name="measure_spectral_bias",
    )
    return Pipeline([study])


def _learning_curves() -> Pipeline:
    """Kernels, inputs and labels → learning_curves."""
    forecast = Node(
        forecast_learning_curves,
        inputs=[
            *("train_kernels", "test_kernels", "train_images", "train_labels", "test_labels"),
            *("noise_levels", "finished_results"),
            *("params:kernels", "params:learning_curve_forecasts"),
        ],
        outputs="learning_curves",
        name="forecast_learning_curves",
    )
    return Pipeline([forecast])


def _limits() -> Pipeline:
    """Samples → sphere_spectrum, shallow_convergence."""
    nodes = [
        Node(
            compare_sphere,
            inputs="params:limits",
            outputs="sphere_spectrum",
            name="compare_sphere",
        ),
        Node(
            approach_infinite_width,
            inputs=["train_images", "noise_levels", "params:limits"],
            outputs="shallow_convergence",
            name="approach_infinite_width",
        ),
    ]
    return Pipeline(nodes)


def _regime() -> Pipeline:
    """Trained networks → regime, kernel_evolution."""
    judge = Node(
        judge_regimes,
        inputs=[
            *("networks", "network_scores", *SAMPLES, "finished_results"),
            *("params:network_sweep", "params:training", "params:regime_verdict"),
        ],
        outputs="regime",
        name="judge_regimes",
    )
    follow = Node(
        follow_kernels,
        inputs=[
            *("network_scores", *SAMPLES, "finished_results"),
            *("params:network_sweep", "params:training", "params:kernel_evolution_study"),
        ],
        outputs="kernel_evolution",
        name="follow_kernels",
    )
    return Pipeline([judge, follow])


def _laziness() -> Pipeline:
    """Samples → the laziness tables."""
    dial = Node(
        dial_laziness,
        inputs=[
            *(*SAMPLES, "finished_results"),
            *("params:network_sweep", "params:laziness", "params:regime_verdict"),
        ],
        outputs=["laziness_runs", "laziness_verdicts", "laziness_laws"],
        name="dial_laziness",
    )
    return Pipeline([dial])
