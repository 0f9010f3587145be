"""From images per level to kernels per level and name."""

import logging
import weakref

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset

from kernel_regime.datasets.kernel_matrix import KernelMatricesDataset
from kernel_regime.datasets.work_folder import KernelDiskDataset
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import audit, is_complete
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.kernels.dense.fully_connected_kernels import FullyConnectedNTK
from kernel_regime.pipelines.kernel_generation import create_pipeline, nodes
from kernel_regime.pipelines.kernel_generation.nodes import (
    audit_kernels,
    compute_test_kernels,
    compute_train_kernels,
    describe_train_jobs,
)
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.kernel_generation.plan import plan_kernels

KERNELS = KernelParameters.model_validate(
    {
        "ntk": {"kind": "fully_connected_ntk", "layers": 3},
        "cubic": {"kind": "polynomial", "degree": 3},
    }
)
LEVELS = pd.DataFrame({"level": ["level_0", "level_2"], "value": [0.0, 2.0]})
NAMES = ["level_0/ntk", "level_0/cubic", "level_2/ntk", "level_2/cubic"]


def images(count, seed):
    draws = np.random.default_rng(seed).standard_normal((3, count, 4, 4)).astype(np.float32)
    return {f"level_{level}": lambda level=level: draws[level] for level in range(3)}


@pytest.fixture
def catalog(tmp_path):
    """What data_processing leaves, one level of an earlier run (1) included."""
    kernels = {"kernel_disk": KernelDiskDataset(str(tmp_path))} | {
        name: KernelMatricesDataset(path=str(tmp_path / name))
        for name in ("train_kernels", "test_kernels")
    }
    inputs = {"train_images": images(30, 0), "test_images": images(10, 1), "noise_levels": LEVELS}
    return DataCatalog(
        {name: MemoryDataset(data, copy_mode="assign") for name, data in inputs.items()} | kernels
    )


@pytest.fixture
def filled(catalog):
    for name, matrices in compute(catalog).items():
        catalog.save(name, matrices)
    return catalog


def compute(catalog):
    """What the bodies of both nodes return."""
    train, test = catalog.load("train_images"), catalog.load("test_images")
    swept = LEVELS, catalog.load("kernel_disk"), KERNELS, Execution()
    return {
        "train_kernels": compute_train_kernels(train, *swept),
        "test_kernels": compute_test_kernels(test, train, *swept),
    }


def test_bodies_compute_and_saving_only_records(catalog):
    computed = compute(catalog)
    for matrices in computed.values():
        assert list(matrices) == NAMES
        assert all(is_complete(matrix.path) for matrix in matrices.values())
    assert not any(catalog.exists(name) for name in computed)
    for name, matrices in computed.items():
        catalog.save(name, matrices)
        assert catalog.exists(name)


def test_a_sweep_that_was_killed_is_a_missing_output(filled, monkeypatch):
    assert filled.exists("train_kernels")
    more = pd.DataFrame({"level": ["level_0", "level_1"], "value": [0.0, 1.0]})

    def kill(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr("kernel_regime.execution.store.shared_disk.fill_all", kill)
    inputs = filled.load("train_images"), more, filled.load("kernel_disk"), KERNELS, Execution()
    with pytest.raises(KeyboardInterrupt):
        compute_train_kernels(*inputs)
    assert not filled.exists("train_kernels")


def test_every_level_and_kernel_is_a_partition(filled):
    for name in ("train_kernels", "test_kernels"):
        assert sorted(filled.load(name)) == sorted(NAMES)


def test_train_kernels_are_symmetric_and_test_kernels_have_test_rows(filled):
    train, test = filled.load("train_images"), filled.load("test_images")
    kernel = FullyConnectedNTK(3)
    stored = filled.load("train_kernels")["level_2/ntk"]()
    np.testing.assert_allclose(stored, kernel(train["level_2"]()), rtol=1e-5)
    stored = filled.load("test_kernels")["level_2/ntk"]()
    expected = kernel(test["level_2"](), train["level_2"]())
    np.testing.assert_allclose(stored, expected, rtol=1e-4, atol=1e-6)


def test_jobs_are_made_one_by_one(catalog):
    jobs = describe_train_jobs(catalog.load("train_images"), LEVELS, KERNELS, Execution())
    assert all(callable(job) for job in jobs.values())
    assert isinstance(jobs["level_0/ntk"](), KernelJob)


def test_the_audit_has_a_row_per_level_and_kernel_in_order(filled, tmp_path):
    table = audit_kernels(
        filled.load("train_kernels"), filled.load("train_images"), LEVELS, tmp_path, KERNELS
    )
    assert list(zip(table.level, table.kernel, strict=True)) == [
        ("level_0", "ntk"),
        ("level_0", "cubic"),
        ("level_2", "ntk"),
        ("level_2", "cubic"),
    ]
    assert (table.asymmetry == 0).all()
    assert (table.probe_error < 1e-5).all()
    assert (table.pairs_per_second > 0).all()
    assert np.isfinite(table.select_dtypes("number")).all(axis=None)


def test_an_audit_that_was_stopped_goes_on_with_the_first_missing_row(
    filled, tmp_path, monkeypatch
):
    train, inputs = filled.load("train_kernels"), filled.load("train_images")
    whole = audit_kernels(train, inputs, LEVELS, tmp_path / "whole", KERNELS)
    examined = []

    def stop_at_third(*given):
        if len(examined) == 2:
            raise KeyboardInterrupt
        examined.append(given)
        return audit(*given)

    monkeypatch.setattr(nodes, "audit", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        audit_kernels(train, inputs, LEVELS, tmp_path / "resumed", KERNELS)
    monkeypatch.setattr(nodes, "audit", lambda *given: (examined.append(given), audit(*given))[1])
    resumed = audit_kernels(train, inputs, LEVELS, tmp_path / "resumed", KERNELS)
    assert len(examined) == 4
    pd.testing.assert_frame_equal(resumed, whole)


def test_kernels_of_an_earlier_run_stay_out_of_the_audit(filled, tmp_path):
    fewer = KernelParameters.model_validate({"ntk": {"kind": "fully_connected_ntk", "layers": 3}})
    train = filled.load("train_kernels")
    table = audit_kernels(train, filled.load("train_images"), LEVELS[:1], tmp_path, fewer)
    assert table[["level", "kernel"]].to_numpy().tolist() == [["level_0", "ntk"]]


def test_a_plan_has_a_row_per_kernel_and_a_total(catalog, caplog):
    with caplog.at_level(logging.INFO):
        plan = plan_kernels(catalog, KERNELS, Execution())
    assert plan.kernel.tolist() == ["ntk", "cubic", "total"]
    pairs = 2 * (30 * 31 // 2 + 300)
    assert plan.pairs.tolist() == [pairs, pairs, 2 * pairs]
    first, second, total = plan.itertuples(index=False)
    assert total.hours == pytest.approx(first.hours + second.hours)
    assert total.hours == pytest.approx(2 * pairs / total.pairs_per_second / 3600)
    size = 2 * (2 * 128 + 4 * (30 * 30 + 10 * 30)) / 1e9
    assert plan.gigabytes.tolist() == pytest.approx([size, size, 2 * size])
    assert plan.gigabytes_to_come.tolist() == plan.gigabytes.tolist()
    assert (plan.free_gigabytes > 0).all()
    assert "ntk: measuring a tile" in caplog.text


def test_a_plan_holds_the_samples_of_one_level_at_a_time(catalog):
    held, most = set(), 0

    def follow(load):
        def loads():
            nonlocal most
            samples = load().copy()
            held.add(id(samples))
            weakref.finalize(samples, held.discard, id(samples))
            most = max(most, len(held))
            return samples

        return loads

    for name in ("train_images", "test_images"):
        loads = {level: follow(load) for level, load in catalog.load(name).items()}
        catalog[name] = MemoryDataset(loads, copy_mode="assign")
    plan_kernels(catalog, KERNELS, Execution())
    assert 0 < most <= 4  # a job's two, while the next one's are loaded


def test_a_plan_knows_what_is_done(filled):
    plan = plan_kernels(filled, KERNELS, Execution())
    assert (plan.tiles == plan.tiles_done).all()
    assert (plan.hours == 0).all()
    assert (plan.gigabytes_to_come == 0).all()
    assert (plan.pairs_per_second > 0).all()


def test_a_plan_warns_of_a_disk_too_small_for_all_kernels(catalog, caplog):
    plan_kernels(catalog, KERNELS, Execution(disk=15_000))
    assert "The kernels need 2.02e-05 GB, kernels may take 1.5e-05 GB" in caplog.text
    plan_kernels(catalog, KERNELS, Execution(disk=3_000))
    assert "A kernel needs 3.73e-06 GB, kernels may take 3e-06 GB" in caplog.text
    caplog.clear()
    plan_kernels(catalog, KERNELS, Execution())
    assert "disk" not in caplog.text


def test_a_plan_without_inputs_says_what_to_run(tmp_path):
    empty = KernelMatricesDataset(path=str(tmp_path))
    with pytest.raises(ValueError, match="run `kedro run --pipelines data_processing` first"):
        plan_kernels(DataCatalog({"train_images": empty}), KERNELS, Execution())


def test_the_pipeline_brings_its_upstream_nodes():
    pipeline = create_pipeline()
    assert {"raw_train", "raw_test"} <= pipeline.inputs()
    assert pipeline.outputs() >= {"test_kernels", "kernel_audit"}
