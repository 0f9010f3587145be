"""Tables in, figures and the report out."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.core.arrays import Array
from kernel_regime.figures.example_images import example_images
from kernel_regime.figures.method_comparison import method_comparison
from kernel_regime.figures.phase_diagram import phase_diagram as draw_phase_diagram
from kernel_regime.figures.regimes import regimes
from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.pipelines.reporting.render import render_report
from kernel_regime.pipelines.reporting.sections import SECTIONS

EXAMPLES = 4
"""Samples shown per noise level."""

_LEVELS = {
    "clean": "no noise",
    "high_frequency": "noise-to-signal ratio τ",
    "low_frequency": "cut-off t (coefficients replaced per axis)",
    "spiked_covariates": "κ (larger: signal stands out of the noise)",
}


def show_examples(
    train_images: Partitions,
    train_labels: Array,
    noise_levels: pd.DataFrame,
    noise: NoiseParameters,
) -> Figure:
    """The first sample of the first few classes, at every level."""
    _, first = np.unique(train_labels, return_index=True)
    samples = np.sort(first[:EXAMPLES])
    names = list(noise_levels["level"])
    loads = select(train_images, names).values()
    images = {
        value: load()[samples] for value, load in zip(noise_levels["value"], loads, strict=True)
    }
    return example_images(images, title=_LEVELS[noise.kind])


def compare_methods(phase_curves: pd.DataFrame, noise: NoiseParameters) -> Figure:
    """Test error of every kernel and network over the noise levels."""
    return method_comparison(phase_curves, _LEVELS[noise.kind])


def show_phase_diagram(
    phase_curves: pd.DataFrame, phase_diagram: pd.DataFrame, noise: NoiseParameters
) -> Figure:
    """Who leads at which noise, and where that changes."""
    return draw_phase_diagram(phase_curves, phase_diagram, _LEVELS[noise.kind])


def show_regimes(
    regime: pd.DataFrame, noise_levels: pd.DataFrame, noise: NoiseParameters
) -> Figure:
    """How far each network is from the kernel regime, over the noise levels."""
    return regimes(regime, noise_levels, _LEVELS[noise.kind])


def write_report(parameters: dict[str, Any], **entries: Any) -> str:
    """One page with everything that `SECTIONS` names."""
    return render_report(
        title="When does a network leave the kernel regime?",
        parameters=parameters,
        sections=SECTIONS,
        figures={name: entries[name] for section in SECTIONS for name in section.figures},
        tables={name: entries[name] for section in SECTIONS for name in section.tables},
    )
