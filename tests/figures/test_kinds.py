"""A figure is declared once: its function says its tables, and its caption."""

import re
import sys

import pytest
from matplotlib.figure import Figure

from kernel_regime.core.errors import InputError
from kernel_regime.figures.kinds import built_in_figures, find_figure, register_figure


@pytest.mark.parametrize("figure", built_in_figures().values(), ids=built_in_figures())
def test_a_built_in_figure_has_a_caption_in_words(figure):
    assert re.fullmatch(r"[A-Z].{40,}\.", figure.caption)
    assert "_" not in figure.caption
    assert figure.tables


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "own_figures_of_a_user.py").write_text(
        "from matplotlib.figure import Figure\n"
        "number = 1\n"
        "def levels(noise_levels, noise, bins=3):\n"
        '    "How the levels\\n    are spread.\\n\\n    More."\n'
        "    return Figure()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "own_figures_of_a_user"
    sys.modules.pop("own_figures_of_a_user", None)


def test_a_users_function_is_a_figure_as_it_stands(own_module):
    found = find_figure(f"{own_module}:levels")
    assert found.tables == ("noise_levels", "noise")
    assert found.caption == "How the levels are spread."
    assert isinstance(found.draw(None, None), Figure)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("comparson", "is no figure; did you mean 'comparison'"),
        ("own_figures_of_a_user:levls", "cannot be imported"),
        ("no_such_module_at_all:levels", "cannot be imported"),
        ("own_figures_of_a_user:number", "is no function"),
        ("os:getcwd", "'os:getcwd' is no function written in Python"),
        ("builtins:max", "'builtins:max' is no function written in Python"),
        ("platform:node", "'platform:node' takes no table"),
    ],
)
def test_what_is_no_figure_is_refused(own_module, kind, message):
    with pytest.raises(InputError, match=message):
        find_figure(kind)


def test_a_built_in_figure_is_not_replaced():
    with pytest.raises(InputError, match=r"kind 'comparison' is that of kernel_regime\.figures"):

        @register_figure("comparison")
        def own(phase_curves):
            """Another one."""
