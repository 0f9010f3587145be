"""Every network against its NumPy counterpart, the laws of its weights, and its file."""

import subprocess
import sys

import jax.numpy as jnp
import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from kernel_regime.core.errors import InputError
from kernel_regime.networks.base import registry
from kernel_regime.networks.fully_connected import FullyConnected
from kernel_regime.networks.lenet import LeNet5, from_published
from kernel_regime.networks.myrtle import Myrtle
from kernel_regime.networks.neural_tangent import NeuralTangent
from kernel_regime.networks.random_features import RandomFeaturesNetwork
from kernel_regime.networks.shallow import Shallow
from kernel_regime.networks.storage import load_network, save_network
from tests.beside import golden
from tests.networks import oracles
from tests.networks.cases import ALL, make_case


@pytest.mark.parametrize("name", ALL)
def test_outputs_are_those_of_the_formula(name):
    case = make_case(name)
    expected = case.forward(case.weights, case.x)
    np.testing.assert_allclose(case.network(case.x), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_bytes_and_all_array_likes_give_what_floats_give(name):
    case = make_case(name)
    draws = np.random.default_rng(1)
    x = draws.integers(0, 2 if case.x.ndim > 2 else 256, case.x.shape).astype(np.uint8)
    expected = case.forward(case.weights, x.astype(float))
    for samples in (x, x.tolist(), tf.constant(x), jnp.asarray(x), x.astype(np.int64)):
        np.testing.assert_allclose(case.network(samples), expected, rtol=1e-11, atol=1e-11)
    if x.ndim == 2:
        np.testing.assert_allclose(case.network(pd.DataFrame(x)), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("side", [4, 8, 16, 64])
def test_myrtle_leaves_out_the_pools_for_which_nothing_is_left(side):
    network = built(Myrtle(3, outputs=2, seed=1, dtype="float64"), side, side)
    weights = [v.numpy() for v in network.trainable_variables]
    x = np.random.default_rng(0).standard_normal((2, side, side))
    pools = {4: (0, 1, 1, 0), 8: (0, 1, 1, 1), 16: (0, 1, 1, 2), 64: (0, 1, 1, 3)}[side]
    expected = oracles.myrtle(weights, x[..., None], pools)
    np.testing.assert_allclose(network(x), expected, rtol=1e-11, atol=1e-12)
    assert network.outer.shape[0] == (12 if side == 64 else 3)


@pytest.mark.parametrize("name", ALL)
def test_penalty_is_that_of_the_formula(name):
    case = make_case(name)
    np.testing.assert_allclose(case.network.penalty(), case.penalty(case.weights), rtol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_gradient_multipliers_are_those_of_the_reference(name):
    case = make_case(name)
    assert case.network.gradient_multipliers() == case.multipliers


def standardised(weights, scale):
    """Mean and variance of weights that should be N(0, scale²), in standard errors."""
    z = weights.numpy().ravel() / scale
    return [z.mean() * z.size**0.5, (z.var() - 1) * (z.size / 2) ** 0.5]


def built(network, *shape):
    network.build((None, *shape))
    return network


@pytest.mark.parametrize("seed", [0, 1])
def test_fully_connected_weights_follow_the_mean_field_law(seed):
    network = built(FullyConnected(200, hidden_layers=3, outputs=10, seed=seed), 100)
    scales = [0.1, 1, 1]
    scores = [standardised(w, s) for w, s in zip(network.inner, scales, strict=True)]
    scores.append(standardised(network.outer, 1))
    # Eight nearly standard normal statistics: a right law exceeds 5 once in 200,000 times.
    assert np.abs(scores).max() < 5
    assert all((b.numpy() == np.float32(0.01)).all() for b in network.biases)
    assert not network.shift.numpy().any()


def test_fixed_directions_are_unit_vectors_without_preferred_direction():
    network = built(RandomFeaturesNetwork(10_000), 20)
    directions = network.directions.numpy()
    np.testing.assert_allclose(np.linalg.norm(directions, axis=0), 1, rtol=1e-6)
    # Uniform on the sphere: mean 0 and covariance 1/20 per coordinate.
    assert np.abs(standardised(network.directions, 20**-0.5)).max() < 5
    # Excess kurtosis of a coordinate of the sphere: −6/(d + 2).
    kurtosis = np.mean((directions * 20**0.5) ** 4) - 3
    np.testing.assert_allclose(kurtosis, -6 / 22, atol=5 * (96 / directions.size) ** 0.5)


def test_linear_models_start_at_zero_and_share_their_fixed_layer():
    features, tangent = RandomFeaturesNetwork(5000, 2, seed=3), NeuralTangent(5000, 2, seed=3)
    for network in (built(features, 4), built(tangent, 4)):
        assert not any(v.numpy().any() for v in network.trainable_variables)
    np.testing.assert_array_equal(features.directions, tangent.directions)
    assert np.abs(standardised(tangent.signs, 1)).max() < 5


def test_shallow_weights_are_standard_normal_output_bias_included():
    shifts = [built(Shallow(50, seed=seed), 10).shift.numpy()[0] for seed in range(200)]
    assert abs(np.mean(shifts)) < 5 / 200**0.5
    network = built(Shallow(2000), 30)
    for weights in (network.inner, network.bias, network.outer):
        assert np.abs(standardised(weights, 1)).max() < 5


def test_myrtle_weights_follow_their_laws():
    network = built(Myrtle(40, outputs=10), 64, 64, 3)
    for filters in network.filters:
        assert np.abs(standardised(filters, (2 / 360) ** 0.5)).max() < 5
    assert network.outer.shape == (160, 10)
    assert np.abs(standardised(network.outer, 160**-0.5)).max() < 5


def test_lenet_weights_are_uniform_within_one_over_root_fan_in():
    network = built(LeNet5(), 32, 32)
    assert network.count_params() == 64_122
    fan_in = {"conv1": 25, "conv2_left": 150, "conv2_right": 150, "conv3": 400}
    for name, fan in {**fan_in, "dense4": 120, "dense5": 84}.items():
        values = np.concatenate([v.numpy().ravel() for v in network.layer[name]])
        assert np.abs(values).max() <= fan**-0.5
        spread = values.var() * 3 * fan - 1
        assert abs(spread) < 5 * (0.8 / values.size) ** 0.5  # (kurtosis 9/5 − 1)/n


def test_lenet_gives_the_published_logits():
    values = golden("lenet5_empirical_ntk")
    published = {k.removeprefix("param:"): values[k] for k in values if k.startswith("param:")}
    network = from_published(published, dtype="float64")
    images = values["images"][:, 0]
    np.testing.assert_allclose(network(images), values["logits"], rtol=1e-11, atol=1e-13)


def test_lenet_makes_its_own_grey_images_of_32_by_32():
    network = built(LeNet5(dtype="float64"), 28, 28, 3)
    colour = np.random.default_rng(0).random((5, 28, 28, 3))
    grey = colour @ [0.2125, 0.7154, 0.0721]
    zoomed = keras.ops.image.resize(grey[..., None], (32, 32), interpolation="bilinear")
    # TensorFlow resizes in single precision.
    np.testing.assert_allclose(network(colour), network(np.asarray(zoomed)), atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_a_saved_network_loads_in_safe_mode_with_all_its_weights(name, tmp_path):
    case = make_case(name)
    save_network(case.network, tmp_path / "network.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["network.keras"]
    loaded = keras.models.load_model(tmp_path / "network.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(case.x), case.network(case.x))
    assert loaded.get_config() == case.network.get_config()


def test_a_fresh_process_loads_a_network_knowing_only_its_file(tmp_path):
    network = built(FullyConnected(4, seed=2), 3)
    save_network(network, tmp_path / "network.keras")
    code = (
        "from pathlib import Path; from kernel_regime.networks import load_network;"
        f"print(float(load_network(Path({str(tmp_path / 'network.keras')!r})).penalty()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    np.testing.assert_allclose(float(done.stdout), float(network.penalty()), rtol=1e-6)


FIRST_NAMES = {
    "fully_connected": "FullyConnected",
    "lenet5": "LeNet5",
    "myrtle": "Myrtle",
    "neural_tangent": "NeuralTangent",
    "random_features": "RandomFeatures",
    "shallow": "Shallow",
}


@pytest.mark.parametrize("kind", FIRST_NAMES)
def test_files_name_classes_as_the_first_version_did(kind):
    """So that what it saved is loaded, whatever a class is called since."""
    described = registry.find(kind)
    name = f"kernel_regime>{FIRST_NAMES[kind]}"
    assert keras.saving.get_registered_name(described) == name
    assert keras.saving.get_registered_object(name) is described


def test_networks_are_saved_and_loaded_by_str_and_path_alike(tmp_path):
    network = built(Shallow(4, seed=2), 3)
    save_network(network, f"{tmp_path}/deep/network.keras")
    x = np.ones((2, 3), np.float32)
    for path in (f"{tmp_path}/deep/network.keras", tmp_path / "deep" / "network.keras"):
        np.testing.assert_array_equal(load_network(path)(x), network(x))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["network.keras"]


def test_files_that_are_no_networks_are_refused_in_one_line(tmp_path):
    (tmp_path / "text.keras").write_text("no archive")
    with pytest.raises(InputError, match=r"text.keras: not a .keras file"):
        load_network(tmp_path / "text.keras")
    with pytest.raises(InputError, match="there is no such network"):
        load_network(tmp_path / "absent.keras")
    with pytest.raises(InputError, match=r"end the name in .keras"):
        save_network(built(Shallow(4), 3), tmp_path / "network.h5")


def test_fixed_layers_are_not_stored(tmp_path):
    network = built(RandomFeaturesNetwork(3000), 200)
    save_network(network, tmp_path / "network.keras")
    assert (tmp_path / "network.keras").stat().st_size < 60_000
    x = np.ones((2, 200), np.float32)
    np.testing.assert_array_equal(load_network(tmp_path / "network.keras")(x), network(x))


def dropout_passes(layers, count):
    x = np.random.default_rng(0).standard_normal((3, 10)).astype(np.float32)
    network = built(FullyConnected(30, layers, dropout=0.4, seed=1), 10)
    return np.array([network(x, training=True) for _ in range(count)]), network(x)


def test_dropout_keeps_the_mean_of_a_linear_output_layer():
    draws, without = dropout_passes(layers=1, count=400)
    error = draws.std(axis=0) / len(draws) ** 0.5
    assert error.min() > 0
    assert (np.abs(draws.mean(axis=0) - without) < 5 * error).all()


def test_dropout_draws_the_same_for_the_same_seed():
    np.testing.assert_array_equal(dropout_passes(2, 3)[0], dropout_passes(2, 3)[0])


@pytest.mark.parametrize(
    ("network", "shape", "message"),
    [
        (Myrtle(2), (28, 28), "28×28 does not allow"),
        (Myrtle(2), (784,), "needs images"),
        (LeNet5(), (784,), "LeNet5 takes images"),
        (LeNet5(), (32, 32, 4), "LeNet5 takes images"),
    ],
)
def test_unsuitable_images_are_refused(network, shape, message):
    with pytest.raises(ValueError, match=message):
        network.build((None, *shape))
