"""What a run could not end with is refused before its first node."""

import numpy as np
import pytest

from kernel_regime.checks.experiment import refuse_equal_names, refuse_too_many_samples
from kernel_regime.core.errors import (
    InputError,
    MissingDeviceError,
    UnreachableError,
    UserError,
)
from tests.experiments import new_project, run

ANY = {"optimiser": "momentum", "learning_rate": 0.01, "penalties": [1.0e-4]}
NETWORK = ANY | {"kind": "fully_connected", "width": 8}
SHALLOW = {"kind": "shallow", "width": 8, "activation": "tanh", "runs": 1, "samples": 9}


TLS = {"engine": "dask", "address": "tls://127.0.0.1:1"}  # refused at once: no certificates


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return new_project(tmp_path_factory.mktemp("project"))


def written(project):
    return sorted(path.name for path in (project / "data").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"network_sweep": {"ntk": NETWORK}},
            "kernels.ntk and network_sweep.ntk have one name",
        ),
        (
            {"network_sweep": {"short": NETWORK | {"epochs": 1}}, "training": {"warm_up": 1}},
            "network_sweep.short.epochs: 1; training.warm_up takes 1",
        ),
        (
            {"network_sweep": {"late": NETWORK | {"batches": {5: 10}}}},
            "network_sweep.late.batches: batches must say the size from epoch 0 on",
        ),
        (
            {"network_sweep": {"none": ANY | {"kind": "keras:Model"}}},
            "network_sweep.none: kind 'keras:Model' has no `call`",
        ),
        (
            {"network_sweep": {"none": ANY | {"kind": "keras:Sequential"}}},
            "network_sweep.none: kind 'keras:Sequential' has no layers",
        ),
        (
            {"spectrum": {"initialisations": {"nngp": SHALLOW}}},
            "kernels.nngp and spectrum.initialisations.nngp have one name",
        ),
        (
            {"spectrum": {"initialisations": {"shallow_fresh": {"samples": 1300}}}},
            "spectrum.initialisations.shallow_fresh.samples: 1,300 samples are asked for, the "
            "training data have 1,200; give 1200 or less",
        ),
        (
            {"ridge": {"exceptions": {"nntk": [1.0]}}},
            "ridge.exceptions.nntk: no such kernel; did you mean 'ntk'?",
        ),
        (
            {"gaussian_processes": {"p": {"kernel": "nngpp"}}},
            "gaussian_processes.p: no kernel is called nngpp; did you mean 'nngp'?",
        ),
        (
            {"distribution_shift_study": {"methods": ["mean_fild"]}},
            "distribution_shift_study.methods: no kernel or network is called mean_fild; did you",
        ),
        (
            {"limits": {"sphere": {"samples": 10_000_000}}},
            r"limits.sphere.samples: 10,000,000 points need .* GB are free; give fewer",
        ),
        ({"regime_verdict": {"samples": 1}}, "regime_verdict.samples: 1 should be greater"),
        (
            {"kernel_evolution_study": {"samples": 1}},
            "kernel_evolution_study.samples: 1; a kernel needs two, give more",
        ),
        (
            {"data": {"n_test": 600}},
            "data.n_test: 600 samples are asked for, the data set has 597; give 597 or less",
        ),
    ],
)
def test_a_run_is_refused_before_anything_is_written(project, parameters, message):
    with pytest.raises(UserError, match=message):
        run(project, "test", **parameters)
    assert written(project) == []


@pytest.mark.parametrize(
    ("execution", "error", "message"),
    [
        (TLS, UnreachableError, "execution.address: no Dask scheduler answers at tls://127.0.0.1"),
        ({"device": "gpu"}, MissingDeviceError, "device: gpu needs an NVIDIA GPU"),
        (
            *({"engine": "dask", "device": "gpu"}, MissingDeviceError),
            "device: gpu needs an NVIDIA GPU.*the driver finds none",
        ),
    ],
)
def test_a_run_without_its_device_or_cluster_is_refused_at_once(
    tmp_path, monkeypatch, execution, error, message
):
    project = new_project(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    with pytest.raises(error, match=message):
        run(project, "test", execution=execution)
    assert written(project) == []


def test_a_kernel_without_code_for_a_gpu_is_refused_by_its_name_before_the_run(tmp_path):
    project = new_project(tmp_path)
    described = {"kind": "stax", "architecture": [{"Dense": {"out_dim": 1}}]}
    with pytest.raises(MissingDeviceError, match=r"kernels\.mine: .*StaxKernel has no code for a"):
        run(project, "test", execution={"device": "gpu"}, kernels={"mine": described})
    assert written(project) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"spectrum": {"trained_networks": {"outputs": 10}}},
            "spectrum.trained_networks.outputs: 10; networks of 10 classes have outputs 0 to 9",
        ),
        (
            {"spectral_bias_study": {"side": 99_999}},
            r"spectral_bias_study.side: 1,797 images of 99999 × 99999 pixels need .* GB are free",
        ),
    ],
)
def test_what_does_not_fit_the_data_is_refused_when_they_are_loaded(project, parameters, message):
    everything = {"data": {"n_train": 1200, "n_test": 597}}
    with pytest.raises(UserError, match=message):
        run(project, "test", **everything, **parameters)


def test_only_what_a_run_reads_is_compared(project):
    parameters = {
        "network_sweep": {"ntk": NETWORK},
        "spectrum": {"initialisations": {"shallow_fresh": {"samples": 1300}}},
    }
    catalog = run(project, "test", "data_processing", **parameters)
    assert list(catalog.load("noise_levels")["value"]) == [0, 2]


def test_clean_constant_images_are_refused_before_kernels_where_a_study_centres_them(tmp_path):
    project = new_project(tmp_path)
    images = np.random.default_rng(0).random((120, 4, 4))
    images[:, 0, 0], images[7] = 0, 0
    np.savez(project / "own.npz", x=images, y=np.arange(120) % 2)
    (project / "conf" / "test" / "catalog_data_processing.yml").write_text(
        '"raw_{split}":\n  type: kernel_regime.datasets.ArraysDataset\n  filepath: own.npz\n'
        '  inputs: x\n  labels: y\n  split: "{split}"\n  test_share: 0.4\n'
    )
    clean = {"data": {"n_train": None, "n_test": None}, "noise": {"kind": "clean", "levels": [0]}}
    with pytest.raises(InputError, match=r"_samples: image \d+ is constant \(all pixels 0\)"):
        run(project, "test", **clean)
    assert not list(project.rglob("train_kernels"))
    run(project, "test", "data_processing", **clean)


def test_what_an_environment_drops_has_no_name():
    refuse_equal_names({"kernels": {"a": None, "b": {}}, "network_sweep": {"a": {"kind": "x"}}})
    refuse_too_many_samples({"spectrum": {"initialisations": {"a": None}}}, available=1)
