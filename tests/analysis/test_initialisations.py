"""Fresh networks on fresh samples."""

import numpy as np
import pytest

from kernel_regime.analysis.spectrum.initialisations import (
    LeNet5AtRandom,
    ShallowAtRandom,
    registry,
)
from kernel_regime.core.images import grey, resize
from kernel_regime.noise.transforms import centre_and_scale


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (60, 8, 8)).astype(np.uint8)


def matrix(network, images, run=0):
    kernel, inputs = network.draw(images, run)
    return kernel(inputs)


def test_runs_differ_in_weights_and_samples_and_are_reproducible(images):
    network = ShallowAtRandom(runs=2, samples=20, width=64)
    first, again, other = (matrix(network, images, run) for run in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert first.shape == (20, 20)


def test_lenet5_takes_images_of_any_size(images):
    kernel = matrix(LeNet5AtRandom(runs=1, samples=12), images)
    assert kernel.shape == (12, 12)
    assert np.linalg.eigvalsh(kernel.astype(float)).min() > -1e-5 * kernel.max()


def test_too_many_samples_are_refused(images):
    with pytest.raises(ValueError, match="61 are asked for, the data set has 60"):
        ShallowAtRandom(runs=1, samples=61).draw(images, 0)


def test_inputs_are_scaled_to_at_most_one_whatever_their_dtype(images):
    network = ShallowAtRandom(runs=1, samples=20, width=16)
    expected = matrix(network, images / images.max())
    for given in (images, images.astype(np.int64), -images.astype(np.float64)):
        scaled = matrix(network, given)
        if given.min() >= 0:
            np.testing.assert_allclose(scaled, expected, rtol=1e-5)
        assert np.abs(scaled).max() <= 65 * 2  # ‖x‖² + 1 for 64 pixels, from two layers
    assert np.isfinite(matrix(network, np.zeros((30, 4)))).all()


def test_kinds_are_built_from_parameters_and_refuse_what_they_do_not_know():
    built = registry.build({"kind": "shallow", "runs": 2, "samples": 20, "width": 64})
    assert built == ShallowAtRandom(runs=2, samples=20, width=64)
    assert registry.build({"kind": "lenet5", "runs": 1, "samples": 5}).output == 0
    with pytest.raises(ValueError, match="shallow has no parameter 'widht'; did you mean 'width'"):
        registry.build({"kind": "shallow", "runs": 2, "samples": 20, "widht": 64})
    with pytest.raises(ValueError, match="'sigmod' is not known; did you mean 'sigmoid'"):
        ShallowAtRandom(runs=1, samples=2, activation="sigmod")
    with pytest.raises(ValueError, match="lenet5: the samples are vectors"):
        LeNet5AtRandom(runs=1, samples=2).draw(np.ones((4, 9)), 0)


def test_resizing_interpolates_as_image_libraries_do():
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).random((1, 28, 28)).astype(np.float32)
    for side in (32, 16):
        theirs = image.fromarray(pixels[0]).resize((side, side), image.Resampling.BILINEAR)
        np.testing.assert_allclose(resize(pixels, side)[0], np.asarray(theirs), atol=1e-5)
    assert resize(pixels, 28) is pixels


def test_grey_images_weigh_the_channels():
    colour = np.ones((2, 4, 4, 3), np.float32) * np.float32([1, 0, 0])
    np.testing.assert_allclose(grey(colour), 0.2125)


def test_centred_samples_have_mean_zero_and_norm_root_d():
    x = centre_and_scale(np.random.default_rng(0).random((5, 6, 6)) + 3)
    np.testing.assert_allclose(x.reshape(5, -1).mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(x.reshape(5, -1), axis=1), 6)
    with pytest.raises(ValueError, match="vector 0 is constant"):
        centre_and_scale(np.ones((2, 3)))
