"""The compiled loops of the Myrtle kernels, each held to a few plain lines."""

import numpy as np
import pytest

from kernel_regime.kernels.convolutional import planes
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleNNGP, MyrtleNTK
from kernel_regime.kernels.convolutional.myrtle_layers import MyrtleLayers
from kernel_regime.kernels.convolutional.prepared_images import Images
from kernel_regime.linalg.simd import VECTOR_SIZE, aligned_zeros
from tests.kernels import reference


@pytest.mark.parametrize("depth", [5, 7, 10])
@pytest.mark.parametrize("side", [4, 8])
def test_kernels_are_their_definition(depth, side):
    x1, x2 = np.random.default_rng(0).standard_normal((2, side, side, 3))
    x1[: side // 2, 1] = 0  # pixels without variance
    ntk, nngp = reference.myrtle(depth, x1, x2)
    assert MyrtleNTK(depth)(x1[None], x2[None])[0, 0] == pytest.approx(ntk, rel=1e-12)
    assert MyrtleNNGP(depth)(x1[None], x2[None])[0, 0] == pytest.approx(nngp, rel=1e-12)


@pytest.mark.parametrize("dy", [0, 1, 2, 7])
@pytest.mark.parametrize("dx", [0, 1, 2, 5, 8])
def test_pooling_row_by_row_adds_up_the_pairs_of_pooled_pixels(dy, dx):
    side, half = 8, 4
    plane = np.random.default_rng(1).standard_normal((side, side + 1, VECTOR_SIZE))
    blank = [x for x in range(side + 1) if x == side or (x + dx) % (side + 1) == side]
    plane[:, blank] = 0
    rows = aligned_zeros((2, 2, 4, side + 1, VECTOR_SIZE), np.float64)
    pending = aligned_zeros((3, half + 1, 2, half, half + 1, VECTOR_SIZE), np.float64)
    for y in range(side):
        rows[1, :, y % 3] = plane[y]
        planes.pool_finished_rows(rows, y, dy, dx, half, pending)
    expected = np.zeros_like(pending)
    for (y1, x1, y2, x2), total in reference.pool_pairs(plane, dy, dx).items():
        slot = planes.slot_of.py_func((y2 - y1) % half)
        expected[slot, (x2 - x1) % (half + 1), :, y1, x1] += total
    np.testing.assert_allclose(pending, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("side", [4, 8, 16, 32])
def test_an_offset_enters_a_stage_once_when_its_pooled_sums_are_complete(side, monkeypatch):
    """Those of offset e come from 2e − 1, 2e and 2e + 1 of the stage before, cyclically."""
    done = [[], [], []]

    def enter(stage, dy):
        if stage:
            period = side // 2 ** (stage - 1)
            assert {(2 * dy + k) % period for k in (-1, 0, 1)} <= set(done[stage - 1])
        done[stage].append(dy)

    monkeypatch.setattr(planes, "completed", planes.completed.py_func)
    monkeypatch.setattr(planes, "first_stage", lambda images, scales, dy, *_: enter(0, dy))
    monkeypatch.setattr(planes, "later_stage", lambda stage, scales, dy, *_: enter(stage, dy))
    monkeypatch.setattr(planes, "later_stages", planes.later_stages.py_func)
    image = np.empty((side, side + 1, 1)), (None, None, None)
    planes.all_stages.py_func(image, image, None, 3, ((None,) * 3, None, None), None)
    assert [sorted(offsets) for offsets in done] == [
        list(range(side // 2**stage)) for stage in range(3)
    ]


def test_deviations_of_pooled_pixels_are_those_of_the_definition():
    """σ in front of every ReLU, without the factors 1/9, ½ and 1/16 that the loops leave out."""
    image = np.random.default_rng(2).standard_normal((8, 8, 2))
    images = Images(MyrtleLayers(7, 8), image[None] / np.abs(image).max())
    pairs = np.einsum("ijc,klc->ijkl", image, image) / np.abs(image).max() ** 2
    for scales in images.scales:
        for layer in range(2):
            pairs = 9 * reference.filtered(pairs)
            sigma = np.sqrt(np.einsum("ijij->ij", pairs))
            np.testing.assert_allclose(scales[0, layer, :, :-1, 0, 0], sigma, rtol=1e-12)
            np.testing.assert_allclose(scales[0, layer, :, :-1, 1, 0], 1 / sigma, rtol=1e-12)
            pairs = 2 * reference.after_relu({"11": pairs}, 0)[0]["11"]
        pairs = 16 * reference.pooled(pairs)
