"""What the report says, in order: each section's sentence, figures and tables."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One section of the report.

    Parameters
    ----------
    title : str
        Heading.
    text : str
        What to look for, for a reader who has not read the papers.
    figures, tables : tuple of str
        Catalog names, shown in this order.
    """

    title: str
    text: str
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


SECTIONS = (
    Section(
        title="Methods against noise",
        text=(
            "Test error of every method as noise hides the directions that carry the labels. "
            "Kernels enter with the ridge that leave-one-out picks, networks with the penalty "
            "that a validation split picks; bands are bootstrap intervals. Where a network's "
            "curve drops below those of the kernels, it has found features that they lack."
        ),
        figures=("comparison_figure",),
        tables=("phase_curves",),
    ),
    Section(
        title="Where methods cross",
        text=(
            "From which noise level on one method beats another, with a bootstrap interval, and "
            "the effective dimension of the inputs: noise spreads them over more directions."
        ),
        figures=("phase_figure",),
        tables=("phase_diagram",),
    ),
    Section(
        title="The inputs",
        text="The same training samples at every noise level.",
        figures=("examples_figure",),
        tables=("noise_levels",),
    ),
    Section(
        title="Kernel ridge regression",
        text=(
            "Losses along the whole ridge path, every noise level and kernel. Dots mark what "
            "leave-one-out and the test set pick; the leak says how much better the choice that "
            "saw the test set looks than an honest one."
        ),
        figures=("ridge_paths_figure",),
        tables=("ridge_selection",),
    ),
    Section(
        title="Networks in training",
        text=(
            "Losses over the epochs of the networks whose penalty was selected; seeds differ in "
            "initial weights and in the order of the batches."
        ),
        figures=("training_curves_figure",),
        tables=("network_scores",),
    ),
    Section(
        title="Kernel regime or feature learning",
        text=(
            "How far training moved each network's tangent kernel, and how far the network ended "
            "from its own linearisation at the same data; verdicts over seeds, with the "
            "thresholds that they are judged by. Kernel ridge regression with the kernel after "
            "training says whether what was learned sits in that kernel."
        ),
        figures=("regime_figure",),
        tables=("regime",),
    ),
    Section(
        title="Spectra",
        text=(
            "Eigenvalues of every kernel and of networks at initialisation, relative to the "
            "largest, with fitted power laws; those of the trained networks' tangent kernels "
            "before and after training; and the share of the labels' power that lies beyond the "
            "leading eigenvectors: the faster it falls, the easier the task is for that kernel."
        ),
        figures=("spectra_figure", "training_spectra_figure", "target_power_figure"),
        tables=("spectral_summary",),
    ),
    Section(
        title="Spectral bias outside the training set",
        text=(
            "Theory says that a network in the kernel regime learns the eigenfunctions of its "
            "kernel's integral operator one by one, each at the rate of its eigenvalue, on "
            "inputs that it never saw. Fitted rates lie on the diagonal where that holds; "
            "permuted labels are the control. Both sides of the bounds of Bowman and Montúfar "
            "(2022) are drawn over time."
        ),
        figures=("mode_rates_figure", "mode_decays_figure", "bounds_figure", "widths_figure"),
        tables=("spectral_bias",),
    ),
    Section(
        title="Learning curves",
        text=(
            "Test loss over the number of training samples, forecast from the spectrum and the "
            "labels of part of the data, against actual ridge regressions."
        ),
        figures=("learning_curves_figure",),
        tables=("learning_curves",),
    ),
    Section(
        title="Against exact results",
        text=(
            "Two checks of everything above. On points uniform on a sphere the eigenvalues of an "
            "infinite network's kernel are known, with their multiplicities: those of a sample "
            "must scatter around them. And the kernel of a shallow network of width m must be "
            "off its limit by 1/√m, on these very inputs."
        ),
        figures=("sphere_figure", "convergence_figure"),
        tables=("sphere_spectrum",),
    ),
    Section(
        title="Audit of the kernels",
        text=(
            "Asymmetry, smallest eigenvalue, error against float64 on a probe of pairs, and the "
            "jitter that would make the matrix safe to factor."
        ),
        tables=("kernel_audit",),
    ),
)
