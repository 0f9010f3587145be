"""Every array-like becomes the NumPy array it means, and nothing else becomes one."""

import ml_dtypes
import numpy as np
import pandas as pd
import pytest

from kernel_regime.core.arrays import as_array, as_floating, require_finite
from kernel_regime.core.errors import InputError

VALUES = [[1.0, 2.0], [3.0, 4.0]]


class TorchLike:
    """What a tensor of torch is to this library: no array before it is detached and on the CPU."""

    def __init__(self, values):
        self.values = np.array(values)

    def __array__(self, *_, **__):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.values


def jax_array(values):
    import jax.numpy as jnp

    return jnp.asarray(values)


def tensorflow_tensor(values):
    import tensorflow as tf

    return tf.constant(values)


def tensorflow_variable(values):
    import tensorflow as tf

    return tf.Variable(values)


LIKE_ARRAYS = [
    *(np.array, np.asfortranarray, np.ma.array, list, tuple),
    *(pd.DataFrame, TorchLike, jax_array, tensorflow_tensor, tensorflow_variable),
]


@pytest.mark.parametrize("make", LIKE_ARRAYS, ids=lambda make: make.__name__)
def test_array_likes_become_plain_arrays_of_the_same_values(make):
    array = as_array(make(VALUES), "x")
    assert type(array) is np.ndarray
    np.testing.assert_array_equal(array, VALUES)


def test_arrays_of_numpy_are_not_copied(tmp_path):
    array = np.ones((3, 2))
    assert as_array(array, "x") is array
    np.save(tmp_path / "x.npy", array)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert as_array(mapped, "x") is mapped
    assert as_floating(mapped, "x") is mapped


@pytest.mark.parametrize(
    ("given", "floating"),
    [
        *[(kind, "float64") for kind in ("float64", ">f8", "int8", "int64", "uint8", "bool")],
        *[(kind, "float32") for kind in ("float32", ">f4", "float16", ml_dtypes.bfloat16)],
        ("longdouble", "float64"),
    ],
)
def test_numbers_of_every_dtype_become_float32_or_float64_without_loss(given, floating):
    numbers = np.array([[0, 1]], dtype=given)
    result = as_floating(numbers, "x")
    assert result.dtype == np.dtype(floating) and result.dtype.isnative
    np.testing.assert_array_equal(result, [[0.0, 1.0]])


def test_bytes_do_not_wrap():
    pixels = as_floating(np.array([200, 250], np.uint8), "x")
    assert (pixels + pixels).tolist() == [400.0, 500.0]


def test_bfloat16_of_jax_keeps_its_values():
    import jax.numpy as jnp

    assert as_floating(jnp.array([1.5, -2.0], jnp.bfloat16), "x").tolist() == [1.5, -2.0]


def test_strings_of_pandas_are_strings():
    assert as_array(pd.Series(["cat", "dog"]), "labels").tolist() == ["cat", "dog"]
    assert as_array(pd.Series(["cat", "dog"]), "labels").dtype.kind == "U"


def test_nullable_integers_of_pandas_are_integers():
    frame = pd.DataFrame({"a": pd.array([1, 2], dtype="Int64")})
    assert as_array(frame, "x").dtype == np.int64


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0], [1.0, 2.0]], "x: not an array"),
        ([object()], "x: rows differ in length or hold Python objects"),
        (pd.DataFrame({"a": [1, 2], "b": ["c", "d"]}), "hold Python objects"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), "x: some entries are masked"),
    ],
)
def test_what_is_no_array_is_refused_by_name(values, message):
    with pytest.raises(InputError, match=message):
        as_array(values, "x")


@pytest.mark.parametrize("values", [["a"], [1j], np.array(["2020-01-01"], "datetime64[D]")])
def test_what_is_no_real_number_is_refused(values):
    with pytest.raises(InputError, match=r"x: an array of .* holds no real numbers"):
        as_floating(values, "x")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_sample_that_is_not_finite_is_named(bad, dtype):
    samples = np.ones((5, 2, 2), dtype)
    samples[3, 1, 0] = samples[4, 0, 0] = bad
    with pytest.raises(InputError, match="x: sample 3 is not finite"):
        require_finite(samples, "x")


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (3,)])
def test_empty_and_flat_arrays_are_finite(shape):
    require_finite(np.ones(shape), "x")


def test_finite_values_whose_squares_overflow_are_finite():
    require_finite(np.full((2, 2), 1e300), "x")
    require_finite(np.full((2, 2), 3e38, np.float32), "x")
