"""Keras models as kernels: the same numbers as a hand-written network, stored and resumed."""

import pickle
import subprocess
import sys
import time
from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.execution.store.finished import is_complete
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places, read_manifest
from kernel_regime.ntk.empirical import empirical_ntk
from kernel_regime.ntk.network_kernel import EmpiricalNTK, KerasNTK, of_keras
from tests.ntk import slow_fill

KERAS_NAMES = {"c1.c1.c1": "conv1", "c2_1.c2.c2": "conv2_left", "c2_2.c2.c2": "conv2_right",
               "c3.c3.c3": "conv3", "f4.f4.f4": "dense4", "f5.f5.f5": "dense5"}  # fmt: skip


@pytest.fixture(scope="module")
def keras_lenet5(lenet5_golden):
    """The Keras LeNet-5 with the golden weights."""
    from kernel_regime.networks.lenet import LeNet5

    _, params = lenet5_golden
    network = LeNet5(outputs=10, seed=0)
    network.build((None, 32, 32))
    for theirs, ours in KERAS_NAMES.items():
        weight, bias = network.layer[ours]
        values = params[f"{theirs}.weight"]
        weight.assign(values.T if values.ndim == 2 else values.transpose(2, 3, 1, 0))
        bias.assign(params[f"{theirs}.bias"])
    return network


@pytest.mark.parametrize(
    ("outputs", "name"), [(3, "ntk_logit3"), ("trace", "ntk_trace_over_logits")]
)
def test_keras_lenet5_has_the_published_kernel(keras_lenet5, lenet5_golden, outputs, name):
    values, _ = lenet5_golden
    images = values["images"][:, 0].astype(np.float32)
    kernel = of_keras(keras_lenet5, (32, 32), outputs)(images)
    np.testing.assert_allclose(kernel, values[name], rtol=0, atol=2e-6 * values[name].max())


def test_weights_that_are_not_trained_stay_out():
    import keras

    model = keras.Sequential([
        keras.layers.Input((6, 6, 2)),
        keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.Flatten(),
        keras.layers.Dense(2, trainable=False),
    ])  # fmt: skip
    x = np.random.default_rng(0).standard_normal((5, 6, 6, 2)).astype(np.float32)
    kernel = of_keras(model, (6, 6, 2))
    assert {name.split("/")[-1] for name in kernel.params} == {"kernel", "bias", "gamma", "beta"}
    np.testing.assert_allclose(kernel.apply(kernel.params, x), model(x), atol=1e-6)
    assert np.isfinite(kernel(x)).all()


def test_a_saved_network_is_a_kernel_that_travels(keras_lenet5, lenet5_golden, tmp_path):
    from kernel_regime.networks.storage import save_network

    save_network(keras_lenet5, tmp_path / "seed_0.keras")
    kernel = KerasNTK(str(tmp_path / "seed_0.keras"), (32, 32), outputs=1)
    images = lenet5_golden[0]["images"][:, 0].astype(np.float32)
    expected = of_keras(keras_lenet5, (32, 32), 1)
    np.testing.assert_array_equal(kernel(images), expected(images))
    copy = pickle.loads(pickle.dumps(kernel))
    assert copy.identity() == kernel.identity()
    np.testing.assert_array_equal(copy(images), kernel(images))


def affine(params, x):
    return jnp.tanh(x @ params["w"]) @ params["a"]


def test_tiles_of_a_job_make_the_kernel():
    rng = np.random.default_rng(0)
    params = {"w": rng.standard_normal((4, 8)), "a": rng.standard_normal((8, 2))}
    kernel = EmpiricalNTK(affine, params, "affine", "trace")
    x = rng.standard_normal((10, 4))
    job = KernelJob(kernel, x)
    whole = empirical_ntk(affine, params, x, outputs="trace")
    for tile in job.grid(4).tiles:
        (part,) = job.task(tile).compute()
        np.testing.assert_allclose(part, whole[tile.rows, tile.columns], rtol=1e-13)
    np.testing.assert_allclose(kernel.diagonal(x), np.diag(whole), rtol=1e-13)


def test_identity_changes_with_any_parameter():
    params = {"w": np.eye(3), "a": np.ones((3, 1))}
    changed = params | {"a": np.array([[1.0], [1.0], [1.0 + 1e-15]])}
    identity = EmpiricalNTK(affine, params, "affine").identity()
    assert identity == EmpiricalNTK(affine, dict(params), "affine").identity()
    assert identity != EmpiricalNTK(affine, changed, "affine").identity()


@pytest.mark.parametrize("outputs", ["full", "trase", 1.5, -1, None, True, [0], [], np.nan])
@pytest.mark.parametrize(
    "made", [partial(EmpiricalNTK, affine, {}, "affine"), partial(KerasNTK, "no.keras", (2,))]
)
def test_outputs_that_make_no_matrix_are_refused_before_any_work(made, outputs):
    with pytest.raises(InputError, match=r'makes no kernel matrix \(n, n\); give one logit, .*"tr'):
        made(outputs=outputs)


def test_a_logit_may_be_an_integer_of_numpy():
    (plain, other) = (KerasNTK("no.keras", (2,), outputs) for outputs in (2, np.int64(2)))
    assert plain == other
    assert type(other.outputs) is int


@pytest.mark.parametrize("outputs", [1.5, True, None, np.nan, [], [0.5], ["a"], "0"])
def test_what_is_no_logit_is_refused(outputs):
    params = {"w": np.eye(3), "a": np.ones((3, 2))}
    with pytest.raises(InputError, match=r"outputs: .* (is not a logit of this network|names no)"):
        empirical_ntk(affine, params, np.eye(3), outputs=outputs)


def test_a_killed_kernel_resumes_bit_identically_and_repeats_no_finished_tile(tmp_path):
    from kernel_regime.networks.fully_connected import FullyConnected
    from kernel_regime.networks.storage import save_network

    network = FullyConnected(width=32, seed=3)
    network.build((None, 8, 8))
    model = tmp_path / "seed_3.keras"
    save_network(network, model)
    path, log = tmp_path / "killed.npy", tmp_path / "log"
    command = [sys.executable, slow_fill.__file__, str(model)]
    process = subprocess.Popen([*command, "0.5", str(path), str(log)])
    deadline = time.monotonic() + 100
    while not log.exists() or len(log.read_text().splitlines()) < 5:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    done = set(read_manifest(Places(path).manifest).checksums)
    assert 0 < len(done) < slow_fill.TILES
    assert not is_complete(path)
    # In a process like the first: OpenBLAS's last bits depend on its number of threads.
    targets = (path, tmp_path / "resumed", tmp_path / "whole.npy", tmp_path / "all")
    subprocess.run([*command, "0", *map(str, targets)], check=True)
    resumed, whole = ((tmp_path / name).read_text().splitlines() for name in ("resumed", "all"))
    assert len(whole) == slow_fill.TILES
    assert sorted(resumed) == sorted(line for line in whole if place(line) not in done)
    assert path.read_bytes() == (tmp_path / "whole.npy").read_bytes()


def place(line):
    """`16,32`, the first images of a tile, as `1,2`, its place in the grid."""
    return ",".join(str(int(number) // slow_fill.EDGE) for number in line.split(","))
