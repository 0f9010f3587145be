"""One self-contained HTML page out of parameters, tables and pictures."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from importlib import resources
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, StrictUndefined
from pydantic import BaseModel

from kernel_regime.pipelines.reporting.sections import Section

MAX_ROWS = 60


def render_report(
    title: str,
    parameters: Mapping[str, Any],
    sections: Sequence[Section],
    figures: Mapping[str, bytes],
    tables: Mapping[str, pd.DataFrame],
) -> str:
    """HTML text that needs no other file: pictures are embedded, styles inline."""
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        resources.files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8")
    )
    return template.render(
        title=title,
        parameters=yaml.safe_dump(_plain(parameters), sort_keys=False, allow_unicode=True),
        sections=sections,
        figures={name: base64.b64encode(png).decode("ascii") for name, png in figures.items()},
        tables={name: _html(table) for name, table in tables.items()},
        lengths={name: len(table) for name, table in tables.items()},
        max_rows=MAX_ROWS,
    )


def _html(table: pd.DataFrame) -> str:
    return table.head(MAX_ROWS).to_html(index=False, border=0, float_format=lambda x: f"{x:.4g}")


def _plain(value: Any) -> Any:
    """Parameters as YAML can write them, and a run can read them again."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if is_dataclass(value) and not isinstance(value, type):
        given = {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
        kind = getattr(type(value), "kind", None)  # what a registry calls the class
        return {"kind": kind, **given} if isinstance(kind, str) else given
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
