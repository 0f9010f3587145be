r"""Recursive feature machines: kernel regression whose metric its own gradients improve.

Fit kernel ridge regression under a metric M, starting from the identity; replace M by the average
gradient outer product of what was fitted; and again. A fixed kernel weighs all directions of its
inputs alike; these weigh those along which the targets vary, as the weights of trained networks do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field, NonNegativeFloat, PlainValidator, PositiveInt

from kernel_regime.core.arrays import Array, ArrayLike, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.files import digest
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.parameters import ParameterType
from kernel_regime.core.samples import checked_pair
from kernel_regime.core.types import Identity
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.evaluation.selection import best_row
from kernel_regime.execution.results import Content, Keep, compute_anew
from kernel_regime.kernels.base import Kernel, registry
from kernel_regime.regression.fit import fit_ridge_path
from kernel_regime.regression.metrics import (
    average_gradient_outer_product,
    metric_root,
    normalised_metric,
    under_metric,
)

# Raised when the same machine on the same data would give other numbers than before.
_FORMAT = 1

RELATIVE_RIDGES = tuple(float(ridge) for ridge in 10.0 ** np.arange(-6, 1.5, 0.5))


@dataclass(frozen=True, kw_only=True)
class FeatureMachine(ParameterType):
    """Recursive feature machine: kernel, form of the metric, and how often it is improved.

    Parameters
    ----------
    kernel : Kernel, or its description {kind: …}
        One that knows its gradient: laplace, gaussian, polynomial, or a network of ReLUs.
    metric : {"full", "diagonal"}
        Whether the metric turns the inputs, or weighs each feature alone.
    iterations : int
        How often the metric is improved; iteration 0 is plain kernel regression.
    ridges : list of float
        In units of the kernel's mean diagonal, which the metric changes; leave-one-out picks one
        at every iteration.

    Raises
    ------
    InputError
        If the kernel knows no gradient.

    References
    ----------
    Radhakrishnan, Beaglehole, Pandit & Belkin (2024), Science 383, algorithm 1.

    Examples
    --------
    >>> FeatureMachine(kernel={"kind": "laplace"}, iterations=3).kernel
    Laplace(width=1.0)
    """

    kernel: Annotated[Kernel, PlainValidator(registry.build)]
    metric: Literal["full", "diagonal"] = "full"
    iterations: PositiveInt = 5
    ridges: Annotated[tuple[NonNegativeFloat, ...], Field(min_length=1)] = RELATIVE_RIDGES

    def __post_init__(self) -> None:
        """Refuse a kernel without a gradient before anything runs."""
        super().__post_init__()
        probe = np.ones((1, 4))
        self.kernel.gradient_weights(probe, probe)

    def start(self, features: int) -> Array:
        """The identity, as a matrix or as its diagonal."""
        return np.ones(features) if self.metric == "diagonal" else np.eye(features)

    def content(self) -> Identity:
        """What an iteration follows from, JSON-able; more iterations change nothing before them."""
        return {
            **{"what": "feature machine", "format": _FORMAT, "kernel": self.kernel.identity()},
            **{"metric": self.metric, "ridges": list(self.ridges)},
        }


@dataclass(frozen=True)
class FeatureMachineStep:
    """One iteration of a recursive feature machine.

    Parameters
    ----------
    iteration : int
        0 is kernel regression under the identity.
    metric : array (d, d) or (d,)
        Under which it was fitted.
    scores : DataFrame
        One row: `ridge`, `relative_ridge`, `train_loss`, `train_accuracy`, `loo_loss`,
        `gcv_loss` at the ridge that leave-one-out picks. The metric has seen all labels, so
        leave-one-out compares ridges of one iteration, not iterations.
    predictions : array (m, outputs)
        At the new inputs.
    next_metric : array
        Which its gradients give.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((40, 3))
    >>> machine = FeatureMachine(kernel={"kind": "gaussian"}, iterations=2)
    >>> steps = list(run_feature_machine(machine, x, x[:, :1], x[:5]))
    >>> int(np.argmax(np.diag(steps[-1].metric)))  # the one feature that matters
    0
    """

    iteration: int
    metric: Array
    scores: pd.DataFrame
    predictions: Array
    next_metric: Array


def run_feature_machine(
    machine: FeatureMachine,
    x: ArrayLike,
    targets: ArrayLike,
    new: ArrayLike,
    *,
    keep: Keep = compute_anew,
) -> Iterator[FeatureMachineStep]:
    """Iterations of a recursive feature machine, from plain kernel regression on.

    Parameters
    ----------
    machine : FeatureMachine
        Kernel, metric, iterations.
    x, new : array-likes (n, …), (m, …)
        Training inputs, and inputs to predict at.
    targets : array-like (n, outputs)
        See `encode_targets`.
    keep : callable
        `Results(folder).get` keeps every iteration on disk as soon as it is done, and finds it
        again; otherwise nothing is kept.

    Raises
    ------
    InputError
        If inputs and targets do not fit, are not finite, or the regression becomes constant.

    Examples
    --------
    The target depends on the first of 20 features, and the metric finds out:

    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((300, 20))
    >>> machine = FeatureMachine(kernel={"kind": "gaussian"}, metric="diagonal", iterations=2)
    >>> steps = list(run_feature_machine(machine, x, np.sin(2 * x[:, :1]), x))
    >>> [bool(step.metric[0] > 4 * step.metric[1:].max()) for step in steps]
    [False, True, True]
    """
    x, new = (rows.reshape(len(rows), -1) for rows in checked_pair(x, new, ("x", "new")))
    targets = as_floating(targets, "targets").astype(np.float64)
    targets = targets.reshape(len(targets), -1)
    if len(x) != len(targets):
        raise InputError(f"targets: {len(targets)} do not fit {len(x)} inputs; give a row for each")
    metric = machine.start(x.shape[1])
    data = {"inputs": digest(x), "targets": digest(targets), "new": digest(new)}
    for iteration in range(machine.iterations + 1):
        description = {**machine.content(), **data, "iteration": iteration}

        def step(metric: Array = metric) -> Content:
            return _step(machine, metric, x, targets, new)

        found = keep(description, step)
        scores = pd.DataFrame(found["scores"])
        predictions, after = (np.asarray(found[name]) for name in ("predictions", "metric"))
        yield FeatureMachineStep(iteration, metric, scores, predictions, after)
        metric = after


def _step(machine: FeatureMachine, metric: Array, x: Array, targets: Array, new: Array) -> Content:
    """Regression under a metric, and the metric that follows from it."""
    root = metric_root(metric)
    inputs = under_metric(x, root)
    gram = machine.kernel.gram(inputs)
    scale = float(np.trace(gram, dtype=np.float64)) / len(gram)
    path = fit_ridge_path(gram, targets, scale * np.array(machine.ridges))
    table = pd.DataFrame({"ridge": path.ridges, "loo_loss": path.loo_loss})
    best = best_row(table, "loo_loss")
    if best is None:
        raise InputError(f"{machine.kernel}: leave-one-out is known at no ridge; give larger ones")
    fitted, coefficients = path.train_predictions[best], path.coefficients[best]
    outer = average_gradient_outer_product(
        machine.kernel, inputs, coefficients, diagonal=machine.metric == "diagonal"
    )
    # ∇ₓ = M^{1/2} ∇ of the function of M^{1/2} x.
    outer = outer * root**2 if root.ndim == 1 else root @ outer @ root
    row = {
        **{"ridge": path.ridges[best], "relative_ridge": machine.ridges[best]},
        "train_loss": squared_errors(fitted, targets).mean(),
        "train_accuracy": correct(fitted, targets).mean(),
        **{"loo_loss": path.loo_loss[best], "gcv_loss": path.gcv_loss[best]},
    }
    predictions = _predict(machine.kernel, under_metric(new, root), inputs, coefficients)
    return {
        "scores": pd.DataFrame([row]),
        "predictions": predictions,
        "metric": normalised_metric(outer),
    }


def _predict(kernel: Kernel, new: Array, x: Array, coefficients: Array) -> Array:
    """Predictions at new inputs, block of rows by block of rows."""
    predictions = np.empty((len(new), coefficients.shape[1]))
    for rows in row_blocks(len(new), 16 * len(x)):
        predictions[rows] = kernel.cross(new[rows], x) @ coefficients
    return predictions
