"""Diagrams of the pipelines in the documentation: drawn from what the pipelines are."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations

import pytest

from tests.experiments import PROJECT

pytest.importorskip("docutils")
SPECIFICATION = spec_from_file_location("diagrams", PROJECT / "docs/pipeline_diagrams.py")
diagrams = module_from_spec(SPECIFICATION)
PAGE = (PROJECT / "docs/pipelines.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def loaded():
    import sys

    sys.modules["diagrams"] = diagrams  # its dataclasses look themselves up there
    SPECIFICATION.loader.exec_module(diagrams)


def test_the_page_shows_every_pipeline():
    folders = {path.parent.name for path in (PROJECT / "src").rglob("pipelines/*/pipeline.py")}
    assert folders == set(re.findall(r"{pipeline-diagram} (\w+)", PAGE)) == set(diagrams.TAGS)


@pytest.mark.parametrize("name", ["data_processing", "kernel_generation", "reporting"])
def test_a_diagram_shows_every_node_and_data_set_once(name):
    pipeline = diagrams.own_pipeline(name)
    shown = re.findall(r">(\w+)</text>", diagrams.draw(pipeline))
    data = {one for one in pipeline.datasets() if not one.startswith("param")}
    assert sorted(shown) == sorted([*(node.short_name for node in pipeline.nodes), *data])


@pytest.mark.parametrize("name", ["data_processing", "spectral_analysis"])
def test_everything_flows_to_the_right_and_no_box_lies_on_another(name):
    edges = diagrams.edges_of(diagrams.own_pipeline(name))
    boxes = diagrams.place(edges)
    assert all(boxes[a].x + boxes[a].width < boxes[b].x for a, b in edges)
    for one, other in combinations(boxes.values(), 2):
        apart = one.x != other.x or abs(one.y - other.y) >= one.height
        assert apart, (one.name, other.name)
