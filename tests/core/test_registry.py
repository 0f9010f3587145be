"""Kinds: built-in ones by name, a user's own by module and class, through one validation."""

import subprocess
import sys
from dataclasses import dataclass

import pytest
from pydantic import PositiveInt

from kernel_regime.core.errors import InputError
from kernel_regime.core.registry import Registry


class Shape:
    """The family of these tests."""


@pytest.fixture
def shapes():
    registry = Registry("shape", "kernel_regime.core", Shape)

    @registry.register("polygon")
    @dataclass(frozen=True)
    class Polygon(Shape):
        corners: PositiveInt
        name: str = "a polygon"

    @registry.register("circle")
    class Circle(Shape):
        pass

    return registry


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of a user's, outside the repository."""
    (tmp_path / "own_shapes.py").write_text(
        "from dataclasses import dataclass\n"
        f"from {__name__} import Shape\n"
        "from pydantic import PositiveInt\n"
        "@dataclass(frozen=True)\n"
        "class Star(Shape):\n"
        "    rays: PositiveInt = 5\n"
        "class Unrelated: ...\n"
        "def function(): ...\n"
    )
    (tmp_path / "broken_shapes.py").write_text("import not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_shapes", raising=False)


def test_a_class_knows_its_kind_and_is_built_from_parameters(shapes):
    square = shapes.build({"kind": "polygon", "corners": 4})
    assert (square.corners, square.name, square.kind) == (4, "a polygon", "polygon")
    assert shapes.kinds() == ["circle", "polygon"]
    assert shapes.find("circle").kind == "circle"


def test_a_class_of_ones_own_is_built_through_the_same_validation(shapes, own):
    star = shapes.build({"kind": "own_shapes:Star", "rays": 7})
    assert (star.rays, star.kind) == (7, "own_shapes:Star")
    with pytest.raises(InputError, match=r"own_shapes:Star\.rays: 0 should be greater than 0"):
        shapes.build({"kind": "own_shapes:Star", "rays": 0})


def test_a_subclass_of_a_built_in_class_has_a_kind_of_its_own(shapes, own, tmp_path):
    with (tmp_path / "own_shapes.py").open("a") as module:
        module.write("class Big(Star): ...\n")
    assert shapes.find("own_shapes:Star").kind == "own_shapes:Star"
    assert shapes.find("own_shapes:Big").kind == "own_shapes:Big"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "a shape needs a kind; give one of circle, polygon"),
        ({"kind": 3}, "a shape needs a kind"),
        ({"kind": "polygno"}, "kind 'polygno' is no shape; did you mean 'polygon'?"),
        ({"kind": "polygon"}, "polygon.corners: field required"),
        ({"kind": "polygon", "corners": 0}, "polygon.corners: 0 should be greater than 0"),
        ({"kind": "polygon", "corner": 3}, "polygon has no parameter 'corner'; did you mean"),
        ({"kind": "circle", "radius": 1}, "circle has no parameter 'radius'; remove it"),
        ({"kind": "own_shapes:Starr"}, "cannot be imported"),
        ({"kind": "no_such_module:Star"}, "cannot be imported"),
        ({"kind": "broken_shapes:Star"}, "cannot be imported .*not_there"),
        ({"kind": ":Star"}, "cannot be imported"),
        ({"kind": "own_shapes:Unrelated"}, "is no shape: derive it from .*Shape"),
        ({"kind": "own_shapes:function"}, "is no shape"),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_line(shapes, own, given, message):
    with pytest.raises(InputError, match=message) as refused:
        shapes.build(given)
    assert "\n" not in str(refused.value)


def test_a_kind_is_not_taken_from_another_class(shapes):
    with pytest.raises(InputError, match=r"kind 'circle' is that of .*\.Circle; register .*Disc"):

        @shapes.register("circle")
        class Disc(Shape):
            pass

    assert shapes.find("circle").__name__ == "Circle"


def test_a_kind_is_not_taken_from_a_built_in_class_before_that_is_imported():
    code = (
        "from kernel_regime.core.errors import InputError\n"
        "from kernel_regime.noise.perturbation import PERTURBATIONS, Perturbation\n"
        "try:\n"
        "    PERTURBATIONS.register('clean')(type('Own', (Perturbation,), {}))\n"
        "except InputError as error:\n"
        "    print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "kind 'clean' is that of kernel_regime.noise.clean." in result.stdout, result.stderr


def test_a_class_may_be_defined_anew(shapes):
    def cell(sides):
        @shapes.register("own")
        class Own(Shape):
            corners = sides

        return Own

    assert cell(3) is not cell(4)
    assert shapes.find("own").corners == 4


def test_built_in_kinds_are_found_in_a_fresh_process_by_name_alone():
    code = (
        "from kernel_regime.noise.perturbation import PERTURBATIONS as p;"
        "import sys; sys.stdout.write(p.find('low_frequency').__name__)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "LowFrequencyNoise", result.stderr
