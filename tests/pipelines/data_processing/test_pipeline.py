"""The pipeline end to end, on small data."""

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.pandas import ParquetDataset
from kedro_datasets.partitions import PartitionedDataset

from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.datasets.npy import NpyDataset
from kernel_regime.noise.high_frequency import HighFrequencyNoise
from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.noise.sampling import generator
from kernel_regime.pipelines.data_processing import create_pipeline
from kernel_regime.pipelines.data_processing.parameters import DataParameters


def labelled(n, shape, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, *shape), dtype=np.uint8)
    return LabelledData(images, np.arange(n) % 2, ("a", "b"))


@pytest.fixture
def run(tmp_path):
    def run(levels, kind="high_frequency", shape=(6, 6), raw_test=None):
        data = DataParameters(n_train=20, n_test=None if raw_test else 8, seed=0)
        noise = NoiseParameters(kind=kind, levels=levels, seed=3)
        partitions = {
            name: PartitionedDataset(
                path=str(tmp_path / name),
                dataset=NpyDataset,
                filename_suffix=".npy",
                overwrite=True,
            )
            for name in ("train_images", "test_images")
        }
        arrays = ["train_samples", "test_samples", "train_labels", "test_labels"]
        kept = {name: NpyDataset(str(tmp_path / f"{name}.npy")) for name in arrays}
        kept["noise_levels"] = ParquetDataset(filepath=str(tmp_path / "noise_levels.parquet"))
        raw = {
            "raw_train": MemoryDataset(labelled(30, shape, seed=1)),
            "raw_test": MemoryDataset(raw_test or labelled(10, shape, seed=2)),
            "params:data": MemoryDataset(data),
            "params:noise": MemoryDataset(noise),
        }
        catalog = DataCatalog({**partitions, **kept, **raw})
        SequentialRunner().run(create_pipeline(), catalog)
        found = {name: catalog.load(name) for name in kept}
        for name, dataset in partitions.items():
            found[name] = {key: np.array(load()) for key, load in dataset.load().items()}
        return found

    return run


def test_every_level_becomes_a_partition_of_both_splits(run):
    found = run([0, {"value": 2}])
    pd.testing.assert_frame_equal(
        found["noise_levels"], pd.DataFrame({"level": ["level_0", "level_2"], "value": [0.0, 2.0]})
    )
    for split, n in (("train", 20), ("test", 8)):
        assert list(found[f"{split}_images"]) == ["level_0", "level_2"]
        for images in found[f"{split}_images"].values():
            assert images.shape == (n, 6, 6)
            assert images.dtype == np.float32
        assert np.bincount(found[f"{split}_labels"]).tolist() == [n // 2, n // 2]


def test_a_level_drawn_alone_is_the_same_as_in_a_sweep(run):
    sweep = run([{"value": 0}, {"value": 2}])
    alone = run([{"value": 2}])
    for split in ("train_images", "test_images"):
        np.testing.assert_array_equal(alone[split]["level_2"], sweep[split]["level_2"])


def test_levels_of_an_earlier_run_are_gone(run):
    run([0, 1, 2])
    assert list(run([5])["train_images"]) == ["level_1.07143"]


def test_a_level_inserted_in_the_middle_renames_and_changes_no_other(run):
    before = run([{"value": 0}, {"value": 2}])
    after = run([{"value": 0}, {"value": 1}, {"value": 2}])
    for split in ("train_images", "test_images"):
        assert set(after[split]) == {"level_0", "level_1", "level_2"}
        for level, images in before[split].items():
            np.testing.assert_array_equal(after[split][level], images)


def test_levels_too_close_to_tell_apart_by_name_are_refused(run):
    with pytest.raises(ValueError, match=r"noise\.levels\[1\]: .* name every level once"):
        run([{"value": 0.5}, {"value": 0.5 + 1e-9}])


@pytest.mark.parametrize("kind", ["high_frequency", "low_frequency"])
def test_a_refusal_leaves_an_earlier_run_as_it_was(run, tmp_path, kind):
    before = run([0])
    raw = labelled(10, (6, 6), seed=2)
    raw.inputs[9] = 7
    with pytest.raises(ValueError, match=r"test samples: image \d is constant \(all pixels 7\)"):
        run([1, 2], kind=kind, raw_test=raw)
    with pytest.raises(ValueError, match=r"noise\.levels\[1\]: index 99 is out of range"):
        run([1, 99], kind=kind)
    assert [path.name for path in (tmp_path / "train_images").iterdir()] == ["level_0.npy"]
    np.testing.assert_array_equal(
        np.load(tmp_path / "train_images" / "level_0.npy"), before["train_images"]["level_0"]
    )
    assert len(pd.read_parquet(tmp_path / "noise_levels.parquet")) == 1


def test_images_are_the_perturbation_of_the_selected_samples(run):
    found = run([{"value": 1}])
    draws = generator(3, "test", 1.0).standard_normal((8, 6, 6), np.float32)
    expected = HighFrequencyNoise().apply(found["test_samples"].astype(np.float64), draws, 1.0)
    # float32 in the pipeline, values of size 1–5.
    np.testing.assert_allclose(found["test_images"]["level_1"], expected, atol=1e-5)


def test_colour_images_are_standardised_by_the_training_images_of_their_level(run):
    found = run([{"value": 0}, {"value": 3}], kind="low_frequency", shape=(6, 6, 3))
    for images in found["train_images"].values():
        channels = images.reshape(-1, 3)
        np.testing.assert_allclose(channels.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(channels.std(axis=0), 1, rtol=1e-6)
    # Level 0 only standardises, so raw test pixels and training statistics say what must come.
    train, test = (
        found[f"{split}_samples"].reshape(-1, 3).astype(float) for split in ("train", "test")
    )
    expected = (test - train.mean(axis=0)) / train.std(axis=0)
    np.testing.assert_allclose(found["test_images"]["level_0"].reshape(-1, 3), expected, atol=1e-5)
