"""Sections of the report, in order: figures, tables, and a text that follows from the run."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from kernel_regime.figures.kinds import built_in_figures
from kernel_regime.pipelines.reporting import distribution_shift, laziness, views
from kernel_regime.pipelines.reporting.run import ReportedRun
from kernel_regime.pipelines.reporting.tables import ReportTable


@dataclass(frozen=True)
class Section:
    """One section of the report.

    Parameters
    ----------
    title : str
        Heading.
    text : callable
        From the run to what to look for, for a reader who has not read the papers.
    figures : tuple of str
        Kinds, shown in this order.
    tables : tuple of ReportTable
        Shown below the figures, each closed until it is asked for.
    needs : str
        A table without whose rows the section is left out; empty where it always stands.
    """

    title: str
    text: Callable[[ReportedRun], str]
    figures: tuple[str, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    needs: str = ""

    def stands(self, run: ReportedRun) -> bool:
        """Whether there is something to show."""
        return not self.needs or len(run.tables[self.needs]) > 0


def _methods(run: ReportedRun) -> str:
    text = (
        f"Test error of every method over the noise levels ({run.noise}). Kernels enter with the "
        f"ridge that {run.criterion} picks; networks with the penalty that {run.penalty_criterion} "
        "picks, as means over seeds. Shaded areas are bootstrap intervals. Where a network's curve "
        "drops below those of the kernels, it has found features that they lack."
    )
    if diverged := run.diverged():
        text += (
            " Every training diverged, and the curve has a gap, for these networks and levels: "
            f"{', '.join(diverged)}."
        )
    return text


def _crossings(run: ReportedRun) -> str:
    diagram: pd.DataFrame = run.tables["phase_diagram"]
    found = int(diagram["crossing"].notna().sum()) if len(diagram) else 0
    text = (
        "From which noise level on one method beats another, with a bootstrap interval, and the "
        f"effective dimension of the inputs. {found} of {len(diagram)} pairs of methods cross here."
    )
    inputs = run.tables["phase_curves"].drop_duplicates("level").sort_values("value")
    dimensions = inputs["effective_dimension"]
    first, last = dimensions.iloc[[0, -1]]
    if len(inputs) == 1:
        return text + f" There is one level; its inputs have the effective dimension {first:.3g}."
    if dimensions.nunique() == 1:
        return text + f" The effective dimension is {first:.3g} at all levels."
    if dimensions.is_monotonic_increasing or dimensions.is_monotonic_decreasing:
        change = "grows" if last > first else "falls"
        return text + (
            f" From the lowest to the highest level the effective dimension {change} from "
            f"{first:.3g} to {last:.3g}."
        )
    return text + (
        " The effective dimension neither grows nor falls over all levels: it lies between "
        f"{dimensions.min():.3g} and {dimensions.max():.3g}."
    )


def _ridges(run: ReportedRun) -> str:
    text = (
        "Losses along the whole ridge path, for every noise level and kernel. Markers show the "
        "ridges that leave-one-out and the test set pick; the selection bias says how much better "
        "a choice that saw the test set looks than one that did not."
    )
    if edge := run.ridges_at_the_edge():
        text += (
            f" Beware: {run.criterion} picks a ridge at the edge of the grid for "
            f"{', '.join(edge)}; a wider grid may do better there."
        )
    return text


def _training(run: ReportedRun) -> str:
    text = (
        "Losses over the epochs of the networks whose penalty was selected; seeds differ in "
        "initial weights and in the order of the batches."
    )
    if diverged := run.diverged():
        text += f" Every training diverged for {', '.join(diverged)}."
    return text


def _regimes(run: ReportedRun) -> str:
    verdicts: pd.Series = run.tables["regime"]["verdict"]
    counts = [f"{verdict} {count}" for verdict, count in verdicts.value_counts().items()]
    return (
        "How far training moved each network's tangent kernel, and how far the network ended from "
        "its own linearisation at the same data; verdicts over seeds, with the thresholds that "
        "they are judged by. Networks that are linear in their weights, and those trained on "
        "cross-entropy, have none. Kernel ridge regression with the kernel after training says "
        "whether what was learned sits in that kernel. "
        + (f"Verdicts here: {', '.join(counts)}." if counts else "There is no verdict here.")
    )


def _machines(run: ReportedRun) -> str:
    table: pd.DataFrame = run.tables["feature_machine_scores"]
    text = (
        "Kernel regression that learns features without a network: the average outer product of "
        "its gradients becomes the metric of its next iteration. Iteration 0 is the plain kernel "
        "on the same samples. Where the loss falls while a fixed kernel's stays, what the kernel "
        "lacked was this metric; the diagonal shows which features it weighs. "
    )
    if run.parameters["training"].validation:
        return text + (
            "Leave-one-out picks the ridge of every iteration, held-out training samples the "
            "iteration itself, since a metric has seen the labels that leave-one-out leaves out."
        )
    return text + (
        "Leave-one-out picks the ridge of every iteration; no samples are kept for validation, so "
        f"that iteration {table['iteration'].max()} stands for each machine."
    )


def _always(text: str) -> Callable[[ReportedRun], str]:
    return lambda run: text


SECTIONS = (
    Section("Methods against noise", _methods, ("comparison",), (views.scores_table,)),
    Section("Where methods cross", _crossings, ("phase",), (views.crossings_table,)),
    Section(
        "The inputs",
        lambda run: f"{run.data()[0].upper()}{run.data()[1:]}; the same samples at every level.",
        ("examples",),
    ),
    Section("Kernel ridge regression", _ridges, ("ridge_paths",), (views.ridges_table,)),
    Section(
        "Gaussian processes",
        _always(
            "What the kernels know about their own errors. The posterior of a Gaussian process has "
            "the noise variance that maximises the evidence, without a look at test samples; an "
            "ensemble of infinitely wide networks, trained to the end by gradient flow, has only "
            "the spread of its initial weights. Intervals are calibrated where they hold the share "
            "that they are for."
        ),
        ("gaussian_processes",),
        (views.processes_table,),
        needs="gaussian_process_scores",
    ),
    Section(
        "Recursive feature machines",
        _machines,
        ("feature_machines",),
        (views.machines_table,),
        needs="feature_machine_scores",
    ),
    Section(
        "Tested off the training level",
        distribution_shift.shift_text,
        ("distribution_shift",),
        (distribution_shift.shifts_table,),
        needs="distribution_shift",
    ),
    Section("Networks in training", _training, ("training_curves",), (views.networks_table,)),
    Section("Kernel regime or feature learning", _regimes, ("regime",), (views.regimes_table,)),
    Section(
        "Laziness as a dial",
        laziness.section_text,
        ("laziness_noise", "laziness_map"),
        (laziness.verdicts_table, laziness.laws_table),
        needs="laziness_verdicts",
    ),
    Section(
        "Kernels along training",
        _always(
            "The tangent kernel of every network at some epochs of its training with the selected "
            "penalty. In the kernel regime nothing happens here. Otherwise it turns towards the "
            "targets, mostly in the first epochs; where the loss of regression with it falls below "
            "that at the start, what it became serves kernel methods, too."
        ),
        ("kernel_evolution",),
        (views.evolution_table,),
        needs="kernel_evolution",
    ),
    Section(
        "Spectra",
        _always(
            "Eigenvalues of every kernel and of networks at initialisation, relative to the "
            "largest, with fitted power laws; those of the trained networks' tangent kernels "
            "before and after training; and the share of the targets' power that lies beyond the "
            "leading eigenvectors: the faster it falls, the easier the task is for that kernel."
        ),
        ("spectra", "training_spectra", "target_power"),
        (views.spectra_table,),
    ),
    Section(
        "Spectral bias outside the training set",
        _always(
            "Theory says that a network in the kernel regime learns the eigenfunctions of its "
            "kernel's integral operator one by one, each at the rate of its eigenvalue, on inputs "
            "that it never saw. Fitted rates lie on the diagonal where that holds; permuted "
            "labels are the control. Both sides of the bounds of Bowman and Montúfar (2022) are "
            "drawn over time. All of it is measured at the first noise level."
        ),
        ("mode_rates", "mode_decays", "bounds", "widths"),
        (views.spectral_bias_table,),
    ),
    Section(
        "Learning curves",
        _always(
            "Test loss over the number of training samples, forecast from the spectrum and the "
            "targets of part of the data, against actual ridge regressions on the rest. Where a "
            "kernel knows lengths and angles only, the covariance of the inputs gives its whole "
            "spectrum (Karkada et al. 2025), and with the same targets a forecast beyond the data."
        ),
        ("learning_curves",),
        (views.learning_curves_table,),
    ),
    Section(
        "Against exact results",
        _always(
            "Two checks of everything above. On points uniform on a sphere the eigenvalues of an "
            "infinite network's kernel are known, with their multiplicities: those of a sample "
            "must scatter around them. And the kernel of a shallow network of width m must be "
            "off its limit by 1/√m, on the inputs of the first noise level."
        ),
        ("sphere", "convergence"),
        (views.sphere_table,),
    ),
    Section(
        "Audit of the kernels",
        _always(
            "Asymmetry, smallest eigenvalue, error against float64 on a probe of pairs, and the "
            "jitter that would make the matrix safe to factor."
        ),
        tables=(views.audit_table,),
    ),
)

_DRAWN_FROM = {table for figure in built_in_figures().values() for table in figure.tables}
_SHOWN = {table.name for section in SECTIONS for table in section.tables}

OPENING = ("regime", "target_power")
"""Figures beside the comparison of methods on the first screen, as links to their sections."""

TABLES = tuple(sorted(_DRAWN_FROM | _SHOWN | {"test_labels"}))
"""Datasets that reports and one's own figures know, and `noise`, what the noise level measures."""
