r"""Runs along the dial of laziness: networks trained at every scale α of their outputs.

A network trained as α(f(x; θ) − f(x; θ₀)) with the loss divided by α² (Chizat, Oyallon & Bach 2019)
moves its weights by O(1/α): the larger α, the nearer it stays to its linearisation, and at α = ∞ it
is kernel regression under the kernel at initialisation, whatever its width.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt
from scipy import linalg

from kernel_regime.core.arrays import Array, ArrayLike, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.files import digest
from kernel_regime.core.listed_once import LISTED_ONCE
from kernel_regime.core.parameters import ParameterType
from kernel_regime.core.samples import checked_pair, checked_samples, checked_targets
from kernel_regime.core.types import Identity, PyTree, Row
from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.execution.results import Content, Keep, compute_anew

if TYPE_CHECKING:
    from kernel_regime.ntk.factors import Apply

# Raised when the same networks and samples would give other numbers than before.
_FORMAT = 1
_LARGEST = 4000  # rows of a kernel over all outputs
_NEAR = 1.005  # times `stop_at`: a training that ended there has reached it
_SMALLEST = 1e-15  # α: the loss is divided by its square, which single precision must hold


def _not_tiny(alpha: float) -> float:
    if alpha < _SMALLEST:
        raise InputError(f"{alpha:g} is too small for single precision; give {_SMALLEST:g} or more")
    return alpha


Scale = Annotated[float, Field(gt=0, le=1e15), AfterValidator(_not_tiny)]


@dataclass(frozen=True, kw_only=True)
class LazinessStudy(ParameterType):
    """Which scales, how long to train, and on how many samples to look at the kernel.

    Parameters
    ----------
    alphas : list of float
        Scales α, each once.
    stop_at : float
        Share of the initial training loss at which training ends.
    most_gradients : int
        After which it ends in any case.
    samples : int
        Training samples, at most, on which the drift of the kernel is measured.

    Examples
    --------
    >>> LazinessStudy(alphas=[0.1, 10.0]).stop_at
    0.01
    """

    alphas: Annotated[list[Scale], Field(min_length=1), LISTED_ONCE]
    stop_at: Annotated[float, Field(gt=0, lt=1)] = 0.01
    most_gradients: PositiveInt = 5000
    samples: PositiveInt = 100


@dataclass(frozen=True, kw_only=True)
class LazyNetwork:
    """A network at initialisation as a JAX function, to be trained at every scale.

    Parameters
    ----------
    apply : callable
        `apply(params, x) -> (n, K)`.
    params : pytree of arrays
        θ₀.
    width, seed : int
        What it is called by in tables.
    content : str
        What `apply` computes, weights included: results kept on disk are found by it.

    Examples
    --------
    >>> LazyNetwork(apply=lambda w, x: x @ w, params=np.zeros((3, 1)), width=1, seed=0).width
    1
    """

    apply: "Apply"
    params: PyTree
    width: PositiveInt
    seed: NonNegativeInt
    content: str = ""


def measure_laziness(
    networks: Iterable[LazyNetwork],
    samples: tuple[tuple[Array, Array], tuple[Array, Array]],
    study: LazinessStudy,
    *,
    keep: Keep = compute_anew,
) -> pd.DataFrame:
    r"""Drift, gap and test error of every network at every scale α.

    drift
        :math:`\|K_T - K_0\|/\|K_0\|` of the tangent kernel of f, over all outputs.
    gap
        Distance on test samples between α(f − f₀) and its linearisation, trained by gradient flow
        to the same training loss, relative to the norm of the linearisation.
    test_loss, test_accuracy; kernel_loss, kernel_accuracy
        Of the network, and of that linearisation, which is kernel regression under K₀ stopped
        there.

    Parameters
    ----------
    networks : iterable of LazyNetwork
        Of several widths and seeds.
    samples : pairs (x, y) of training and of test samples
        Targets (n,) or (n, K). Everything is computed in the precision of x.
    study : LazinessStudy
    keep : callable
        `Results(folder).get` keeps every run on disk as soon as it is done, and finds it again,
        if networks say their `content`; otherwise nothing is kept.

    Returns
    -------
    DataFrame
        One row per network and α: `alpha`, `width`, `seed`, `train_loss`, `gradients`, `finished`
        (whether network and linearisation reached `stop_at`), and these.

    Raises
    ------
    InputError
        If samples and targets do not fit, or the drift would be measured on a kernel of more than
        4,000 rows.

    References
    ----------
    Chizat, Oyallon & Bach (2019); Geiger, Spigler, Jacot & Wyart (2020).

    Examples
    --------
    A model that is linear in its weights is its own linearisation at any scale:

    >>> x = np.eye(3)
    >>> linear = LazyNetwork(apply=lambda w, x: x @ w, params=np.zeros((3, 1)), width=1, seed=0)
    >>> samples = (x, x[:, :1]), (x, x[:, :1])
    >>> runs = measure_laziness([linear], samples, LazinessStudy(alphas=[0.1, 10.0]))
    >>> runs[["drift", "gap"]].round(3).to_numpy().tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    arrays = _checked(*samples)
    x = arrays[0]
    rows = min(study.samples, len(x)) * arrays[1].shape[1]
    if rows > _LARGEST:
        raise InputError(
            f"samples: {rows // arrays[1].shape[1]} samples of {arrays[1].shape[1]} outputs make a "
            f"kernel of {rows} rows; give at most {_LARGEST // arrays[1].shape[1]} samples"
        )
    dials = (_Dial(network, *arrays, study, keep) for network in networks)
    return pd.DataFrame([dial.row(alpha) for dial in dials for alpha in study.alphas])


def _checked(
    train: tuple[ArrayLike, ArrayLike], test: tuple[ArrayLike, ArrayLike]
) -> tuple[Array, Array, Array, Array]:
    """Inputs, and targets as columns; in the precision of the training inputs, but test targets."""
    x = checked_samples(train[0], "x")
    x, new = checked_pair(x, checked_samples(test[0], "new").astype(x.dtype), ("x", "new"))
    y, wanted = checked_targets(train[1], "y", len(x)), checked_targets(test[1], "test", len(new))
    if y.shape[1] != wanted.shape[1]:
        raise InputError(
            f"test: {wanted.shape[1]} outputs, those of y are {y.shape[1]}; give as many"
        )
    # Kept as they are given: their digest is part of what stored results are found by.
    return x, y.astype(x.dtype), new, wanted.astype(as_floating(test[1], "test").dtype)


@dataclass
class _Dial:
    """One network on its samples, at any scale."""

    network: LazyNetwork
    x: Array
    y: Array
    new: Array
    test: Array
    study: LazinessStudy
    keep: Keep
    linear: dict[float, Content] = field(default_factory=dict)

    def row(self, alpha: float) -> Row:
        """The run at one scale, with the place that it has in the table."""
        self._linearisation(self.study.stop_at)  # once for all scales, and kept before the first
        found = self.keep(self.described(alpha), partial(self._run, alpha))
        run = pd.DataFrame(found["run"])
        place = {"alpha": alpha, "width": self.network.width, "seed": self.network.seed}
        return place | {str(name): run[name].item() for name in run}

    def described(self, alpha: float, **more: object) -> Identity:
        """What a run follows from."""
        study = {key: value for key, value in asdict(self.study).items() if key in _DECIDING}
        return {
            **{"what": "lazy training", "format": _FORMAT, "network": self.network.content},
            **{"alpha": repr(float(alpha)), "data": self._data, **study, **more},
        }

    @cached_property
    def _data(self) -> list[str]:
        return [digest(part) for part in (self.x, self.y, self.new, self.test)]

    def _run(self, alpha: float) -> Content:
        from kernel_regime.training.lazy_descent import scaled_outputs

        params, share, gradients = self._train(alpha, self.study.stop_at)
        goal = self.study.stop_at if share <= _NEAR * self.study.stop_at else share
        linear = self._linearisation(goal)
        outputs = scaled_outputs(self.network.apply, self.network.params, params, self.new, alpha)
        scale = squared_errors(self.y, 0 * self.y).mean()
        moved = self._kernel(params) - self._start
        apart = outputs - linear["outputs"]
        row = {
            "train_loss": share * scale,
            "gradients": gradients,
            "finished": max(share, float(np.asarray(linear["share"]).item()))
            <= _NEAR * self.study.stop_at,
            "drift": linalg.norm(moved) / linalg.norm(self._start),
            "gap": linalg.norm(apart) / linalg.norm(linear["outputs"]),
            "test_loss": squared_errors(outputs, self.test).mean(),
            "test_accuracy": correct(outputs, self.test).mean(),
            "kernel_loss": squared_errors(np.asarray(linear["outputs"]), self.test).mean(),
            "kernel_accuracy": correct(np.asarray(linear["outputs"]), self.test).mean(),
        }
        return {"run": pd.DataFrame([row]).astype({"train_loss": float})}

    def _linearisation(self, goal: float) -> Content:
        """Test outputs of the linearisation trained to a share of the loss: once for all scales."""
        if goal not in self.linear:
            description = self.described(np.inf, goal=repr(goal))
            self.linear[goal] = self.keep(description, partial(self._linearised, goal))
        return self.linear[goal]

    def _linearised(self, goal: float) -> Content:
        from kernel_regime.training.lazy_descent import scaled_outputs

        params, share, _ = self._train(np.inf, goal)
        start = self.network.params
        outputs = scaled_outputs(self.network.apply, start, params, self.new, np.inf)
        return {"outputs": outputs, "share": np.array([share])}

    def _train(self, alpha: float, stop_at: float) -> tuple[PyTree, float, int]:
        from kernel_regime.training.lazy_descent import train_lazily

        trained = train_lazily(
            self.network.apply, self.network.params, self.x, self.y, alpha, stop_at=stop_at,
            most_gradients=self.study.most_gradients,
        )  # fmt: skip
        return trained.params, trained.share, trained.gradients

    @cached_property
    def _start(self) -> Array:
        return self._kernel(self.network.params)

    def _kernel(self, params: PyTree) -> Array:
        """Tangent kernel over all outputs on the first training samples."""
        from kernel_regime.ntk.empirical import empirical_ntk

        few = self.x[: self.study.samples].astype(np.float64)
        full = empirical_ntk(self.network.apply, params, few, outputs="full")
        return full.reshape(full.shape[0] * full.shape[1], -1)


_DECIDING = ("stop_at", "most_gradients", "samples")
