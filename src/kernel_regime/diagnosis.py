"""Diagnosis of your own network: has training left the kernel regime, and what did that buy?

For a Keras model, or any function written in JAX, with its parameters before and after training.
"""

import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from kernel_regime.analysis.regime import MEASURES, measure_regime
from kernel_regime.analysis.regime_verdict import Thresholds, judge
from kernel_regime.core.arrays import Array, ArrayLike, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.progress import progress
from kernel_regime.core.samples import checked_pair, checked_targets
from kernel_regime.core.types import PyTree
from kernel_regime.diagnosis_plan import DiagnosisPlan, draw_subsamples, forecast_diagnosis
from kernel_regime.evaluation.targets import class_labels, encode_targets
from kernel_regime.figures.diagnosis import regime_diagnosis

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from kernel_regime.ntk.factors import Apply
    from kernel_regime.ntk.trained_function import TrainedFunction

logger = logging.getLogger(__name__)

_UNKNOWN = ("gap", "linearised_loss", "linearised_accuracy")
"""Not known where some training samples are left out, or the loss was no square loss."""

Network: TypeAlias = "keras.Model | Apply"
"""A built Keras model, or a JAX function `apply(params, x)`."""

Weights: TypeAlias = PyTree
"""Weights at one time: a Keras model, a list of arrays, or parameters of a JAX function."""


@dataclass(frozen=True)
class Diagnosis:
    """Verdict on one trained network, and what it rests on.

    Parameters
    ----------
    sentence : str
        Verdict and reason, in words.
    verdict : str
        kernel regime, feature learning, or undecided.
    table : DataFrame
        By measure (`kernel_regime.analysis.regime.MEASURES`): `mean`, `low`, `high` over the
        subsamples; what is not known is left out.
    runs : DataFrame
        One row per subsample.
    thresholds : Thresholds
        By which it was judged.
    """

    sentence: str
    verdict: str
    table: pd.DataFrame
    runs: pd.DataFrame
    thresholds: Thresholds

    def figure(self) -> "Figure":
        """Drift and gap beside their thresholds; scores of the network and of its kernels."""
        limits = self.thresholds.kernel_below, self.thresholds.features_above
        return regime_diagnosis(self.table, *limits)


def diagnose(
    model: Network,
    x_train: ArrayLike,
    y_train: ArrayLike,
    x_test: ArrayLike,
    y_test: ArrayLike,
    *,
    before: Weights,
    after: Weights = None,
    samples: int = 256,
    subsamples: int = 4,
    seed: int = 0,
    thresholds: Thresholds | None = None,
) -> Diagnosis:
    """Regime verdict on a trained network: table, sentence and figure.

    Parameters
    ----------
    model : keras.Model or callable
        A trained Keras model; or a JAX function `apply(params, x) -> (n, K)` that treats samples
        independently (`module.apply` of Flax, or one's own). Layers are in inference mode: give
        JAX functions so, with dropout off and running averages bound.
    x_train, x_test : array-likes (n, …), (m, …)
        Inputs as the network takes them.
    y_train, y_test : array-likes (n,) or (n, K), and for the test samples
        Floating targets, as the network was trained on by the square loss; or integers or strings,
        the classes of a network trained on cross-entropy, whose K outputs then are logits.
    before : keras.Model, list of arrays, or pytree
        The network before training: of Keras another model of the same layers, or the list that
        `model.get_weights()` gave; of JAX its parameters.
    after : pytree, optional
        Parameters after training, for JAX.
    samples : int
        Of a subsample, training and test alike, at most.
    subsamples : int
        Disjoint where there are enough samples. Training samples that are no more than `samples`
        are all taken each time; then only test samples differ.
    seed : int
        Of the choice of samples.
    thresholds : Thresholds, optional
        Of the verdict.

    Returns
    -------
    Diagnosis
        Intervals are over subsamples: they do not tell how another training would end. The gap to
        the linearisation decides beside the drift only where all training samples were taken, and
        not for classes: the linearisation is trained on the square loss.

    Raises
    ------
    InputError
        If parameters are missing, did not change, are not finite or do not fit, targets do not fit
        outputs, or a tangent kernel is zero on the training samples.
    TooLargeError
        If it cannot fit the memory that is free; see `plan_diagnosis`.

    Examples
    --------
    A linear model is its own linearisation:

    >>> x = np.random.default_rng(0).standard_normal((40, 3))
    >>> y = x @ np.ones((3, 1))
    >>> found = diagnose(
    ...     lambda w, x: x @ w, x, y, x, y, before=np.zeros((3, 1)), after=np.ones((3, 1))
    ... )
    >>> found.verdict, found.table.loc["drift", "mean"].round(6)
    ('kernel regime', np.float64(0.0))
    """
    thresholds = Thresholds() if thresholds is None else thresholds
    if not isinstance(thresholds, Thresholds):
        raise InputError(f"thresholds: {thresholds!r}; give Thresholds(kernel_below=…) or nothing")
    network, moments = _moments(model, before, after, x_train)
    train, test = _inputs(x_train, x_test)
    outputs = moments[0].outputs(train[:2]).shape[1]
    targets = _targets(y_train, y_test, (len(train), len(test)), outputs)
    parts = draw_subsamples(len(train), len(test), samples, subsamples, seed)
    plan = forecast_diagnosis(moments[0], train, parts, outputs)
    logger.info("%s", plan)
    movement = moments[0].movement_to(moments[1])
    runs = []
    with progress(f"diagnosing {network}", len(parts), "subsamples") as advance:
        for rows, columns in parts:
            pair = train[rows], test[columns]
            (kernels, first), (later, last) = (moment.observe(*pair) for moment in moments)
            chosen = targets[0][rows], targets[1][columns]
            runs.append(measure_regime(kernels, later, first, last, chosen, movement))
            advance(1, "")
    by_square_loss = np.asarray(y_train).dtype.kind == "f"
    complete = by_square_loss and plan.train == len(train)
    return _judged(pd.DataFrame(runs), thresholds, complete, by_square_loss)


def plan_diagnosis(
    model: Network,
    x_train: ArrayLike,
    x_test: ArrayLike,
    *,
    before: Weights,
    after: Weights = None,
    samples: int = 256,
    subsamples: int = 4,
) -> DiagnosisPlan:
    """Time and memory of `diagnose` with the same arguments, measured on a few samples.

    Raises
    ------
    InputError, TooLargeError
        As `diagnose`.

    Examples
    --------
    >>> x, weights = np.ones((1000, 3)), [np.zeros((3, 1)), np.ones((3, 1))]
    >>> plan = plan_diagnosis(lambda w, x: x @ w, x, x, before=weights[0], after=weights[1])
    >>> plan.train, plan.test, plan.subsamples
    (256, 250, 4)
    """
    _, moments = _moments(model, before, after, x_train)
    train, test = _inputs(x_train, x_test)
    parts = draw_subsamples(len(train), len(test), samples, subsamples, 0)
    return forecast_diagnosis(moments[0], train, parts, moments[0].outputs(train[:2]).shape[1])


def _moments(
    model: Network, before: Weights, after: Weights, x_train: ArrayLike
) -> "tuple[str, tuple[TrainedFunction, TrainedFunction]]":
    """What the network is called, and the network before and after training."""
    from kernel_regime.ntk.trained_function import TrainedFunction, of_trained_keras

    name = getattr(model, "name", None) or getattr(model, "__name__", type(model).__name__)
    if "keras" in sys.modules and isinstance(model, sys.modules["keras"].Model):
        if after is not None:
            raise InputError("after: a Keras model has its trained weights already; leave it out")
        shape = as_floating(x_train, "x_train").shape[1:]
        moments = of_trained_keras(model, before, shape)
    elif not callable(model) or hasattr(model, "state_dict"):
        raise InputError(
            f"model: {type(model).__name__} is neither a Keras model nor a JAX function; give "
            "apply(params, x) with its parameters, before=… and after=…"
        )
    elif before is None:
        raise InputError(
            "before: a JAX function needs its parameters before training; give before=…"
        )
    elif after is None:
        raise InputError("after: a JAX function needs its parameters after training; give after=…")
    else:
        moments = TrainedFunction(model, before), TrainedFunction(model, after)
    moments[0].require_other(moments[1])
    return str(name), moments


def _inputs(x_train: ArrayLike, x_test: ArrayLike) -> tuple[Array, Array]:
    """Inputs in single precision, as networks take them."""
    train, test = as_floating(x_train, "x_train"), as_floating(x_test, "x_test")
    return checked_pair(train.astype(np.float32), test.astype(np.float32), ("x_train", "x_test"))


def _targets(
    y_train: ArrayLike, y_test: ArrayLike, sizes: tuple[int, int], outputs: int
) -> tuple[Array, Array]:
    """Floating targets as they are, classes as centred one-hot rows."""
    classes = class_labels(y_train)
    found = []
    for name, labels, size in zip(("y_train", "y_test"), (y_train, y_test), sizes, strict=True):
        targets = checked_targets(encode_targets(labels, classes), name)
        if targets.shape[1] == 1 and outputs == len(classes) == 2:
            targets = np.hstack([-targets, targets])
        if targets.shape != (size, outputs):
            raise InputError(
                f"{name}: targets of shape {targets.shape} do not fit {size} samples and a network "
                f"of {outputs} outputs; give one row per sample, one target or class per output"
            )
        found.append(targets)
    return found[0], found[1]


def _judged(
    runs: pd.DataFrame, thresholds: Thresholds, complete: bool, by_square_loss: bool
) -> Diagnosis:
    """The diagnosis that the measures of all subsamples give."""
    if not complete:
        runs = runs.assign(**dict.fromkeys(_UNKNOWN, np.nan))
    if not by_square_loss:
        runs = runs.assign(network_loss=np.nan)
    row = judge(runs, thresholds, complete, unit="subsample")
    table = pd.DataFrame(
        {
            "mean": [row[name] for name in MEASURES],
            "low": [row[f"{name}_low"] for name in MEASURES],
            "high": [row[f"{name}_high"] for name in MEASURES],
        },
        index=pd.Index(MEASURES, name="measure"),
    )
    return Diagnosis(row["sentence"], row["verdict"], table.dropna(subset="mean"), runs, thresholds)
