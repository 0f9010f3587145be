"""The figures that open the report."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.figures.example_images import example_images
from kernel_regime.figures.method_comparison import method_comparison


def curves(metric):
    """Two methods at two levels; the score of the network is better by 0.1."""
    return pd.DataFrame(
        {
            "value": [0.0, 1.0, 0.0, 1.0],
            "method": ["ntk", "ntk", "net", "net"],
            "family": ["kernel", "kernel", "network", "network"],
            "metric": metric,
            "score": [0.8, 0.7, 0.9, 0.8],
            "score_low": [0.7, 0.6, 0.8, 0.7],
            "score_high": [0.9, 0.8, 1.0, 0.9],
        }
    )


@pytest.mark.parametrize(
    ("metric", "drawn", "label"),
    [
        ("test_accuracy", [[10.0, 20.0], [20.0, 30.0]], "test error (%)"),
        ("test_loss", [[0.9, 0.8], [0.8, 0.7]], "test squared loss"),
    ],
)
def test_accuracies_are_drawn_as_errors_and_losses_as_they_are(metric, drawn, label):
    (ax,) = method_comparison(curves(metric), "noise").axes
    assert ax.get_ylabel() == label
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose([lines[name].get_ydata() for name in ("net", "ntk")], drawn)
    assert lines["net"].get_linestyle() == "-"
    assert lines["ntk"].get_linestyle() == "--"


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3), (16,)])
def test_every_sample_is_shown_at_every_level(shape):
    images = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    figure = example_images({0.0: images, 2.0: 2 * images}, "noise")
    assert len(figure.axes) == 6
    assert [ax.get_title() for ax in figure.axes[:2]] == ["0", "2"]
    if len(shape) > 1:
        shown = [ax.images[0].get_array() for ax in figure.axes[:2]]
        np.testing.assert_allclose(shown[0], shown[1], atol=1e-6)  # scale does not matter


def test_an_image_without_contrast_is_drawn():
    (ax,) = example_images({0.0: np.ones((1, 8, 8), np.float32)}, "noise").axes
    assert np.isfinite(ax.images[0].get_array()).all()
