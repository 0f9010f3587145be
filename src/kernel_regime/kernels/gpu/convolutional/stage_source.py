"""CUDA source of a stage of a network, generated from its tables."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from kernel_regime.kernels.convolutional.stages import Stages
from kernel_regime.kernels.gpu.convolutional.activation_source import (
    activation_source,
    arcsine_source,
)
from kernel_regime.kernels.gpu.convolutional.node_source import NodeWriter
from kernel_regime.kernels.gpu.convolutional.stage_shape import StageShape

FIXED = ("tile.cuh", "activations.cuh", "pooling.cuh", "stage.cuh")
OF_STAGE = (
    *("height", "width", "row", "columns", "offsets", "members", "groups", "warps", "span", "rows"),
    *("delay", "window_y", "window_x", "inputs", "outputs", "sides", "sides_in"),
)
WHETHER = ("circular", "shared", "last")
KERNEL = """
extern "C" __global__ void __launch_bounds__({threads}, {blocks}) stage(
    const {number}* images, const int* first, const int* second, const Two<{number}>* in,
    Two<{number}>* out, Two<double>* sums, int from, int number, int pairs_of_block, int groups,
    int start, int lowest, int highest, int max_dy, int max_dx, int groups_in, int slots_in,
    int next_max_dy, int slots_out) {{
  const Offsets offsets{{groups, start, lowest, highest, max_dy, max_dx, groups_in, slots_in,
                        next_max_dy, slots_out}};
  const Pairs pairs{{first, second, from, number}};
  run_stage<Shape, Nodes>(images, pairs, in, out, sums, offsets, pairs_of_block);
}}
"""


def cuda_source(stages: Stages, shape: StageShape, s: int, numbers: dict[int, int]) -> str:
    """CUDA C++ of the kernel `stage`, but for the names that `cuda.cuh` brings.

    Parameters
    ----------
    stages : Stages
        Of a network on images of one size.
    shape : StageShape
        Of stage `s`.
    numbers : dict
        Factors of a pixel, by node with an activation.
    """
    nodes = NodeWriter(stages, s, numbers)
    kernel = KERNEL.format(number=shape.number, threads=shape.threads, blocks=shape.blocks)
    fixed = arcsine_source(), *map(device_code, FIXED)
    return "".join([*fixed, _constants(shape), *_activations(nodes), nodes.source(), kernel])


@lru_cache(maxsize=8)
def device_code(name: str) -> str:
    """A file of device code beside this one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _constants(shape: StageShape) -> str:
    numbers = ", ".join(f"{name} = {getattr(shape, name)}" for name in OF_STAGE)
    flags = ", ".join(f"{name} = {getattr(shape, name):d}" for name in WHETHER)
    return (
        f"\nstruct Shape {{\n  using number = {shape.number};\n"
        f"  static constexpr int {numbers};\n  static constexpr bool {flags};\n}};\n"
    )


def _activations(nodes: NodeWriter) -> Iterator[str]:
    for n in nodes.delays:
        if n in nodes.stages.activations:
            step = nodes.stages.activations[n][1]
            yield activation_source(f"Activation{n}", step, nodes.numbers[n])
