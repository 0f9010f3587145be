"""Networks by kind: the package's and a user's own, built, saved, and told apart."""

import importlib
import os
import random
import shutil
import subprocess
import sys
from functools import wraps

import keras
import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.core.parameters import checked_arguments
from kernel_regime.networks.base import gradient_factors, registry, weight_penalty
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.networks.storage import load_network, save_network
from tests.networks import own_models

OWN = "tests.networks.own_models:"
X = np.random.default_rng(0).standard_normal((5, 4, 4)).astype(np.float32)
OPTIONS = {"Plain": (("width", 6),), "Convolutional": (), "Quadratic": (("width", 6),)}


def test_every_kind_is_declared_on_its_class():
    kinds = ["fully_connected", "lenet5", "myrtle", "neural_tangent", "random_features", "shallow"]
    assert registry.kinds() == kinds
    linear = [kind for kind in kinds if NetworkDescription(kind).linear_in_weights]
    assert linear == ["neural_tangent", "random_features"]


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("fully_connected", {"width": 0}, "fully_connected.width: 0 should be greater than 0"),
        ("fully_connected", {"width": 8, "dropout": 1.0}, "dropout: 1.0 should be less than 1"),
        ("fully_connected", {"width": 8, "depth": 3}, "has no parameter 'depth'"),
        ("random_features", {}, "random_features.width: field required"),
        ("shallow", {"width": 8, "activation": "step"}, "activation: 'step' should be 'relu'"),
        ("myrtle", {"width": 8, "seed": 1}, "has no parameter 'seed'"),
        (f"{OWN}Plain", {"width": -1}, "Plain.width: -1 should be greater than 0"),
    ],
)
def test_bounds_are_those_of_the_constructor(kind, given, message):
    with pytest.raises(InputError, match=message):
        checked_arguments(registry.find(kind), given, kind, ("outputs", "seed"))


@pytest.mark.parametrize("name", OPTIONS)
def test_a_users_model_is_built_from_one_seed(name):
    description = NetworkDescription(OWN + name, OPTIONS[name])
    first, again, other = (description.build((4, 4), 3, seed) for seed in (7, 7, 8))
    assert first(X).shape == (5, 3)
    np.testing.assert_array_equal(first(X), again(X))
    assert not np.allclose(first(X), other(X))


def test_a_seed_decides_even_if_another_thread_draws_in_between(monkeypatch):
    description = NetworkDescription(f"{OWN}Plain", OPTIONS["Plain"])
    quiet = description.build((4, 4), 3, seed=7)
    draws = iter([True, False, True])
    original = own_models.Plain.__init__

    def disturbed(self, *arguments, **options):
        if next(draws, False):
            random.random()
        original(self, *arguments, **options)

    monkeypatch.setattr(own_models.Plain, "__init__", wraps(original)(disturbed))
    np.testing.assert_array_equal(description.build((4, 4), 3, seed=7)(X), quiet(X))
    assert next(draws, None) is None


def test_weights_that_no_seed_decides_are_refused():
    with pytest.raises(InputError, match=r"Restless has other weights every time .* seed 3; let"):
        NetworkDescription(f"{OWN}Restless").build((4, 4), 3, seed=3)


def test_a_fresh_process_loads_a_users_model(tmp_path, monkeypatch):
    shutil.copy(own_models.__file__, tmp_path / "models_of_mine.py")
    monkeypatch.syspath_prepend(tmp_path)
    np.save(tmp_path / "x.npy", X)
    networks = {
        name: NetworkDescription(f"models_of_mine:{name}", options).build((4, 4), 3, seed=1)
        for name, options in OPTIONS.items()
    }
    for name, network in networks.items():
        save_network(network, tmp_path / f"{name}.keras")
    code = """
import sys
from pathlib import Path
import numpy as np
from kernel_regime.networks import load_network
folder = Path(sys.argv[1])
x = np.load(folder / "x.npy")
for name in sys.argv[2:]:
    np.save(folder / f"{name}.npy", load_network(folder / f"{name}.keras")(x))
"""
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-c", code, tmp_path, *networks]
    subprocess.run(command, check=True, env=environment)
    for name, network in networks.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), network(X), rtol=1e-6)
        np.testing.assert_array_equal(load_network(tmp_path / f"{name}.keras")(X), network(X))


def test_what_a_plain_model_does_not_say_has_a_default():
    plain = NetworkDescription(f"{OWN}Plain", (("width", 6),)).build((4, 4), 3, seed=1)
    kernels = [w.numpy() for w in plain.trainable_variables if len(w.shape) > 1]
    assert len(kernels) == 2
    squares = sum((w**2).sum() for w in kernels)
    np.testing.assert_allclose(weight_penalty(plain), squares, rtol=1e-6)
    assert gradient_factors(plain) == [1.0] * 4
    own = NetworkDescription(f"{OWN}Quadratic", (("width", 6),)).build((4, 4), 3, seed=1)
    np.testing.assert_allclose(weight_penalty(own), (own.outer.numpy() ** 2).sum(), rtol=1e-6)
    assert gradient_factors(own) == [6.0, 1.0]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("shalow", "did you mean 'shallow'"),
        ("tests.networks.own_models:Absent", "cannot be imported"),
        ("fractions:Fraction", "derive it from keras"),
    ],
)
def test_kinds_that_do_not_exist_are_refused(kind, message):
    with pytest.raises(InputError, match=message):
        NetworkDescription(kind).build((4,), 1, 0)


def test_a_model_with_another_number_of_outputs_is_refused():
    assert NetworkDescription(f"{OWN}Scalar").build((4,), 1, 0)(X[:, 0]).shape == (5, 1)
    with pytest.raises(InputError, match=r"Scalar gives an array of shape \(1, 1\).*3 columns"):
        NetworkDescription(f"{OWN}Scalar").build((4,), 3, 0)


def test_a_class_that_refuses_its_samples_is_named():
    with pytest.raises(InputError, match=r"Unfinished takes no samples of shape \(4,\) .*not yet"):
        NetworkDescription(f"{OWN}Unfinished").build((4,), 3, 0)


def test_a_rewritten_class_is_another_network(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    text = "import keras\nclass Net(keras.Model):\n    rate = 1\n"
    (tmp_path / "own_net.py").write_text(text)
    before = NetworkDescription("own_net:Net").source
    (tmp_path / "own_net.py").write_text(text.replace("rate = 1", "rate = 2"))
    assert NetworkDescription("own_net:Net").source != before
    assert NetworkDescription("shallow").source is None
    del sys.modules["own_net"]
    importlib.invalidate_caches()


def test_a_class_in_no_file_is_refused_where_its_text_is_asked_for(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "Typed", keras.Model, raising=False)
    typed = type("Typed", (keras.Model,), {"__module__": "builtins"})
    monkeypatch.setattr(sys.modules["__main__"], "Typed", typed)
    with pytest.raises(InputError, match="put it into a module"):
        _ = NetworkDescription("__main__:Typed").source
