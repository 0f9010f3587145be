"""A user's own figure is drawn from the tables that its arguments name, stored, and shown."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from kernel_regime.core.errors import InputError
from kernel_regime.datasets.partitions import CompletePartitions
from kernel_regime.kernels import TwoLayerNTK
from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.feature_machines import FeatureMachineParameters
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters
from kernel_regime.pipelines.reporting.nodes import draw_own_figures
from kernel_regime.pipelines.reporting.parameters import OwnFigures

MODULE = """
from matplotlib.figure import Figure

def ranges(noise_levels, noise, times=1):
    "How far the levels range."
    figure = Figure()
    ax = figure.subplots()
    ax.plot(times * noise_levels["value"])
    ax.set_xlabel(noise)
    return figure
"""


@pytest.fixture
def figures(tmp_path, monkeypatch):
    (tmp_path / "ranges_of_a_user.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return OwnFigures.model_validate(
        {"far": {"kind": "ranges_of_a_user:ranges", "times": 3}, "dropped": None}
    )


def partitions(folder):
    return CompletePartitions(
        path=str(folder),
        filename_suffix=".png",
        dataset="kernel_regime.datasets.figure.FigureDataset",
    )


def test_it_takes_its_tables_its_options_and_what_the_noise_measures(figures, tmp_path):
    noise = NoiseParameters(kind="high_frequency", levels=[{"value": 2}], seed=0)
    levels = pd.DataFrame({"level": ["level_2"], "value": [2.0]})
    drawn = draw_own_figures(
            figures, noise, KernelParameters({"ntk": TwoLayerNTK()}), NetworkParameters({}),
            FeatureMachineParameters({}),
            noise_levels=levels, regime=None,
        )  # fmt: skip
    assert list(drawn) == ["far"]
    assert isinstance(drawn["far"], Figure)
    (ax,) = drawn["far"].axes
    assert (ax.lines[0].get_ydata().tolist(), ax.get_xlabel()) == ([6.0], "noise-to-signal ratio τ")
    stored = partitions(tmp_path / "own")
    stored.save(drawn)
    (load,) = stored.load().values()
    assert load().startswith(b"\x89PNG")


def test_what_returns_no_figure_is_named():
    figures = OwnFigures.model_validate({"far": {"kind": f"{__name__}:count_levels"}})
    noise = NoiseParameters(kind="high_frequency", levels=[{"value": 2}], seed=0)
    with pytest.raises(InputError, match=r"figures.far: .*count_levels returns int; let it return"):
        draw_own_figures(
            figures, noise, KernelParameters({"ntk": TwoLayerNTK()}), NetworkParameters({}),
            FeatureMachineParameters({}), noise_levels=pd.DataFrame(),
        )  # fmt: skip


def count_levels(noise_levels):
    return len(noise_levels)


def test_no_figure_of_ones_own_is_no_missing_file(tmp_path):
    none = partitions(tmp_path / "own")
    none.save({})
    assert none.load() == {}
