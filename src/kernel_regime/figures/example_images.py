"""What the inputs look like at every noise level."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.core.arrays import Array
from kernel_regime.figures.style import new_figure


def example_images(images: Mapping[float, Array], title: str) -> Figure:
    """One column per noise level, one row per sample.

    Parameters
    ----------
    images : mapping of float to array
        Noise level to the same samples at that level: (n, s, s) grey, (n, s, s, 3) colour, or
        (n, d) vectors, which are drawn as curves over their coordinates.
    title : str
        Printed above the figure.
    """
    rows, columns = len(next(iter(images.values()))), len(images)
    figure, axes = new_figure(rows, columns, width=1.2, height=1.3)
    for column, (level, samples) in enumerate(images.items()):
        for row, sample in enumerate(samples):
            _draw(axes[row * columns + column], sample)
        axes[column].set_title(f"{level:.3g}", fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure


def _draw(ax: Axes, sample: Array) -> None:
    ax.grid(False)
    ax.set_xticks([])
    ax.set_yticks([])
    if sample.ndim == 1:
        ax.plot(sample, linewidth=0.4)
        return
    # Perturbed pixels have no natural range: show the middle 98 %, image by image.
    low, high = np.percentile(sample, [1, 99])
    scaled = np.clip((sample - low) / max(high - low, np.finfo(sample.dtype).tiny), 0, 1)
    ax.imshow(scaled, cmap="gray", interpolation="nearest")
    ax.spines[:].set_visible(False)
