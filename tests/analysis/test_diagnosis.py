"""The verdict on a reader's own network: Keras models of all layers, JAX functions, bad input."""

import keras
import numpy as np
import pandas as pd
import pytest

from kernel_regime.analysis.regime import MEASURES, measure_regime
from kernel_regime.analysis.regime_verdict import Thresholds, judge
from kernel_regime.core.errors import InputError
from kernel_regime.diagnosis import diagnose, plan_diagnosis
from kernel_regime.ntk.training_kernel import observe, weight_movement

RNG = np.random.default_rng(0)
X = RNG.standard_normal((48, 6)).astype(np.float32)
Y = np.tanh(X @ RNG.standard_normal((6, 2))).astype(np.float32)
TRAIN, TEST = slice(0, 24), slice(24, 48)
DATA = X[TRAIN], Y[TRAIN], X[TEST], Y[TEST]


def dense(seed=0, width=8):
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((6,)), keras.layers.Dense(width, "tanh"), keras.layers.Dense(2)]
    return keras.Sequential(layers)


def trained(model, y=Y, loss="mse", epochs=20):
    """Weights before, and the model after training."""
    initial = model.get_weights()
    model.compile(keras.optimizers.SGD(0.3), loss)
    model.fit(X[TRAIN], y[TRAIN], batch_size=24, epochs=epochs, verbose=0)
    return initial


def test_a_keras_model_is_measured_as_by_its_parts():
    model, start = dense(), dense()
    initial = trained(model)
    found = diagnose(model, *DATA, before=initial, subsamples=1)
    (kernels, first), (later, last) = observe([start, model], X[TRAIN], X[TEST])
    movement = weight_movement(start, model)
    expected = measure_regime(kernels, later, first, last, (Y[TRAIN], Y[TEST]), movement)
    for name in MEASURES:
        assert found.runs[name].iloc[0] == pytest.approx(expected[name], rel=1e-3), name
    assert np.isinf(found.table.loc["drift", "high"])
    assert "one subsample gives no interval; take at least two" in found.sentence
    again = diagnose(model, *DATA, before=start, subsamples=1)
    pd.testing.assert_frame_equal(again.runs, found.runs, rtol=1e-6)


def test_a_model_keeps_the_weights_that_a_diagnosis_exchanges_for_a_while():
    model = dense()
    weights = model.get_weights()
    diagnose(model, *DATA, before=[0.5 * value for value in weights], subsamples=1)
    for value, kept in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(value, kept)


def test_a_jax_function_gives_what_its_keras_twin_gives():
    import jax.numpy as jnp

    def apply(params, x):
        return jnp.tanh(x @ params["w"] + params["b"]) @ params["v"] + params["c"]

    model = dense()
    initial = trained(model)
    names = ("w", "b", "v", "c")
    pair = [dict(zip(names, weights, strict=True)) for weights in (initial, model.get_weights())]
    one = diagnose(model, *DATA, before=initial, subsamples=2)
    other = diagnose(apply, *DATA, before=pair[0], after=pair[1], subsamples=2)
    pd.testing.assert_frame_equal(one.runs, other.runs, rtol=1e-3)
    assert one.verdict == other.verdict


class AttentionNetwork(keras.Model):
    """Normalisation, attention and dropout, as in a transformer of two tokens."""

    def __init__(self):
        super().__init__()
        layers = keras.layers
        self.tokens, self.normal = layers.Reshape((2, 3)), layers.LayerNormalization()
        self.attention = layers.MultiHeadAttention(2, 3, dropout=0.5)
        self.flat, self.batch = layers.Flatten(), layers.BatchNormalization()
        self.dropout, self.last = layers.Dropout(0.5), layers.Dense(3)

    def call(self, x, training=False):
        tokens = self.tokens(x)
        normal = self.normal(tokens)
        mixed = tokens + self.attention(normal, normal, training=training)
        hidden = self.batch(self.flat(mixed), training=training)
        return self.last(self.dropout(hidden, training=training))


def test_normalisation_attention_and_dropout_are_taken_in_inference_mode():
    keras.utils.set_random_seed(0)
    model = AttentionNetwork()
    model(X[:2])
    labels = np.argmax(X[:, :3], axis=1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    initial = trained(model, labels, loss, epochs=5)
    found = diagnose(model, X[TRAIN], labels[TRAIN], X[TEST], labels[TEST],
                     before=initial, subsamples=2)  # fmt: skip
    accuracy = np.mean(np.argmax(model.predict(X[TEST], verbose=0), axis=1) == labels[TEST])
    assert found.table.loc["network_accuracy", "mean"] == pytest.approx(accuracy)
    # The linearisation belongs to the square loss: no gap, and the drift alone decides.
    assert "gap" not in found.table.index and "network_loss" not in found.table.index
    assert "linearisation" not in found.sentence and "over 2 subsamples" in found.sentence
    assert found.table.loc["drift", ["low", "high"]].between(0, 10).all()
    found.figure().canvas.draw()


def test_subsamples_of_many_samples_are_disjoint_and_the_drift_alone_decides():
    model = dense()
    initial = trained(model)
    found = diagnose(model, *DATA, before=initial, samples=6)
    assert found.runs["drift"].nunique() == len(found.runs) == 4
    assert "gap" not in found.table.index
    row = judge(found.runs, Thresholds(), complete=False, unit="subsample")
    assert found.sentence == row["sentence"]
    plan = plan_diagnosis(model, X[TRAIN], X[TEST], before=initial, samples=6)
    assert (plan.train, plan.test, plan.subsamples) == (6, 6, 4)
    assert "at most" in str(plan) and plan.seconds > 0


def test_the_figure_shows_thresholds_and_scores():
    model = dense()
    figure = diagnose(model, *DATA, before=trained(model)).figure()
    measures, scores = figure.axes
    assert measures.get_yticklabels()[0].get_text() == "NTK drift"
    assert len(scores.get_yticklabels()) == 4 and scores.get_xlabel() == "test loss"


def linear(params, x):
    return x @ params


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "before: the parameters are those after training; keep a copy before it"),
        ({"before": np.full((6, 2), np.nan)}, r"before: parameter .* is not finite"),
        ({"before": np.zeros((6, 3))}, "differ from those after training in number or shape"),
        ({"before": np.zeros((6, 2)), "after": None}, "needs its parameters after training"),
        ({"before": None}, "before: a JAX function needs its parameters before training"),
        ({"before": np.zeros((6, 2)), "thresholds": {}}, r"thresholds: \{\}; give Thresholds"),
        ({"before": np.zeros((6, 2)), "thresholds": 0.1}, r"thresholds: 0\.1; give Thresholds"),
        ({"before": np.zeros((6, 2)), "samples": 1}, "samples: 1 is too few"),
        ({"before": np.zeros((6, 2)), "subsamples": 25}, "too few for 25 subsamples"),
    ],
)
def test_what_cannot_be_diagnosed_is_refused_in_one_line(given, message):
    arguments = {"before": np.ones((6, 2)), "after": np.ones((6, 2)), **given}
    with pytest.raises(InputError, match=message) as refusal:
        diagnose(linear, *DATA, **arguments)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_tangent_kernel_that_is_zero_is_refused(moment):
    """Both layers at zero: neither moves the outputs."""
    draws = np.random.default_rng(0)
    weights = [draws.standard_normal((6, 4)), draws.standard_normal((4, 2))]
    moments = dict.fromkeys(("before", "after"), weights) | {moment: [0 * w for w in weights]}
    with pytest.raises(InputError, match=f"{moment}: the tangent kernel {moment} training is zero"):
        diagnose(lambda params, x: x @ params[0] @ params[1], *DATA, **moments)


def test_weights_after_training_beside_a_model_that_has_them_are_refused():
    weights = dense().get_weights()
    with pytest.raises(InputError, match="after: a Keras model has its trained weights already"):
        diagnose(dense(), *DATA, before=weights, after=weights)


@pytest.mark.parametrize("before", [None, 3, np.zeros(3)])
def test_what_is_no_network_before_training_is_refused(before):
    with pytest.raises(InputError, match=r"before: .* is neither a Keras model nor a list"):
        diagnose(dense(), *DATA, before=before)


def test_models_and_targets_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="int is neither a Keras model nor a JAX function"):
        diagnose(3, *DATA, before=None)
    moments = {"before": np.zeros((6, 2)), "after": np.ones((6, 2))}
    with pytest.raises(InputError, match=r"y_train: targets of shape \(24, 3\) do not fit"):
        diagnose(linear, X[TRAIN], np.ones((24, 3)), X[TEST], np.ones((24, 3)), **moments)
    model = dense()
    with pytest.raises(InputError, match="before: weights of shapes"):
        diagnose(model, *DATA, before=model.get_weights()[:2])
