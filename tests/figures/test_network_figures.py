"""Figures about networks draw what their tables say."""

import numpy as np
import pandas as pd

from kernel_regime.figures.kernel_evolution import kernels_along_training
from kernel_regime.figures.regimes import regimes
from kernel_regime.figures.training_curves import loss_over_epochs
from tests.figures.reading import reason

NOISE_LEVELS = pd.DataFrame({"level": ["level_0", "level_0.25"], "value": [0.0, 0.25]})


def tables(levels=tuple(NOISE_LEVELS["level"]), seeds=(0, 1), epochs=5):
    places = [
        (level, "wide", seed, penalty) for level in levels for seed in seeds for penalty in (1, 2)
    ]
    keys = ["level", "network", "seed", "penalty"]
    scores = pd.DataFrame(places, columns=keys)
    scores["selected"] = scores["penalty"] == 2
    rows = [
        (*place, epoch, 1.0 / (epoch + 1) + place[2], 2.0 / (epoch + 1))
        for place in places
        for epoch in range(epochs)
    ]
    return pd.DataFrame(rows, columns=[*keys, "epoch", "train_loss", "test_loss"]), scores


def test_curves_are_means_over_seeds_of_the_selected_penalty():
    figure = loss_over_epochs(*tables(), NOISE_LEVELS, "ratio τ")
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title() for ax in shown] == ["ratio τ = 0", "ratio τ = 0.25"]
    train, test = shown[0].get_lines()
    np.testing.assert_allclose(train.get_ydata(), 1 / np.arange(1, 6) + 0.5)
    np.testing.assert_allclose(test.get_ydata(), 2 / np.arange(1, 6))


def test_an_experiment_without_descent_gives_an_empty_figure():
    curves, scores = tables()
    figure = loss_over_epochs(curves.iloc[:0], scores, NOISE_LEVELS, "κ")
    assert reason(figure).startswith("nothing to show")


def test_regimes_show_both_measures_of_every_network():
    regime = pd.DataFrame(
        {
            "level": [*NOISE_LEVELS["level"], *NOISE_LEVELS["level"]],
            "network": ["wide", "wide", "narrow", "narrow"],
            "drift": [0.01, 0.02, 0.5, 0.6],
            "drift_high": [0.02, 0.03, 0.6, np.inf],
            "gap": [0.02, 0.02, 0.4, 0.5],
            "gap_high": [0.03, 0.03, 0.5, 0.6],
            "kernel_below": 0.1,
            "features_above": 0.3,
        }
    )
    figure = regimes(regime, NOISE_LEVELS, "κ")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["kernel regime below", "feature learning above"]
    assert [len(ax.containers) for ax in figure.axes] == [2, 2]
    narrow = figure.axes[0].containers[0]
    np.testing.assert_allclose(narrow[0].get_xdata(orig=False), [0, 0.25])
    np.testing.assert_allclose(narrow[0].get_ydata(orig=False), [0.5, 0.6])


def evolution():
    rows = [
        {"level": level, "network": "net", "seed": 0, "epoch": epoch, "drift": 0.1 * epoch,
         "speed": np.nan if not epoch else 0.5 / epoch, "alignment": 0.2 + 0.1 * epoch,
         "kernel_loss": 0.9 - 0.1 * epoch, "network_loss": 1 - 0.2 * epoch}
        for level in NOISE_LEVELS["level"] for epoch in (0, 1, 4)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_kernels_along_training_are_drawn_from_the_first_epoch_on():
    figure = kernels_along_training(evolution(), NOISE_LEVELS, "ratio τ")
    drift, _, alignment, loss = figure.axes
    np.testing.assert_allclose(drift.lines[0].get_xydata(), [[1, 0.1], [4, 0.4]])
    np.testing.assert_allclose(alignment.lines[1].get_ydata(), [0.2, 0.2])  # the start
    np.testing.assert_allclose(loss.lines[1].get_ydata(), [0.8, 0.2])  # of the network
    assert drift.lines[1].get_linestyle() == "--"
    figure.canvas.draw()
    empty = kernels_along_training(evolution().head(0), NOISE_LEVELS, "ratio τ")
    assert "nothing to follow" in reason(empty)


def test_a_kernel_that_never_moved_is_drawn_on_linear_axes():
    still = evolution().assign(drift=0.0, speed=0.0)
    figure = kernels_along_training(still, NOISE_LEVELS, "ratio τ")
    assert [ax.get_yscale() for ax in figure.axes[:2]] == ["linear", "linear"]
    figure.canvas.draw()


def test_a_measure_that_is_unknown_at_one_level_leaves_the_others_their_place():
    regime = pd.DataFrame({
        "level": NOISE_LEVELS["level"], "network": "net", "drift": [0.2, 0.3], "gap": [np.nan, 0.4],
        "drift_high": [0.3, 0.4], "gap_high": [np.nan, 0.5],
        "kernel_below": 0.1, "features_above": 0.3,
    })  # fmt: skip
    figure = regimes(regime, NOISE_LEVELS, "κ")
    np.testing.assert_allclose(figure.axes[1].get_ylim(), (0.05, 1.2))
    figure.canvas.draw()
