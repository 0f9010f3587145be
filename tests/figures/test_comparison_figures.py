"""The figures that open the report."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.figures.comparison import method_comparison
from kernel_regime.figures.examples import example_inputs


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
    figure = method_comparison(curves(metric), "κ")
    (ax,) = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("κ", label)
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose([lines[name].get_ydata() for name in ("net", "NTK")], drawn)
    assert lines["net"].get_linestyle() == "-"
    assert lines["NTK"].get_linestyle() == "--"


def test_a_level_that_is_not_known_is_a_gap_in_the_curve():
    table = curves("test_accuracy")
    table.loc[3, ["score", "score_low", "score_high"]] = np.nan  # every training diverged there
    figure = method_comparison(table, "κ")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_allclose(lines["net"].get_ydata(), [10.0, np.nan])
    np.testing.assert_allclose(lines["NTK"].get_ydata(), [20.0, 30.0])
    figure.canvas.draw()


def test_a_legend_hides_no_data():
    figure = method_comparison(curves("test_loss"), "κ")
    figure.canvas.draw()
    (legend,) = figure.legends
    (ax,) = figure.axes
    assert not ax.get_window_extent().overlaps(legend.get_window_extent())


def examples(shape, labels=(0, 1, 2), noise="ratio τ"):
    images = np.random.default_rng(0).normal(size=(len(labels), *shape)).astype(np.float32)
    return example_inputs(
        {"level_2": lambda: 2 * images, "level_0": lambda: images},
        np.array(labels),
        pd.DataFrame({"level": ["level_2", "level_0"], "value": [2.0, 0.0]}),
        noise,
    )


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3), (16,)])
def test_every_sample_is_shown_at_every_level_by_growing_noise(shape):
    figure = examples(shape)
    assert [ax.get_title() for ax in figure.axes[:2]] == ["ratio τ = 0", "ratio τ = 2"]
    assert [ax.get_ylabel() for ax in figure.axes] == ["class 0", "", "class 1", "", "class 2", ""]
    if len(shape) > 1:
        shown = [ax.images[0].get_array() for ax in figure.axes[:2]]
        np.testing.assert_allclose(shown[0], shown[1], atol=1e-6)  # scale does not matter
    else:
        drawn = [ax.lines[0].get_ydata() for ax in figure.axes[:2]]
        np.testing.assert_allclose(2 * drawn[0], drawn[1])


def test_examples_of_a_regression_are_spread_over_its_targets():
    figure = examples((4,), labels=np.linspace(0.9, 0.1, 9), noise="κ (larger is clearer)")
    assert [ax.get_ylabel() for ax in figure.axes[::2]] == [
        *("target 0.1", "target 0.3", "target 0.6", "target 0.9")
    ]
    assert figure.axes[1].get_title() == "κ = 2"


def test_bytes_are_drawn_like_the_numbers_they_are():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8), np.uint8)
    levels = pd.DataFrame({"level": ["level_0"], "value": [0.0]})
    drawn = [
        example_inputs({"level_0": lambda x=x: x}, [0, 1], levels, "no noise").axes[0].images[0]
        for x in (pixels, pixels.astype(np.float64))
    ]
    np.testing.assert_array_equal(*(image.get_array() for image in drawn))


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["cat", "dog", "cat"], ["class cat", "class dog"]),
        ([[0.5, 1.0], [0.25, 2.0]], ["target 0.25, 2", "target 0.5, 1"]),
    ],
)
def test_classes_may_be_names_and_targets_several(labels, shown):
    assert [ax.get_ylabel() for ax in examples((4,), labels).axes[::2]] == shown


def test_an_image_without_contrast_is_drawn():
    figure = example_inputs(
        {"level_0": lambda: np.ones((1, 8, 8), np.float32)},
        np.array([0]),
        pd.DataFrame({"level": ["level_0"], "value": [0.0]}),
        "no noise",
    )
    assert np.isfinite(figure.axes[0].images[0].get_array()).all()
    assert figure.axes[0].get_title() == "no noise"
