"""Diagrams of the pipelines, drawn from the pipelines themselves when the site is built.

Data sets are outlined, nodes filled, and everything flows from left to right; parameters are left
out. The pictures are inline SVG in the colours of the page, so that they need no network and no
program, and follow the dark mode.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from importlib import import_module
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from kedro.pipeline import Pipeline

ROW, LETTER, GAP, PADDING = 30, 6.7, 46, 9  # in units of a CSS pixel
PAPER = "var(--color-background-primary, Canvas)"  # of the theme: lines pass behind boxes
TAGS = {
    "data_processing": "data",
    "kernel_generation": "kernels",
    "model_training": "training",
    "spectral_analysis": "spectra",
    "reporting": "figures",
}
"""Tags of a pipeline's own nodes: each includes the pipelines before it."""


@dataclass(frozen=True)
class Box:
    """A node or a data set in its place."""

    name: str
    is_node: bool
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        """Boxes leave a little of their row free."""
        return ROW - 8


Edges = set[tuple[str, str]]


def own_pipeline(name: str) -> Pipeline:
    """The nodes of one pipeline alone."""
    module = import_module(f"kernel_regime.pipelines.{name}.pipeline")
    return module.create_pipeline().only_nodes_with_tags(TAGS[name])


def edges_of(pipeline: Pipeline) -> Edges:
    """Pairs of names, from data set to node and from node to data set."""
    found: Edges = set()
    for node in pipeline.nodes:
        given = {name for name in node.inputs if not name.startswith("param")}
        found |= {(name, _node(node.name)) for name in given}
        found |= {(_node(node.name), name) for name in node.outputs}
    return found


def place(edges: Edges) -> dict[str, Box]:
    """A box for every name: columns by the longest way there, rows by what stands before it."""
    columns: dict[int, list[str]] = {}
    for name, column in _columns(edges).items():
        columns.setdefault(column, []).append(name)
    boxes: dict[str, Box] = {}
    x, tallest = 0.0, max(map(len, columns.values()))
    for column in sorted(columns):
        names = sorted(columns[column], key=lambda name: (_mean_row(name, edges, boxes), name))
        width = max(len(_label(name)) for name in names) * LETTER + 2 * PADDING
        top = (tallest - len(names)) * ROW / 2
        for row, name in enumerate(names):
            boxes[name] = Box(name, _is_node(name), x, top + row * ROW, width)
        x += width + GAP
    return boxes


def draw(pipeline: Pipeline) -> str:
    """The pipeline as SVG."""
    edges = edges_of(pipeline)
    boxes = place(edges)
    width = max(box.x + box.width for box in boxes.values()) + 2
    height = max(box.y + box.height for box in boxes.values()) + 2
    names = ", ".join(_label(name) for name in boxes if _is_node(name))
    parts = [
        *(_curve(boxes[start], boxes[end]) for start, end in sorted(edges)),
        *map(_rectangle, boxes.values()),
    ]
    return (
        f'<svg role="img" aria-label="Pipeline of {escape(names)}" style="max-width: 100%" '
        f'width="{width:.0f}" viewBox="-1 -1 {width:.0f} {height:.0f}" font-family="sans-serif" '
        f'font-size="12" fill="none" stroke="currentColor">{"".join(parts)}</svg>'
    )


def _columns(edges: Edges) -> dict[str, int]:
    """Column of every name; what comes from elsewhere stands right before its first use."""
    before: dict[str, set[str]] = {name: set() for edge in edges for name in edge}
    after: dict[str, set[str]] = {name: set() for name in before}
    for start, end in edges:
        before[end].add(start)
        after[start].add(end)
    found: dict[str, int] = {}

    def column(name: str) -> int:
        if name not in found:
            none_before = 1 if _is_node(name) else 0
            found[name] = max((column(one) + 1 for one in before[name]), default=none_before)
        return found[name]

    for name in before:
        column(name)
    given = (name for name in before if not before[name] and not _is_node(name))
    first = {name: min(found[one] for one in after[name]) - 1 for name in given}
    return found | first


def _mean_row(name: str, edges: Iterable[tuple[str, str]], boxes: Mapping[str, Box]) -> float:
    above = [boxes[start].y for start, end in edges if end == name and start in boxes]
    return sum(above) / len(above) if above else 0.0


def _curve(start: Box, end: Box) -> str:
    x1, y1 = start.x + start.width, start.y + start.height / 2
    x2, y2 = end.x, end.y + end.height / 2
    middle = (x1 + x2) / 2
    path = f"M{x1:.0f} {y1:.0f}C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return f'<path d="{path}" stroke-opacity="0.35"/>'


def _rectangle(box: Box) -> str:
    shape = f'x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}"'
    corners = 'rx="11"' if box.is_node else ""
    tint = f'<rect {shape} {corners} fill="currentColor" fill-opacity="0.12"/>'
    text = f'x="{box.x + box.width / 2:.0f}" y="{box.y + box.height / 2 + 4:.0f}"'
    return (
        f'<rect {shape} {corners} fill="{PAPER}"/>{tint if box.is_node else ""}'
        f'<text {text} text-anchor="middle" stroke="none" fill="currentColor">'
        f"{escape(_label(box.name))}</text>"
    )


def _node(name: str) -> str:
    return f"node {name}"  # a node may be called as its output is


def _is_node(name: str) -> bool:
    return name.startswith("node ")


def _label(name: str) -> str:
    """Without the namespace, which is the pipeline."""
    return name.removeprefix("node ").rpartition(".")[2]


class PipelineDiagram(Directive):
    """The directive `pipeline-diagram`, with the name of a pipeline."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The picture."""
        return [nodes.raw("", draw(own_pipeline(self.arguments[0])), format="html")]


def setup(app: Any) -> dict[str, bool]:
    """Make the directive known to Sphinx."""
    app.add_directive("pipeline-diagram", PipelineDiagram)
    return {"parallel_read_safe": True}
