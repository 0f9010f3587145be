"""Data on disk that other parameters made are not mixed with those of a run."""

import subprocess
import sys

import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.session import KedroSession

from kernel_regime.provenance import StaleDataError

KERNELS = (
    "kernels.ntk=null,kernels.nngp=null,data.n_train=30,data.n_test=20,noise.levels=[{value: 0}]"
)
FIT = ("--nodes", "model_training.fit_kernel_ridge")


@pytest.fixture
def run(command):
    """Run with few samples and one kernel, and give the last line of what is printed."""

    def restricted(*options, changed=""):
        done = command("run", "--env", "test", *options, "--params", f"{KERNELS}{changed}")
        return done.exit_code, " ".join(done.output.split())

    return restricted


@pytest.fixture
def finished(run):
    """A project whose kernels have been fitted."""
    code, printed = run("--to-outputs", "ridge_selection")
    assert code == 0, printed


def test_old_kernels_are_not_fitted_to_new_labels(run, finished):
    assert run("--to-outputs", "train_images,test_images", changed=",data.seed=5")[0] == 0
    for seed, made in (("5", "0"), ("0", "5")):
        code, printed = run(*FIT, changed=f",data.seed={seed}")
        assert code == 1
        assert (
            f"on disk was made with data.seed = {made}, this run has {seed}; run without" in printed
        )


def test_stored_data_serve_a_run_with_the_parameters_that_made_them(run, finished):
    code, printed = run(*FIT, changed=",ridge.values=[0.5]")
    assert code == 0, printed


def test_where_to_compute_does_not_matter(run, finished):
    assert run(*FIT, changed=",execution.memory=300MB")[0] == 0


def test_results_are_not_passed_over_by_what_is_missing_with_other_parameters(run, finished):
    missing = ("--to-outputs", "ridge_selection", "--only-missing-outputs")
    assert run(*missing)[0] == 0
    code, printed = run(*missing, changed=",noise.seed=1")
    assert code == 1
    assert "was made with noise.seed = 0, this run has 1" in printed


def test_data_of_a_run_that_did_not_end_are_not_taken(run, finished):
    code, printed = run("--to-outputs", "train_kernels", changed=",data.seed=5,execution.disk=1KB")
    assert "the matrix needs" in printed
    code, printed = run("--nodes", "kernel_generation.audit_kernels", changed=",data.seed=5")
    assert code == 1
    assert "train_kernels on disk is what a run left that did not end" in printed


def test_other_raw_data_are_other_sources(run, finished, project):
    digits = "{type: kernel_regime.datasets.DigitsDataset, split: %s}"
    swapped = f"raw_train: {digits % 'test'}\nraw_test: {digits % 'train'}\n"
    (project / "conf" / "test" / "catalog.yml").write_text(swapped)
    assert run("--to-outputs", "train_images,test_images")[0] == 0
    code, printed = run(*FIT)
    assert code == 1
    assert "come from different raw_train" in printed


def test_a_run_takes_nothing_that_another_replaced_meanwhile(project):
    (project / "src").mkdir()  # without it, no command takes the folder for a project
    other = ("-m", "kedro", "run", "--env", "test", "--to-outputs", "train_samples")
    begun = []

    class Interloper:
        """Another run with other parameters, after the first node of this one."""

        @hook_impl
        def after_dataset_saved(self, dataset_name):
            if dataset_name == "noise_levels":
                command = (sys.executable, *other, "--params", "data.seed=5")
                begun.append(subprocess.run(command, cwd=project, check=True))

    with KedroSession.create(project, env="test") as session:
        session._hook_manager.register(Interloper())
        with pytest.raises(StaleDataError, match="was replaced by another run while this one"):
            session.run(pipeline_names=["data_processing"])
    assert begun
