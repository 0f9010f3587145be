"""The page that a run ends with."""

import base64
import re

import pandas as pd
from pydantic import BaseModel

from kernel_regime.pipelines.reporting.render import MAX_ROWS, render_report
from kernel_regime.pipelines.reporting.sections import SECTIONS, Section


class Noise(BaseModel):
    kind: str = "<high & low>"


def page(rows=3):
    return render_report(
        title="A title",
        parameters={"noise": Noise(), "data": {"n_train": None}},
        sections=[Section("First", "What to see.", figures=("picture",), tables=("numbers",))],
        figures={"picture": b"\x89PNG bytes"},
        tables={"numbers": pd.DataFrame({"value": [0.123456789] * rows})},
    )


def test_pictures_are_embedded_whole():
    (encoded,) = re.findall(r"base64,([^\"]+)", page())
    assert base64.b64decode(encoded) == b"\x89PNG bytes"


def test_tables_and_parameters_are_readable_and_escaped():
    html = page()
    assert "<td>0.1235</td>" in html
    assert "kind: &lt;high &amp; low&gt;" in html
    assert "n_train: null" in html


def test_long_tables_are_cut_and_say_so():
    html = page(rows=MAX_ROWS + 5)
    assert html.count("<td>") == MAX_ROWS
    assert f"The first {MAX_ROWS} of {MAX_ROWS + 5} rows" in html
    assert "The first" not in page(rows=MAX_ROWS)


def test_no_figure_or_table_is_shown_twice():
    names = [name for section in SECTIONS for name in (*section.figures, *section.tables)]
    assert len(names) == len(set(names))
