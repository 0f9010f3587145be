"""Example inputs at every noise level: images, or vectors as curves."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.core.arrays import Array, ArrayLike, as_array, as_floating
from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.style import new_figure, noise_titles, set_title

ROWS = 4
"""Samples shown at most."""


@register_figure("examples")
def example_inputs(
    train_images: Mapping[str, Callable[[], Array]],
    train_labels: ArrayLike,
    noise_levels: pd.DataFrame,
    noise: str,
) -> Figure:
    """The same training samples at every noise level, each with its label on the left.

    Images show the middle 98 % of their values, since perturbed pixels have no natural range;
    vectors are drawn as curves over their features.

    Parameters
    ----------
    train_images : mapping of str to callable
        What loads the samples of a level: (n, s, s) grey, (n, s, s, 3) colour, (n, d) vectors.
    train_labels : array (n,)
        Classes, integers or names, or floating targets of a regression.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    titles = noise_titles(noise_levels, noise)
    labels = as_array(train_labels, "train_labels")
    rows = representatives(labels)
    vectors = train_images[next(iter(titles))]().ndim == 2
    figure, axes = new_figure(
        len(rows), len(titles), width=2.6 if vectors else 1.5, height=1.3, sharex=True
    )
    for column, (level, title) in enumerate(titles.items()):
        samples = train_images[level]()[rows]
        for row, sample in enumerate(samples):
            _draw_sample(axes[row * len(titles) + column], sample)
        set_title(axes[column], title, width=26 if vectors else 16)
    for row, label in enumerate(labels[rows]):
        axes[row * len(titles)].set_ylabel(_in_words(label), fontsize=8)
    return figure


def representatives(labels: Array) -> Array:
    """Rows of the first sample of the first classes, or of targets from all over their range.

    Examples
    --------
    >>> representatives(np.array([1, 1, 0, 2])).tolist()
    [0, 2, 3]
    >>> representatives(np.array([0.1, 0.9, 0.5, 0.2, 0.7])).tolist()
    [0, 3, 2, 1]
    """
    if labels.dtype.kind != "f":
        _, first = np.unique(labels, return_index=True)
        return np.sort(first[:ROWS])
    order = np.argsort(labels.reshape(len(labels), -1)[:, 0])
    places = np.linspace(0, len(order) - 1, min(ROWS, len(order))).astype(int)
    return order[places]


def _in_words(label: Array) -> str:
    """A class by its name, targets by their values."""
    if label.dtype.kind != "f":
        return f"class {label}"
    return f"target {', '.join(f'{value:.3g}' for value in label.ravel())}"


def _draw_sample(ax: Axes, sample: Array) -> None:
    ax.grid(False)
    ax.set_xticks([])
    ax.set_yticks([])
    if sample.ndim == 1:
        marker = "." if len(sample) < 50 else ""
        ax.plot(sample, linewidth=0.5, marker=marker, markersize=3)
        return
    sample = as_floating(sample, "train_images")
    low, high = np.percentile(sample, [1, 99])
    scaled = np.clip((sample - low) / max(high - low, np.finfo(sample.dtype).tiny), 0, 1)
    ax.imshow(scaled, cmap="gray", interpolation="nearest")
    ax.spines[:].set_visible(False)
