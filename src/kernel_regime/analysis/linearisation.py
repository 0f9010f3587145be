"""Linearisation of trained networks: how far they end from it, over their width."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kernel_regime.analysis.regime import linearised_outputs
from kernel_regime.core.arrays import Array
from kernel_regime.ntk.training_kernel import observe

if TYPE_CHECKING:
    import keras


def linearisation_distances(
    trained: "Iterable[tuple[int, int, keras.Model, keras.Model]]",
    train: Array,
    test: Array,
    targets: Array,
) -> pd.DataFrame:
    """Distance on test samples, relative to how far the network moved.

    Parameters
    ----------
    trained : iterable
        (width, seed, initial network, trained network) with a single output.
    train, test : arrays (n, d), (m, d)
        Inputs.
    targets : array (n, 1)
        What was trained on.

    Returns
    -------
    DataFrame
        `model`, `width`, `seed`, `distance`.
    """
    rows = []
    for width, seed, initial, final in trained:
        single = train.astype(np.float32), test.astype(np.float32)
        (kernels, before), (_, after) = observe([initial, final], *single)
        linear = linearised_outputs(kernels, before, after.train, targets)
        moved = np.linalg.norm(after.test - before.test)
        rows.append(("trained network", width, seed, np.linalg.norm(after.test - linear) / moved))
    return pd.DataFrame(rows, columns=["model", "width", "seed", "distance"])
