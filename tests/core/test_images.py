"""Images in grey and at other sizes, against pixel sums by hand and skimage's weights."""

import numpy as np
import pytest

from kernel_regime.core.images import LUMINANCE, grey, interpolation, resize


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_grey_is_the_weighted_sum_of_the_channels_in_every_dtype(dtype):
    colours = np.random.default_rng(0).integers(0, 256, (2, 3, 3, 3)).astype(dtype)
    expected = sum(w * colours[..., c].astype(float) for c, w in enumerate(LUMINANCE))
    np.testing.assert_allclose(grey(colours), expected, rtol=1e-6)


def test_white_stays_white():
    assert sum(LUMINANCE) == 1


def test_grey_images_stay_as_they_are():
    images = np.ones((2, 3, 3), np.uint8)
    assert grey(images) is images


@pytest.mark.parametrize(("old", "new"), [(8, 4), (28, 10), (4, 8), (5, 7), (3, 3)])
def test_weights_are_those_of_a_triangle_around_every_new_pixel(old, new):
    weights = interpolation(old, new)
    for i in range(new):
        centre, width = (i + 0.5) * old / new, max(old / new, 1)
        plain = [max(0, 1 - abs(j + 0.5 - centre) / width) for j in range(old)]
        np.testing.assert_allclose(weights[i], np.array(plain) / sum(plain), atol=1e-15)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_resizing_keeps_constants_and_their_scale(dtype):
    images = np.full((2, 6, 6), 200, dtype)
    np.testing.assert_allclose(resize(images, 4), 200, rtol=1e-6)


def test_resizing_is_the_double_sum_over_pixels():
    image = np.random.default_rng(1).normal(size=(1, 5, 6))
    rows, columns = interpolation(5, 3), interpolation(6, 3)
    expected = [
        [
            sum(rows[i, a] * image[0, a, b] * columns[j, b] for a in range(5) for b in range(6))
            for j in range(3)
        ]
        for i in range(3)
    ]
    np.testing.assert_allclose(resize(image, 3)[0], expected, rtol=1e-12)
