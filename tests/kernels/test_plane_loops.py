"""The compiled loops of the convolutional engine, each held to a few plain lines."""

import numpy as np
import pytest

from kernel_regime.kernels.architecture import read_architecture
from kernel_regime.kernels.convolutional import plane_loops, pooling
from kernel_regime.kernels.convolutional.image_graph import image_graph
from kernel_regime.kernels.convolutional.myrtle_kernels import (
    MyrtleNNGP,
    MyrtleNTK,
    myrtle_layers,
)
from kernel_regime.kernels.convolutional.node_table import FILTER, NODE, PIXELS
from kernel_regime.kernels.convolutional.prepared_images import PreparedImages
from kernel_regime.kernels.convolutional.stages import cut_into_stages
from kernel_regime.linalg.simd import VECTOR_SIZE, aligned_zeros
from tests.kernels import reference


def stages_of(layers, height, width, channels=3):
    return cut_into_stages(image_graph(read_architecture(layers)), height, width, channels)


@pytest.mark.parametrize("depth", [5, 7, 10])
@pytest.mark.parametrize("side", [4, 8])
def test_kernels_are_their_definition(depth, side):
    x1, x2 = np.random.default_rng(0).standard_normal((2, side, side, 3))
    x1[: side // 2, 1] = 0  # pixels without variance
    ntk, nngp = reference.myrtle(depth, x1, x2)
    assert MyrtleNTK(depth)(x1[None], x2[None])[0, 0] == pytest.approx(ntk, rel=1e-12)
    assert MyrtleNNGP(depth)(x1[None], x2[None])[0, 0] == pytest.approx(nngp, rel=1e-12)


@pytest.mark.parametrize("window", [(2, 2), (3, 1), (2, 4), (6, 8)])
@pytest.mark.parametrize("dy", [0, 1, 4])
@pytest.mark.parametrize("dx", [0, 2, 7])
def test_pooling_window_by_window_adds_up_the_pairs_of_pooled_pixels(window, dy, dx):
    pool = {"AvgPool": {"window_shape": window, "strides": window}}
    convolution = {"Conv": {"out_chan": 1, "filter_shape": [1, 1]}}
    plan = stages_of([convolution, pool, convolution, "GlobalAvgPool"], 6, 8)
    node = plan.nodes[plan.nodes["kind"] == FILTER][0]
    pooled = plan.stages[0]["last"] - 1
    plane = np.random.default_rng(1).standard_normal((6, 8, VECTOR_SIZE))
    rows = aligned_zeros((plan.rows, VECTOR_SIZE), np.float64)
    pending = aligned_zeros((plan.pending, VECTOR_SIZE), np.float64)
    stages = plan.stages[0], plan.stages[1]
    for y in range(6):
        for part in range(2):
            start = pooling.row_of(node, stages[0], y, part)
            rows[start : start + 8] = plane[y]
        pooling.pool_rows(plan.nodes[pooled], node, stages, y, dy, dx, rows, pending)
    height, width = 6 // window[0], 8 // window[1]
    found = pending.reshape(3, width, height, 2, width, VECTOR_SIZE)
    expected = np.zeros_like(found)
    for (y1, x1, y2, x2), total in reference.pool_pairs(plane, dy, dx, window).items():
        slot = pooling.slot_of.py_func((y2 - y1) % height)
        expected[slot, (x2 - x1) % width, y1, :, x1] += total
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(("height", "pools"), [(4, [2, 2]), (32, [2, 2]), (12, [3, 2]), (9, [3])])
def test_an_offset_enters_a_stage_once_when_its_pooled_sums_are_complete(
    height, pools, monkeypatch
):
    """Those of offset e come from w·e − w + 1 to w·e + w − 1 of the stage before, cyclically."""
    convolution = {"Conv": {"out_chan": 1, "filter_shape": [1, 1]}}
    layers = [convolution]
    for window in pools:
        pool = {"AvgPool": {"window_shape": [window, 1], "strides": [window, 1]}}
        layers += [pool, convolution]
    plan = stages_of([*layers, "GlobalAvgPool"], height, 1)
    done = [[] for _ in range(plan.count)]

    def enter(nodes, stages, dy, pair, buffers):
        s = next(i for i, stage in enumerate(plan.stages) if stage["first"] == stages[0]["first"])
        if s:
            window, period = pools[s - 1], plan.stages[s - 1]["height"]
            needed = range(window * dy - window + 1, window * dy + window)
            assert {offset % period for offset in needed} <= set(done[s - 1])
        done[s].append(dy)

    for name in ("beyond", "completed"):
        monkeypatch.setattr(plane_loops, name, getattr(pooling, name).py_func)
    monkeypatch.setattr(plane_loops, "compute_planes", enter)
    stages = np.rec.array(plan.stages)
    plane_loops.all_stages.py_func(plan.nodes, stages, plan.count, None, None)
    assert [sorted(offsets) for offsets in done] == [
        list(range(stage["height"])) for stage in plan.stages[:-1]
    ]


def test_offsets_are_those_that_the_head_can_see():
    convolution = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
    pool = {"AvgPool": {"window_shape": [2, 3], "strides": [2, 3]}}
    layers = [convolution, "Relu", pool, convolution, "Relu"]
    flat = stages_of([*layers, "Flatten"], 12, 18).stages
    assert flat[["max_dy", "max_dx"]].tolist()[:2] == [(1, 2), (0, 0)]
    pooled = stages_of([*layers, pool, "Flatten"], 12, 18).stages
    assert pooled[["max_dy", "max_dx"]].tolist()[:2] == [(3, 8), (1, 2)]
    everything = stages_of([*layers, "GlobalAvgPool"], 12, 18).stages
    assert everything[["max_dy", "max_dx"]].tolist()[:2] == [(11, 17), (5, 5)]


def test_a_node_keeps_the_rows_that_others_still_read():
    """Two filters in a branch wait for two rows; the other branch keeps them as long.

    By powers of two: three are four.
    """
    convolution = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
    layers = [convolution, {"residual": ["Relu", convolution, "Relu", convolution]}, "Flatten"]
    nodes = stages_of(layers, 9, 9).nodes
    first, copied, inner, last, total, _ = nodes[1:]
    assert [node["delay"] for node in (first, copied, inner, last, total)] == [1, 1, 2, 3, 3]
    assert [node["ring"] for node in (nodes[0], first, copied, inner, last)] == [4, 4, 4, 4, 1]
    assert nodes.dtype == NODE
    assert nodes[0]["kind"] == PIXELS


def test_variances_are_those_of_the_definition():
    """In front of every ReLU, behind convolutions and pools."""
    image = np.random.default_rng(2).standard_normal((8, 8, 2))
    plan = stages_of(myrtle_layers(7, 8), 8, 8, 2)
    images = PreparedImages(plan, image[None], np.ones(1))
    pairs = np.einsum("ijc,klc->ijkl", image, image) / 2
    for stage in range(3):
        own = range(int(plan.stages[stage]["first"]), int(plan.stages[stage]["last"]))
        for n in (n for n in own if n in plan.activations):
            pairs = reference.filtered(pairs)
            expected = np.einsum("ijij->ij", pairs)
            variances = 2 * np.pi * images.found[0][n][..., 0, 0] ** 2 / plan.growth[n]
            np.testing.assert_allclose(variances, expected, rtol=1e-12)
            pairs = reference.after_relu({"11": pairs}, 0)[0]["11"]
        pairs = reference.pooled(pairs)
