"""IDX files, whole and damaged."""

import gzip
import struct

import numpy as np
import pytest
from kedro.io import DatasetError

from kernel_regime.datasets.idx import IdxDataset
from tests.beside import FASHION_MNIST, needs_images

IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
LABELS = np.array([2, 0, 1], np.uint8)


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


def write(folder, images=None, labels=None, suffix=""):
    pack = gzip.compress if suffix else bytes
    images = idx(IMAGES) if images is None else images
    labels = idx(LABELS) if labels is None else labels
    (folder / f"train-images-idx3-ubyte{suffix}").write_bytes(pack(images))
    (folder / f"train-labels-idx1-ubyte{suffix}").write_bytes(pack(labels))
    return IdxDataset(str(folder), "train")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_plain_and_gzipped_files_load_alike(tmp_path, suffix):
    images, labels, names = write(tmp_path, suffix=suffix).load()
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert labels.dtype == np.int64
    assert names == ("0", "1", "2")


def test_the_test_split_has_its_official_name(tmp_path):
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(IMAGES))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS))
    dataset = IdxDataset(str(tmp_path), "test", class_names=["a", "b", "c"])
    assert dataset.exists()
    assert dataset.load().class_names == ("a", "b", "c")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"images": idx(IMAGES)[:-1]}, "images.* has 75 bytes where .*asks for 76; it is damaged"),
        ({"images": idx(IMAGES) + b"x"}, "images.* has 77 bytes"),
        ({"images": idx(IMAGES)[:9]}, "images.*damaged"),
        ({"images": b""}, "images.* starts with nothing"),
        ({"images": idx(LABELS)}, "images.* starts with 00000801, .* with 3 axes with 00000803"),
        ({"labels": idx(LABELS[:2])}, "labels.* has 2 labels for the 3 images"),
        ({"labels": b"<html>not found</html>"}, "labels.* starts with 3c68746d"),
    ],
)
def test_damaged_files_are_named_in_one_line(tmp_path, files, message):
    with pytest.raises(DatasetError, match=message) as refusal:
        write(tmp_path, **files).load()
    assert "\n" not in str(refusal.value.__cause__)


def test_a_broken_off_gzip_file_is_named(tmp_path):
    dataset = write(tmp_path, suffix=".gz")
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte\.gz is damaged"):
        dataset.load()


def test_a_missing_file_says_how_to_get_it(tmp_path):
    dataset = IdxDataset(str(tmp_path), "train")
    assert not dataset.exists()
    with pytest.raises(
        DatasetError, match=r"train-images-idx3-ubyte\.gz is missing.*kedro download"
    ):
        dataset.load()


def test_a_label_without_a_name_is_refused(tmp_path):
    write(tmp_path)
    with pytest.raises(DatasetError, match=r"which of the 2 class_names .* is not clear"):
        IdxDataset(str(tmp_path), "train", class_names=["a", "b"]).load()
    with pytest.raises(DatasetError, match="label 2 has no name; add it to class_names"):
        IdxDataset(str(tmp_path), "train", class_names={0: "a", 1: "b"}).load()


def test_labels_that_start_at_1_or_have_gaps_are_numbered_from_0(tmp_path):
    images = np.zeros((260, 4, 5), np.uint8)
    letters = (np.arange(260) % 26 + 1).astype(np.uint8)  # as EMNIST's
    _, labels, names = write(tmp_path, idx(images), idx(letters)).load()
    np.testing.assert_array_equal(labels, letters - 1)
    assert names == tuple(map(str, range(1, 27)))
    named = IdxDataset(str(tmp_path), "train", class_names=list("abcdefghijklmnopqrstuvwxyz"))
    assert named.load().class_names[letters[0] - 1] == "a"
    write(tmp_path, idx(IMAGES), idx(np.array([5, 9, 5], np.uint8)))
    _, labels, names = IdxDataset(str(tmp_path), "train", class_names={5: "five", 9: "nine"}).load()
    assert labels.tolist() == [0, 1, 0]
    assert names == ("five", "nine")


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="split: 'validation' is neither"):
        IdxDataset("anywhere", "validation")


def test_raw_data_are_never_written(tmp_path):
    with pytest.raises(DatasetError, match="never written"):
        write(tmp_path).save("anything")


@needs_images
def test_real_fashion_mnist_loads():
    images, labels, _ = IdxDataset(str(FASHION_MNIST), "train").load()
    assert images.shape == (700, 28, 28)
    assert np.bincount(labels).tolist() == [70] * 10
