"""CIFAR-10 batches, whole, damaged and malicious."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError

from kernel_regime.datasets.cifar import CifarDataset
from tests.beside import UNPACK_CIFAR, needs_images

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def string(text):
    return (
        b"U" + bytes([len(text)]) + text
        if len(text) < 256
        else b"T" + len(text).to_bytes(4, "little") + text
    )


def array(values):
    """A uint8 array as Python 2 and the NumPy of its time pickled it."""
    rows, columns = (b"M" + size.to_bytes(2, "little") for size in values.shape)
    dtype = b"cnumpy\ndtype\n" + string(b"u1") + b"K\x00K\x01\x87R(K\x03" + string(b"|")
    dtype += b"NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00tb"
    start = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        + string(b"b")
        + b"\x87R(K\x01"
    )
    return start + rows + columns + b"\x86" + dtype + b"\x89" + string(values.tobytes()) + b"tb"


def dictionary(**items):
    return b"\x80\x02}(" + b"".join(string(k.encode()) + v for k, v in items.items()) + b"u."


def labels_list(labels):
    return b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"


def pixels(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 3072), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    names = b"](" + b"".join(string(name.encode()) for name in CLASSES) + b"e"
    (tmp_path / "batches.meta").write_bytes(dictionary(label_names=names))
    for k in range(1, 6):
        write_batch(tmp_path / f"data_batch_{k}", pixels(2, seed=k), [k % 10, 3])
    write_batch(tmp_path / "test_batch", pixels(3), [0, 3, 5])
    return tmp_path


def write_batch(path, data, labels):
    path.write_bytes(dictionary(data=array(data), labels=labels_list(labels)))


def test_batches_are_joined_and_channels_come_last(folder):
    images, labels, names = CifarDataset(str(folder), "train").load()
    assert images.shape == (10, 32, 32, 3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[2, ..., 1].ravel(), pixels(2, seed=2)[0, 1024:2048])
    assert labels.tolist() == [1, 3, 2, 3, 3, 3, 4, 3, 5, 3]
    assert names == tuple(CLASSES)


def test_two_classes_in_grey(folder):
    images, labels, names = CifarDataset(str(folder), "test", ["cat", "airplane"], grey=True).load()
    assert labels.tolist() == [1, 0]
    assert names == ("cat", "airplane")
    red, green, blue = pixels(3)[1].astype(float).reshape(3, 32, 32)
    # Products and sums in float32, of numbers up to 255.
    np.testing.assert_allclose(images[1], 0.2125 * red + 0.7154 * green + 0.0721 * blue, rtol=1e-6)


def test_an_unknown_class_is_named_with_the_one_meant(folder):
    with pytest.raises(DatasetError, match=r"batches\.meta: no class 'cta'; did you mean 'cat'"):
        CifarDataset(str(folder), "test", ["cta", "airplane"]).load()


def test_a_missing_file_says_how_to_get_it(tmp_path):
    with pytest.raises(DatasetError, match=r"batches\.meta is missing; .*kedro download"):
        CifarDataset(str(tmp_path), "test").load()


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.write_text, (self.path, "pwned"))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_malicious_pickle_is_refused_and_nothing_is_executed(folder, protocol):
    trace = folder / "trace"
    content = pickle.dumps({b"data": Malicious(trace), b"labels": []}, protocol)
    (folder / "test_batch").write_bytes(content)
    with pytest.raises(DatasetError, match=r"test_batch holds no list of integers") as refusal:
        CifarDataset(str(folder), "test").load()
    assert "\n" not in str(refusal.value.__cause__)
    assert not trace.exists()


def test_code_beside_the_data_is_never_executed(folder):
    trace = folder / "trace"
    call = pickle.dumps(Malicious(trace), 2)[2:-1]
    items = {"evil": call, "data": array(pixels(3)), "labels": labels_list([0, 3, 5])}
    (folder / "test_batch").write_bytes(dictionary(**items))
    assert CifarDataset(str(folder), "test").load().labels.tolist() == [0, 3, 5]
    assert not trace.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_batches_that_python_3_wrote_are_read(folder, protocol):
    expected = CifarDataset(str(folder), "test").load()
    batch = {b"labels": [0, 3, 5], b"data": pixels(3)}
    (folder / "test_batch").write_bytes(pickle.dumps(batch, protocol))
    found = CifarDataset(str(folder), "test").load()
    np.testing.assert_array_equal(found.inputs, expected.inputs)
    assert found.labels.tolist() == [0, 3, 5]


def test_the_binary_version_holds_the_same(folder, tmp_path_factory):
    binary = tmp_path_factory.mktemp("cifar-10-batches-bin")
    (binary / "batches.meta.txt").write_text("\n".join(CLASSES) + "\n\n")
    for k in range(1, 6):
        write_records(binary / f"data_batch_{k}.bin", pixels(2, seed=k), [k % 10, 3])
    write_records(binary / "test_batch.bin", pixels(3), [0, 3, 5])
    for split in ("train", "test"):
        expected, found = (CifarDataset(str(f), split).load() for f in (folder, binary))
        np.testing.assert_array_equal(found.inputs, expected.inputs)
        np.testing.assert_array_equal(found.labels, expected.labels)
        assert found.class_names == expected.class_names
    content = (binary / "test_batch.bin").read_bytes()
    (binary / "test_batch.bin").write_bytes(content[:-1])
    with pytest.raises(DatasetError, match=r"test_batch\.bin has 9,218 bytes, no whole number of"):
        CifarDataset(str(binary), "test").load()


def write_records(path, data, labels):
    path.write_bytes(np.insert(data, 0, labels, axis=1).astype(np.uint8).tobytes())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "test_batch is damaged"),
        (b"no pickle", "test_batch is damaged"),
        (dictionary(data=array(pixels(3)), labels=labels_list([1, 2, 3]))[:-2000], "test_batch"),
        (b"\x80\x02](K\x01e.", "test_batch holds no list of integers as labels"),
        (b"\x80\x05\x96" + b"\xff" * 7 + b"\x00.", "test_batch is damaged"),
        (dictionary(labels=labels_list([1])), "test_batch has 1 labels and 6 bytes of pixels"),
        (dictionary(data=array(pixels(3)), labels=b"N"), "test_batch holds no list of integers"),
        (
            dictionary(data=array(pixels(3)), labels=labels_list([1, 2])),
            "has 2 labels and 9,216 bytes of pixels, not row by row 3,072 for each",
        ),
        (dictionary(data=array(pixels(1)), labels=labels_list([10])), "label 10 is outside 0…9"),
        (
            dictionary(data=array(pixels(2)[:, :300]), labels=labels_list([1, 2])),
            "has 2 labels and 600 bytes of pixels",
        ),
        # Column by column, as Fortran stores arrays.
        (
            dictionary(
                data=array(np.zeros((3, 3072), np.uint8)).replace(b"\x89", b"\x88"),
                labels=labels_list([1, 2, 3]),
            ),
            "not row by row",
        ),
    ],
)
def test_damaged_files_are_named_in_one_line(folder, content, message):
    (folder / "test_batch").write_bytes(content)
    with pytest.raises(DatasetError, match=message) as refusal:
        CifarDataset(str(folder), "test").load()
    assert "\n" not in str(refusal.value.__cause__)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(position=st.integers(0, 400), value=st.integers(0, 255), kept=st.integers(0, 10_000))
@example(position=28, value=ord("\\"), kept=50)  # an escape of which Python warns
def test_any_damage_loads_or_is_refused_in_one_line(folder, position, value, kept):
    content = bytearray(dictionary(labels=labels_list([1, 2, 3]), data=array(pixels(3))))
    content[position] = value
    (folder / "test_batch").write_bytes(content[:kept])
    try:
        images, labels, _ = CifarDataset(str(folder), "test").load()
    except DatasetError as refusal:
        cause = str(refusal.__cause__)
        assert "test_batch" in cause and "\n" not in cause
    else:
        assert images.shape == (len(labels), 32, 32, 3)


@needs_images
def test_real_batches_load(tmp_path):
    few = ["--train-per-class", "12", "--test-per-class", "5"]
    subprocess.run([sys.executable, UNPACK_CIFAR, tmp_path, *few], check=True, capture_output=True)
    folder = str(tmp_path / "cifar-10-batches-py")
    assert CifarDataset(folder, "train").load().inputs.shape == (120, 32, 32, 3)
    images, labels, _ = CifarDataset(folder, "test", ["cat", "airplane"], grey=True).load()
    assert images.shape == (10, 32, 32)
    assert np.bincount(labels).tolist() == [5, 5]
