"""Keras models as JAX functions: any model that is built, and never that of another class."""

import keras
import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.networks.fully_connected import FullyConnected
from kernel_regime.networks.neural_tangent import NeuralTangent
from kernel_regime.ntk.keras_models import as_jax
from kernel_regime.ntk.network_kernel import of_keras
from kernel_regime.ntk.training_kernel import observe

X = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)


class Usual(keras.Model):
    """Layers in the constructor, built by the first call, alike in name."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = keras.layers.Dense(8), keras.layers.Dense(8)
        self.last = keras.layers.Dense(2)

    def call(self, x, training=False):
        hidden = self.outer(keras.ops.relu(self.inner(x)))
        return self.last(keras.ops.tanh(hidden))


def notebook_cell(activation):
    """A class as a notebook defines it, again and again under one name."""

    class Cell(keras.Model):
        def __init__(self, width=8):
            super().__init__()
            self.inner, self.last = keras.layers.Dense(width), keras.layers.Dense(1)

        def call(self, x):
            return self.last(activation(self.inner(x)))

        def get_config(self):
            return {"width": 8}

    keras.utils.set_random_seed(0)
    model = Cell()
    model(X)
    return model


def jacobian_kernel(model, x):
    """The definition, for the sum over outputs, by TensorFlow."""
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        outputs = tf.cast(model(x, training=False), tf.float32)
        columns = [outputs[:, k] for k in range(outputs.shape[1])]
    rows = []
    for column in columns:
        parts = [tape.jacobian(column, w.value) for w in model.trainable_variables]
        rows.append(np.concatenate([p.numpy().reshape(len(x), -1) for p in parts], axis=1))
    return sum(j @ j.T for j in rows)


def test_the_usual_subclassed_model_is_read():
    keras.utils.set_random_seed(0)
    model = Usual()
    model(X)
    apply, params = as_jax(model, (4,))
    np.testing.assert_allclose(apply(params, X), model(X), rtol=1e-5, atol=1e-6)
    kernel = of_keras(model, (4,), "trace")(X)
    np.testing.assert_allclose(kernel, jacobian_kernel(model, X), rtol=1e-4, atol=1e-4)


def test_a_class_defined_again_is_another_function():
    first, second = notebook_cell(keras.ops.relu), notebook_cell(keras.ops.tanh)
    for model in (first, second):
        apply, params = as_jax(model, (4,))
        np.testing.assert_allclose(apply(params, X), model(X), rtol=1e-5, atol=1e-6)
    assert of_keras(first, (4,)).identity() != of_keras(second, (4,)).identity()
    again = notebook_cell(keras.ops.relu)
    assert of_keras(first, (4,)).identity() == of_keras(again, (4,)).identity()
    assert as_jax(first, (4,))[0] is as_jax(again, (4,))[0]


class Noisy(keras.Model):
    """Draws from its seed in inference as well."""

    def __init__(self, seed):
        super().__init__()
        self.last = keras.layers.Dense(2, kernel_initializer="ones")
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        return self.last(x) + keras.random.normal((2,), seed=self.draws)


def test_seeds_count_where_inference_reads_them_only():
    described = [FullyConnected(5, seed=seed) for seed in (0, 1)]
    noisy = [Noisy(seed) for seed in (0, 1)]
    for model in (*described, *noisy):
        model(X)
    # What JAX compiles for one seed of a network serves all.
    assert len({as_jax(model, (4,))[0] for model in described}) == 1
    first, second = (apply(params, X) for apply, params in (as_jax(m, (4,)) for m in noisy))
    assert not np.allclose(first, second)


def test_weights_that_are_not_trained_are_part_of_the_identity():
    one, other = NeuralTangent(8, seed=0), NeuralTangent(8, seed=1)
    norm = keras.Sequential([keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    for model in (one, other, norm):
        model.build((None, 4))
    # Both start at zero: they differ in fixed directions alone.
    assert of_keras(one, (4,)).identity() != of_keras(other, (4,)).identity()
    before = of_keras(norm, (4,))
    norm.layers[0].moving_variance.assign(np.full(4, 4.0, np.float32))
    after = of_keras(norm, (4,))
    assert before.identity() != after.identity()
    assert not np.allclose(before(X), after(X))


def test_one_network_has_one_identity_whatever_keras_calls_it():
    first, second = FullyConnected(5, seed=2), FullyConnected(5, seed=2)
    for model in (first, second):
        model.build((None, 4))
    assert first.name != second.name
    assert of_keras(first, (4,)).identity() == of_keras(second, (4,)).identity()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_lower_precision_gives_the_kernel_up_to_its_round_off(policy):
    def model(dtype):
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(8, "tanh", dtype=dtype), keras.layers.Dense(2, dtype=dtype)]
        made = keras.Sequential([keras.layers.Input((4,)), *layers])
        return made

    low, single = model(policy), model("float32")
    low.set_weights([w.astype("float32") for w in single.get_weights()])
    kernel = of_keras(low, (4,), "trace")
    assert kernel(X).dtype == np.float32
    expected = of_keras(single, (4,), "trace")(X)
    precision = 2**-10 if policy == "mixed_float16" else 2**-7
    np.testing.assert_allclose(kernel(X), expected, atol=4 * precision * expected.max())
    assert kernel.identity() == of_keras(low, (4,), "trace").identity()


def test_recurrent_layers_work_unrolled_and_are_refused_in_one_line_otherwise():
    def recurrent(unroll):
        keras.utils.set_random_seed(0)
        cells = keras.layers.LSTM(3, unroll=unroll)
        return keras.Sequential([keras.layers.Input((4, 1)), cells, keras.layers.Dense(2)])

    x = X[..., None]
    model = recurrent(unroll=True)
    kernel = of_keras(model, (4, 1), "trace")(x)
    np.testing.assert_allclose(kernel, jacobian_kernel(model, x), rtol=1e-4, atol=1e-4)
    with pytest.raises(InputError, match=r"JAX cannot run this model .* `unroll=True`") as refused:
        as_jax(recurrent(unroll=False), (4, 1))
    assert "\n" not in str(refused.value)


def test_a_model_without_weights_is_refused():
    with pytest.raises(InputError, match="call it on a batch first"):
        as_jax(Usual(), (4,))


def test_a_factor_that_is_not_positive_is_refused():
    class Still(FullyConnected):
        def gradient_multipliers(self):
            return [1.0, 0.0, 1.0, 1.0]

    network = Still(5)
    network.build((None, 4))
    with pytest.raises(InputError, match=r"0\.0 of 1/b1 is not positive"):
        observe([network], X, X)


def test_bytes_and_lists_are_observed_as_their_numbers():
    network = FullyConnected(5, seed=2)
    network.build((None, 4))
    x = np.arange(24, dtype=np.uint8).reshape(6, 4)
    ((kernels, outputs),) = observe([network], x, x.tolist())
    ((expected, values),) = observe([network], x.astype(float), x.astype(float))
    np.testing.assert_array_equal(kernels.train, expected.train)
    np.testing.assert_array_equal(outputs.test, values.test)
