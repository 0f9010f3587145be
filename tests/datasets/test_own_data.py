"""One's own arrays, images and tables, without code."""

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from PIL import Image

from kernel_regime.core.errors import InputError
from kernel_regime.datasets import (
    ArraysDataset,
    CifarDataset,
    IdxDataset,
    ImageFolderDataset,
    NpyDataset,
    TableDataset,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def refused(dataset):
    """What a data set says instead of loading: one line."""
    with pytest.raises(DatasetError) as refusal:
        dataset.load()
    line = str(refusal.value.__cause__)
    assert "\n" not in line
    return line


def test_an_archive_holds_inputs_and_labels(tmp_path, rng):
    inputs, labels = rng.random((6, 4)), np.array(["b", "a"] * 3)
    np.savez(tmp_path / "mine.npz", x=inputs, y=labels)
    dataset = ArraysDataset(str(tmp_path / "mine.npz"), inputs="x", labels="y")
    assert dataset.exists()
    data = dataset.load()
    np.testing.assert_array_equal(data.inputs, inputs)
    assert data.labels.tolist() == [1, 0] * 3
    line = refused(ArraysDataset(str(tmp_path / "mine.npz"), labels="y"))
    assert "holds no array 'inputs'; give one of x, y" in line


def test_two_files_hold_inputs_and_labels(tmp_path, rng):
    np.save(tmp_path / "x.npy", rng.random((5, 4, 4, 1)))
    np.save(tmp_path / "y.npy", np.arange(5) / 2)
    dataset = ArraysDataset(str(tmp_path / "x.npy"), labels="y.npy")
    assert dataset.exists()
    assert dataset.load().inputs.shape == (5, 4, 4)
    assert dataset.load().class_names == ()
    (tmp_path / "y.npy").unlink()
    assert not dataset.exists()
    assert "y.npy is missing; put it there" in refused(dataset)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_damaged_arrays_are_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"no array")
    line = refused(ArraysDataset(str(tmp_path / name), labels="labels"))
    assert f"{name} is no whole NumPy file of numbers" in line


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "x.npz", inputs=np.array([{}], object), labels=[1])
    assert "no whole NumPy file of numbers" in refused(ArraysDataset(str(tmp_path / "x.npz")))


def test_one_file_is_divided_class_by_class(tmp_path):
    labels = np.repeat([0, 1], [80, 20])
    np.savez(tmp_path / "x.npz", inputs=np.arange(100.0)[:, None], labels=labels)
    splits = [
        ArraysDataset(str(tmp_path / "x.npz"), split=split, test_share=0.25, seed=3).load()
        for split in ("train", "test")
    ]
    train, test = splits
    assert np.bincount(train.labels).tolist() == [60, 15]
    assert np.bincount(test.labels).tolist() == [20, 5]
    together = np.concatenate([train.inputs[:, 0], test.inputs[:, 0]])
    assert sorted(together) == list(range(100))
    other = ArraysDataset(str(tmp_path / "x.npz"), split="test", test_share=0.25, seed=4).load()
    assert set(other.inputs[:, 0]) != set(test.inputs[:, 0])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"test_share": 0.2}, "test_share divides one file in two: say split"),
        ({"test_share": 1.0, "split": "test"}, "test_share: 1.0 is no share"),
        ({"split": "validation"}, "split: 'validation' is neither"),
    ],
)
def test_wrong_divisions_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        ArraysDataset("x.npz", **given)


def images(folder, sides=(8, 8, 8), mode="RGB", suffix="png"):
    rng = np.random.default_rng(0)
    for name in ("dog", "cat"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for k, side in enumerate(sides):
            pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
            Image.fromarray(pixels).convert(mode).save(folder / name / f"{k}.{suffix}")
    (folder / ".hidden").mkdir(exist_ok=True)
    (folder / "notes.txt").write_text("not an image")
    return str(folder)


def test_a_folder_of_images_has_a_subfolder_per_class(tmp_path):
    data = ImageFolderDataset(images(tmp_path)).load()
    assert data.inputs.shape == (6, 8, 8, 3)
    assert data.inputs.dtype == np.uint8
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.class_names == ("cat", "dog")
    with Image.open(tmp_path / "dog" / "2.png") as first:
        np.testing.assert_array_equal(data.inputs[5], np.asarray(first))


def test_grey_files_are_grey_and_colours_can_be_weighed(tmp_path):
    assert ImageFolderDataset(images(tmp_path / "grey", mode="L")).load().inputs.shape == (6, 8, 8)
    colour = ImageFolderDataset(images(tmp_path / "colour")).load().inputs
    grey = ImageFolderDataset(str(tmp_path / "colour"), grey=True).load().inputs
    np.testing.assert_allclose(grey, colour @ [0.2125, 0.7154, 0.0721], rtol=1e-5)


def test_images_of_several_sizes_need_a_side(tmp_path):
    folder = images(tmp_path, sides=(8, 12, 9))
    line = refused(ImageFolderDataset(folder))
    assert "1.png has 12×12 pixels, 0.png 8×8; set side to bring all to one square" in line
    assert ImageFolderDataset(folder, side=6).load().inputs.shape == (6, 6, 6, 3)


def test_folders_that_are_no_data_are_refused(tmp_path):
    assert "is no folder" in refused(ImageFolderDataset(str(tmp_path / "nowhere")))
    (tmp_path / "empty").mkdir()
    assert "has no subfolders" in refused(ImageFolderDataset(str(tmp_path / "empty")))
    (tmp_path / "cats" / "cat").mkdir(parents=True)
    assert "holds no image" in refused(ImageFolderDataset(str(tmp_path / "cats")))
    (tmp_path / "cats" / "cat" / "a.png").write_bytes(b"no image")
    assert "a.png is no whole image" in refused(ImageFolderDataset(str(tmp_path / "cats")))


@pytest.fixture
def table(rng):
    return pd.DataFrame(
        {"a": rng.random(20), "b": range(20), "c": [True, False] * 10, "kind": ["x", "y"] * 10}
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_has_a_target_column(tmp_path, table, suffix):
    path = tmp_path / f"mine.{suffix}"
    table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
    data = TableDataset(str(path), target="kind").load()
    np.testing.assert_allclose(data.inputs, table[["a", "b", "c"]].to_numpy(float))
    assert data.labels.tolist() == [0, 1] * 10
    assert data.class_names == ("x", "y")
    targets = TableDataset(str(path), target="a", features=["b", "c"]).load()
    np.testing.assert_allclose(targets.labels, table["a"])
    assert targets.class_names == ()


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ("ab", "features: 'ab' is no list of columns"),
        ([], "features: [] is no list of columns; leave it out for all"),
        (["a", "kind"], "features: 'kind' is the target"),
        (["a", "a"], "features: 'a' is listed twice"),
    ],
)
def test_features_are_columns_beside_the_target(tmp_path, features, message):
    with pytest.raises(InputError) as refusal:
        TableDataset(str(tmp_path / "mine.csv"), target="kind", features=features)
    assert message in str(refusal.value)


def test_tables_that_are_no_data_are_refused(tmp_path, table):
    path = tmp_path / "mine.parquet"
    table.to_parquet(path)
    line = refused(TableDataset(str(path), target="knid"))
    assert "has no column 'knid'; did you mean 'kind'?" in line
    line = refused(TableDataset(str(path), target="a"))
    assert "column 'kind' holds str, no numbers; encode it, or list the columns" in line
    table.loc[3, "a"] = np.nan
    table.to_parquet(path)
    assert "column 'a' is empty in row 3" in refused(TableDataset(str(path), target="kind"))
    table[["kind"]].to_parquet(path)
    assert "has no column beside 'kind'" in refused(TableDataset(str(path), target="kind"))
    path.write_bytes(b"no table")
    assert "cannot be read as .parquet" in refused(TableDataset(str(path), target="kind"))
    assert "is neither .csv nor" in refused(TableDataset(str(tmp_path / "x.xls"), target="a"))
    assert "is missing" in refused(TableDataset(str(tmp_path / "none.csv"), target="a"))


def test_tables_are_read_with_the_arguments_of_pandas(tmp_path, table):
    table.to_csv(tmp_path / "mine.csv", index=False, sep=";")
    dataset = TableDataset(str(tmp_path / "mine.csv"), target="kind", load_args={"sep": ";"})
    assert dataset.load().inputs.shape == (20, 3)


@pytest.mark.parametrize(
    ("dataset", "arguments"),
    [
        (ArraysDataset, {}),
        (CifarDataset, {"split": "train"}),
        (IdxDataset, {"split": "train"}),
        (ImageFolderDataset, {}),
        (NpyDataset, {}),
        (TableDataset, {"target": "y"}),
    ],
)
def test_paths_elsewhere_are_refused_and_leave_no_folder(dataset, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=r"s3://bucket/x\.npy: .* need a local path, not s3"):
        dataset("s3://bucket/x.npy", **arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("dtype", "suffix"), [(np.uint16, "png"), (np.float32, "tiff")])
def test_images_of_more_than_eight_bits_are_refused_before_they_are_cut_off(
    tmp_path, dtype, suffix
):
    folder = images(tmp_path, mode="L")
    deep = np.linspace(0, 60_000, 64).reshape(8, 8).astype(dtype)
    Image.fromarray(deep).save(tmp_path / "cat" / f"deep.{suffix}")
    with pytest.raises(DatasetError, match="more than 8 bits a pixel"):
        ImageFolderDataset(folder).load()
