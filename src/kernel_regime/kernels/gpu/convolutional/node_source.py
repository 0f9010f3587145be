"""CUDA source of the nodes of one stage: what a thread does in every step down the rows."""

from collections.abc import Iterator

import numpy as np

from kernel_regime.kernels.activation_steps.codes import SERIES
from kernel_regime.kernels.convolutional.node_table import (
    FILTER,
    HEAD,
    OF_GAUSSIAN,
    OF_PIXELS,
    PENDING,
    PIXELS,
    POOL,
    SUM,
)
from kernel_regime.kernels.convolutional.stages import Stages
from kernel_regime.kernels.gpu.convolutional.activation_source import literals
from kernel_regime.kernels.gpu.convolutional.node_rows import (
    factor_planes,
    row_delays,
    sources_of,
)

Lines = Iterator[str]
NUMBER = "Number<S>"
BEGIN = {"Filter": "clear()", "Pool": "begin(thread, plane, this->offsets, this->out)"}
"""What these do at the beginning of a plane."""


class NodeWriter:
    """Source of the nodes of stage `s`, a struct for `run_stage`.

    Parameters
    ----------
    stages : Stages
        Of the network.
    s : int
        Which stage.
    numbers : dict
        Factors of a pixel, by node with an activation.
    """

    def __init__(self, stages: Stages, s: int, numbers: dict[int, int]) -> None:
        self.stages, self.s, self.numbers = stages, s, numbers
        self.delays = row_delays(stages, s)
        self.planes = factor_planes(stages, s, numbers)

    def source(self) -> str:
        """The struct: what the nodes keep, how a plane begins, and a step."""
        members = [member for n in self.delays for member in self._members(n)]
        kinds = {int(self.stages.nodes[n]["kind"]) for n in self.delays}
        begin = [
            f"{name}.{BEGIN[kind]};"
            for type_, name in members
            if (kind := type_.partition("<")[0]) in BEGIN
        ]
        if PENDING in kinds:
            begin.append(
                "this->input.begin(thread, this->in, this->pair, plane.dy, this->offsets);"
            )
        steps = [line for n in self.delays for line in self._step(n)]
        arguments = "const Thread<S>& thread, const Plane<S>& plane"
        lines = [
            "struct Nodes : Ends<Shape> {",
            "  using S = Shape;",
            *(f"  {type_} {name};" for type_, name in members),
            f"  DEVICE void begin_plane({arguments}) {{",
            *(f"    {line}" for line in begin),
            f"  }}\n  template <int ROW> DEVICE void step({arguments}, int step) {{",
            *(f"    {line}" for line in steps),
            "  }\n};\n",
        ]
        return "\n".join(lines)

    def _node(self, n: int) -> np.void:
        return self.stages.nodes[n]

    def _members(self, n: int) -> Iterator[tuple[str, str]]:
        """Types and names of what a node keeps from step to step."""
        node = self._node(n)
        if node["kind"] == FILTER and not _is_of_one_pixel(node):
            circular = "true" if node["circular"] else "false"
            for part in _parts(node):
                sizes = f"{int(node['size_y'])}, {int(node['size_x'])}"
                yield f"Filter<S, {sizes}, {circular}>", f"{part}{n}"
        elif node["kind"] == SUM:
            for source, steps in self._behind(n):
                yield f"Delay<S, {steps}>", f"delayed{n}_{source}"
        elif node["kind"] == POOL:
            yield f"Pool<S, {int(node['channel'])}>", f"pool{n}"

    def _behind(self, n: int) -> Iterator[tuple[int, int]]:
        """Sources of a sum that come before the other, and by how many rows."""
        for source in sorted(set(sources_of(self._node(n)))):
            if self.delays[n] > self.delays[source]:
                yield source, self.delays[n] - self.delays[source]

    def _step(self, n: int) -> Lines:
        """A row of one node, if it has one in this step."""
        delay, kind = self.delays[n], int(self._node(n)["kind"])
        ends = kind in (POOL, HEAD)
        if not ends:
            yield f"Tile<S> v{n};"
            yield from self._in_any_case(n)
        yield f"if (plane.template holds<ROW>(step, {delay})) {{"
        yield f"  const Rows rows = plane.template rows<ROW>(step, {delay});"
        yield from (f"  {line}" for line in self._of_a_row(n))
        yield "}" if ends else f"}} else v{n} = {{}};"

    def _in_any_case(self, n: int) -> Lines:
        """What comes before, whether the row is one of the plane or not."""
        node = self._node(n)
        source = int(node["source"])
        if node["kind"] == FILTER and _is_of_one_pixel(node):
            yield f"v{n} = v{source};"
        elif node["kind"] == FILTER:
            row = f"step - {self.delays[source]} - S::delay"
            for part in _parts(node):
                yield f"{part}{n}.template down<ROW>(plane, {row}, v{source}.{part}, v{n}.{part});"
        elif node["kind"] == SUM:
            behind = dict(self._behind(n))
            for i, one in enumerate((source, int(node["other"]))):
                value = f"delayed{n}_{one}.pass(v{one})" if one in behind else f"v{one}"
                yield f"v{n} = {value};" if i == 0 else f"add(v{n}, {value});"

    def _of_a_row(self, n: int) -> Lines:
        """What only rows of the plane go through."""
        node = self._node(n)
        kind, source, channel = (int(node[name]) for name in ("kind", "source", "channel"))
        if kind == PIXELS:
            yield f"multiply_pixels<{channel}>(thread, rows, v{n});"
        elif kind == PENDING:
            yield f"this->input.take(this->offsets, {channel}, rows, v{n});"
            yield from _scaled(node, n, ("nngp", "tangent"))
        elif kind == FILTER:
            yield from self._filtered(node, n)
        elif kind == HEAD:
            yield f"this->head.take(rows, v{source});"
        elif kind == POOL:
            row = f"ahead(ROW, S::rows, {max(self.delays.values()) - self.delays[n]})"
            yield f"pool{n}.template take<{row}>(thread, plane, rows, this->turn, v{source});"
        yield from self._activated(n)

    def _filtered(self, node: np.void, n: int) -> Lines:
        """Sums of columns, along the row, with weight and bias; then what the tangent kernel is."""
        if not _is_of_one_pixel(node):
            yield from (f"{part}{n}.across(thread, v{n}.{part});" for part in _parts(node))
        yield from _scaled(node, n, _parts(node))
        if node["input"] == OF_PIXELS:
            yield f"copy_nngp(v{n});"
        elif node["input"] == OF_GAUSSIAN:
            yield f"add_nngp(v{n});"

    def _activated(self, n: int) -> Lines:
        if n not in self.stages.activations:
            return
        step, plane = self.stages.activations[n][1], self.planes[n]
        if step.code == SERIES:
            sizes = ", ".join(map(str, (self.numbers[n], *map(int, step.constants))))
            yield f"activate_series<{sizes}>(thread, rows, {plane}, v{n});"
        else:
            yield f"activate<Activation{n}>(thread, rows, {plane}, v{n});"


def _is_of_one_pixel(node: np.void) -> bool:
    return bool(node["size_y"] == 1 and node["size_x"] == 1)


def _parts(node: np.void) -> tuple[str, ...]:
    """What a filter computes: of products of pixels, the NNGP alone."""
    return ("nngp",) if node["input"] == OF_PIXELS else ("nngp", "tangent")


def _scaled(node: np.void, n: int, parts: tuple[str, ...]) -> Lines:
    """Weights and biases; the tangent kernel of Gaussian values gets its bias from the NNGP."""
    for part in parts:
        own = part == "nngp" or node["input"] != OF_GAUSSIAN
        bias = float(node["bias"]) if own else 0.0
        if node["weight"] != 1 or bias:
            yield f"scale<S>(v{n}.{part}, {literals((node['weight'], bias), NUMBER)});"
