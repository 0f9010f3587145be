"""A kernel along training: closed forms of its measures, and the node that follows it."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.analysis.kernel_evolution import (
    COLUMNS,
    KernelEvolutionStudy,
    kernel_evolution,
)
from kernel_regime.analysis.spectrum.summaries import alignment
from kernel_regime.ntk.observations import NetworkOutputs, TangentKernels
from kernel_regime.pipelines.model_training.network_parameters import (
    NetworkParameters,
    TrainingParameters,
)
from kernel_regime.pipelines.spectral_analysis.evolution_nodes import follow_kernels

Y = np.sign(np.random.default_rng(0).standard_normal((12, 1)))
LEVELS = pd.DataFrame({"level": ["level_2", "level_0", "level_1"], "value": [2.0, 0.0, 1.0]})


def moment(epoch, turned, scale=1.0):
    """A kernel that turns from the identity towards that of the targets."""
    kernel = scale * (np.eye(12) + turned * Y @ Y.T)
    return epoch, TangentKernels(kernel, kernel), NetworkOutputs(turned * Y, turned * Y)


def test_a_kernel_that_turns_towards_the_targets_is_measured_in_closed_form():
    table = kernel_evolution([moment(0, 0.0), moment(2, 0.5), moment(8, 1.0, scale=3)], (Y, Y))
    assert list(table.columns) == list(COLUMNS)
    # ‖I‖² = 12, ‖yyᵀ‖² = 144, ⟨I, yyᵀ⟩ = 12.
    assert table["drift"].iloc[1] == pytest.approx(0.5 * 12 / 12**0.5)
    norms = [(12 + 24 * t + 144 * t**2) ** 0.5 for t in (0, 0.5, 1)]
    inner = 12 + 12 * (0.5 + 1) + 144 * 0.5
    assert table["speed"].iloc[2] == pytest.approx((1 - inner / (norms[1] * norms[2])) / 6)
    assert table["cosine"].iloc[2] == pytest.approx((12 + 12) / (12**0.5 * norms[2]))
    assert table["alignment"].is_monotonic_increasing
    expected = alignment(np.eye(12) + Y @ Y.T, Y, centred=True)
    assert table["alignment"].iloc[2] == pytest.approx(expected)
    np.testing.assert_allclose(table["network_loss"], [1, 0.25, 0])
    assert np.isnan(table["speed"].iloc[0])


def test_epochs_are_evenly_spaced_in_the_logarithm_and_end_with_the_last():
    assert KernelEvolutionStudy(times=5, samples=1).epochs(16) == [1, 2, 4, 8, 16]
    assert KernelEvolutionStudy(times=9, samples=1).epochs(3) == [1, 2, 3]
    assert KernelEvolutionStudy(times=1, samples=1).epochs(40) == [40]
    assert KernelEvolutionStudy(times=0, samples=1).epochs(40) == []


def followed(folder, times=2):
    images = {
        level: lambda k=k: np.random.default_rng(k).standard_normal((30, 5)).astype(np.float32)
        for k, level in enumerate(LEVELS["level"])
    }
    labels = np.arange(30) % 2
    entry = {"kind": "shallow", "width": [4, 6], "learning_rate": 0.1, "penalties": [0.1, 0.01]}
    solved = {"kind": "random_features", "width": 8, "optimiser": "conjugate_gradients",
              "penalties": [1.0]}  # fmt: skip
    training = TrainingParameters(
        epochs=3, warm_up=1, batches={0: 10}, seeds=[0, 1], validation=0.1, checkpoint_every=1
    )
    names = [*(f"net_width_{width}" for width in (4, 6)), "rf"]
    scores = pd.DataFrame(
        [(level, name, seed, 0.01 if name != "rf" else 1.0, True)
         for level in LEVELS["level"] for name in names for seed in (0, 1)],
        columns=["level", "network", "seed", "penalty", "selected"],
    )  # fmt: skip
    return follow_kernels(
        *(scores, images, images, labels, labels, LEVELS, folder),
        *(NetworkParameters({"net": entry, "rf": solved}), training),
        KernelEvolutionStudy(times=times, samples=20),
    )


def test_networks_that_descend_are_followed_at_both_ends_and_found_again(tmp_path):
    table = followed(tmp_path)
    places = table[["level", "network", "seed"]].drop_duplicates().to_numpy().tolist()
    assert places == [
        [level, f"net_width_{width}", 0] for level in ("level_0", "level_2") for width in (4, 6)
    ]
    assert table["epoch"].tolist() == [0, 1, 3] * 4
    assert (table.loc[table["epoch"] == 3, "drift"] > 0).all()
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(written) == 4
    pd.testing.assert_frame_equal(followed(tmp_path), table)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written


def test_no_times_leave_the_study_out(tmp_path):
    assert followed(tmp_path, times=0).empty
