"""One self-contained HTML page out of parameters, tables and pictures."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from importlib import metadata, resources

import pandas as pd
import yaml
from jinja2 import Environment, StrictUndefined
from pydantic import BaseModel

from kernel_regime.core.types import Arguments
from kernel_regime.figures.kinds import built_in_figures
from kernel_regime.pipelines.reporting.answer import answer
from kernel_regime.pipelines.reporting.run import ReportedRun
from kernel_regime.pipelines.reporting.sections import OPENING, SECTIONS, Section
from kernel_regime.pipelines.reporting.tables import MAX_ROWS, ReportTable, as_csv, as_html


def render_report(
    experiment: str,
    run: ReportedRun,
    pictures: Mapping[str, bytes],
    own: Mapping[str, tuple[str, bytes]],
    sections: Sequence[Section] = SECTIONS,
) -> str:
    """HTML text that needs no other file: pictures, tables and styles are embedded.

    Parameters
    ----------
    experiment : str
        Its name.
    run : ReportedRun
        Parameters and tables.
    pictures : mapping of str to bytes
        PNG of every built-in figure, by kind.
    own : mapping of str to (caption, PNG)
        One's own figures by name.
    sections : sequence of Section
        What to show.
    """
    template = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(_resource("report.html.j2"))
    shown = [_shown(section, run, pictures) for section in sections if section.stands(run)]
    return template.render(
        title="When does a network leave the kernel regime?",
        style=_resource("report.css"),
        facts=_facts(experiment, run),
        answer=answer(run),
        opening=[_link(kind, sections, pictures) for kind in OPENING if kind in pictures],
        sections=shown,
        own=[_picture(caption, png) | {"name": name} for name, (caption, png) in own.items()],
        parameters=yaml.safe_dump(plain(run.parameters), sort_keys=False, allow_unicode=True),
        max_rows=MAX_ROWS,
    )


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _facts(experiment: str, run: ReportedRun) -> dict[str, str]:
    """What stands at the head of the page."""
    levels: pd.DataFrame = run.tables["noise_levels"]
    values = ", ".join(f"{value:g}" for value in sorted(levels["value"]))
    return {
        "Experiment": experiment,
        "Data": run.data(),
        "Noise": f"{_in_words(run.parameters['noise'].kind)}: {run.noise}, at {values}",
        "Written": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "Version": f"kernel-regime {metadata.version('kernel-regime')}",
    }


def _in_words(kind: str) -> str:
    """A built-in kind as people write it: high-frequency; a class of one's own as it is called."""
    return kind if ":" in kind else kind.replace("_", "-")


def _shown(section: Section, run: ReportedRun, pictures: Mapping[str, bytes]) -> Arguments:
    """A section with its text, pictures and tables as the page takes them."""
    captions = built_in_figures()
    return {
        "title": section.title,
        "anchor": anchor(section.title),
        "text": section.text(run),
        "figures": [_picture(captions[kind].caption, pictures[kind]) for kind in section.figures],
        "tables": [_table(table, run) for table in section.tables],
    }


def anchor(title: str) -> str:
    """Address of a section on the page.

    Examples
    --------
    >>> anchor("Where methods cross")
    'where-methods-cross'
    """
    return re.sub(r"\W+", "-", title.lower())


def _link(kind: str, sections: Sequence[Section], pictures: Mapping[str, bytes]) -> dict[str, str]:
    """A figure of the first screen, and the section that tells about it."""
    title = next(section.title for section in sections if kind in section.figures)
    return _picture(title, pictures[kind]) | {"anchor": anchor(title)}


def _picture(caption: str, png: bytes) -> dict[str, str]:
    return {"caption": caption, "png": base64.b64encode(png).decode("ascii")}


def _table(table: ReportTable, run: ReportedRun) -> Arguments:
    shown, stored = table.shown(run), run.tables[table.name]
    return {
        "name": table.name,
        "title": table.title,
        "html": as_html(shown),
        "rows": len(shown),
        "blank": table.blank if (shown == "").any(axis=None) else "",
        "csv": as_csv(stored),
    }


def plain(value: object) -> object:
    """Parameters as YAML can write them, and a run can read them again.

    Examples
    --------
    >>> from kernel_regime.analysis.spectrum import PowerLawRange
    >>> plain({"power_law": PowerLawRange(first=1, last=9), "sizes": (1, 2)})
    {'power_law': {'first': 1, 'last': 9}, 'sizes': [1, 2]}
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if is_dataclass(value) and not isinstance(value, type):
        given = {part.name: plain(getattr(value, part.name)) for part in fields(value)}
        kind = getattr(type(value), "kind", None)  # what a registry calls the class
        return {"kind": kind, **given} if isinstance(kind, str) else given
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
