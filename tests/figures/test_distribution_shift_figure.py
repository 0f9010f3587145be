"""The figure of distribution shift: maps by trained and tested level, and forecasts."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.figures.distribution_shift import distribution_shift_maps
from tests.figures.reading import reason

LEVELS = pd.DataFrame({"level": ["level_2", "level_0"], "value": [2.0, 0.0]})


def table():
    rows = [
        (method, trained, tested)
        for method in ("ntk", "net")
        for trained in LEVELS["level"]
        for tested in LEVELS["level"]
    ]
    columns = ["method", "trained_level", "tested_level"]
    losses = np.arange(1.0, 9.0)
    return pd.DataFrame(rows, columns=columns).assign(
        loss=losses, accuracy=1 - losses / 100, predicted_loss=[2.0, 2, 2, 2, *[np.nan] * 4]
    )


def test_rows_are_trained_and_columns_tested_levels_by_growing_noise():
    figure = distribution_shift_maps(table(), LEVELS, "ratio τ (of noise)")
    kernel, _, forecasts = figure.axes
    found = kernel.images[0].get_array()
    np.testing.assert_allclose(found, [[4, 3], [2, 1]])  # level_0 first
    assert kernel.get_ylabel() == "trained at ratio τ"
    assert [text.get_text() for text in kernel.get_yticklabels()] == ["0", "2"]
    offsets = forecasts.collections[0].get_offsets()
    np.testing.assert_allclose(offsets, [[2, 1], [2, 2], [2, 3], [2, 4]])
    figure.canvas.draw()


def test_regressions_show_losses_and_no_table_says_so():
    kernel = distribution_shift_maps(table().assign(accuracy=np.nan), LEVELS, "κ").axes[0]
    assert kernel.images[0].get_array().max() == pytest.approx(4)
    assert "nothing is tested" in reason(distribution_shift_maps(table().head(0), LEVELS, "κ"))
