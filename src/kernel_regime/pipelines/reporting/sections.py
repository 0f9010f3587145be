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
        tables=("selection",),
    ),
)
