"""Mistakes in parameters: one line each, about the place and the type that were meant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from pydantic import ByteSize, Field, NonNegativeInt

from kernel_regime.core.listed_once import LISTED_ONCE
from kernel_regime.core.parameters import ParameterType, mistakes
from kernel_regime.pipelines.model_training.grids import Grid


@dataclass(frozen=True)
class Study(ParameterType):
    grid: Grid = (1.0,)
    outputs: NonNegativeInt | Literal["trace"] = "trace"
    rule: Literal["sgd", "adam"] | Literal["conjugate"] = "sgd"
    names: dict[str, int | list[int]] | None = None
    memory: Annotated[ByteSize, Field(gt=0)] | None = None
    layers: Sequence[str] = ()
    widths: Annotated[list[int], Field(min_length=2, max_length=3), LISTED_ONCE] | None = None


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({"grid": [1, -2]}, ["grid[1]: -2 should be greater than or equal to 0"]),
        ({"grid": []}, ["grid: [] must not be empty; give at least 1 item"]),
        ({"grid": [1, 0.1, 1.0]}, ["grid: 1.0 is listed twice; list it once"]),
        ({"widths": [16]}, ["widths: [16] is too short; give at least 2 items"]),
        ({"widths": [1, 2, 3, 4]}, ["widths: [1, 2, 3, 4] is too long; give at most 3 items"]),
        ({"widths": [16, 16]}, ["widths: 16 is listed twice; list it once"]),
        ({"grid": [math.inf]}, ["grid[0]: inf should be a finite number"]),
        ({"grid": [{"from": 1, "to": 400, "count": 2}]}, ["grid[0].to: 400 should be less than"]),
        ({"grid": [{"from": 1, "to": 2, "count": 0}]}, ["grid[0].count: 0 should be greater"]),
        (
            {"grid": [{"frm": 1, "to": 2, "count": 3}, 1]},
            ["grid[0].from: field required", "grid[0].frm: unknown parameter; did you mean 'from'"],
        ),
        (
            {"grid": ["many"]},
            [
                "grid[0]: 'many' should be a valid number, unable to parse string as a number, "
                "or a valid dictionary"
            ],
        ),
        ({"outputs": -1}, ["outputs: -1 should be greater than or equal to 0"]),
        (
            {"outputs": "all"},
            [
                "outputs: 'all' should be a valid integer, unable to parse string as an integer, "
                "or 'trace'"
            ],
        ),
        ({"rule": "adm"}, ["rule: 'adm' should be 'sgd' or 'adam', or 'conjugate'"]),
        ({"names": {"a": [1, "b"], "int": 2}}, ["names.a[1]: 'b' should be a valid integer"]),
        ({"memory": -1}, ["memory: -1 is no size; write bytes, or 500MB or 2GiB"]),
        ({"memory": "5XB"}, ["memory: '5XB' is no size; write bytes, or 500MB or 2GiB"]),
        ({"layers": 3}, ["layers: 3 should be a list"]),
        ({"names": {"int": "c"}}, ["names.int: 'c' should be a valid integer"]),
    ],
)
def test_a_mistake_is_one_line_about_what_was_meant(given, lines):
    found = mistakes(Study, given, "study")
    assert len(found) == len(lines)
    assert all(one.startswith(f"study.{line}") for one, line in zip(found, lines, strict=True)), (
        found
    )


def test_a_bound_is_no_name_to_suggest():
    @dataclass(frozen=True)
    class Paths(ParameterType):
        grids: dict[str, Grid]

    (line,) = mistakes(Paths, {"grids": {"ntk": [{"from": 1, "to": 2, "count": 2, "g": 1}]}}, "r")
    assert line == "r.grids.ntk[0].g: unknown parameter; give one of count, from, to"
