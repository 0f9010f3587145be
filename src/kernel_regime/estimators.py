"""Estimators with scikit-learn's interface: any kernel of this package, its ridge chosen inside."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Literal, Self, overload

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array, ArrayLike
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.evaluation.selection import best_row
from kernel_regime.evaluation.targets import encode_targets
from kernel_regime.kernels import Kernel, NetworkKernel
from kernel_regime.kernels.base import registry
from kernel_regime.regression.feature_machines import RELATIVE_RIDGES
from kernel_regime.regression.fit import fit_ridge_path
from kernel_regime.regression.gaussian_process import GaussianProcess

with from_extra("sklearn"):
    from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data

_HIDDEN = {"Dense": {"out_dim": 1, "W_std": 2**0.5, "b_std": 0.1}}

DEFAULT_KERNEL = NetworkKernel([_HIDDEN, "Relu", _HIDDEN, "Relu", {"Dense": {"out_dim": 1}}])
"""NTK of a network with two hidden layers of ReLUs and small biases."""


class _KernelEstimator(BaseEstimator):
    """What all of them share: inputs as the kernel sees them, and the kernel."""

    kernel: Kernel | Mapping[str, object] | None
    standardise: bool

    def _gram(self, x: Array) -> Array:
        """Kernel (n, n) of training inputs, which are kept."""
        self.kernel_ = registry.build(DEFAULT_KERNEL if self.kernel is None else self.kernel)
        self.mean_, self.scale_ = np.zeros(x.shape[1]), np.ones(x.shape[1])
        if self.standardise:
            self.mean_, self.scale_ = x.mean(axis=0), _spread(x)
        self.X_fit_ = self._scaled(x)
        return self.kernel_.gram(self.X_fit_)

    def _checked(self, x: ArrayLike) -> Array:
        """New inputs (m, d), as the kernel sees them."""
        check_is_fitted(self)
        return self._scaled(validate_data(self, x, reset=False, dtype=np.float64))

    def _scaled(self, x: Array) -> Array:
        return (x - self.mean_) / self.scale_


def _spread(columns: Array) -> Array:
    """Standard deviations of columns, 1 of those that are constant."""
    deviations = columns.std(axis=0)
    return np.where(deviations > 0, deviations, 1.0)


class _KernelRidgePath(_KernelEstimator):
    """What regressor and classifier share: the choice of a ridge."""

    def __init__(
        self,
        kernel: Kernel | Mapping[str, object] | None = None,
        *,
        relative_ridges: Sequence[float] = RELATIVE_RIDGES,
        standardise: bool = True,
    ) -> None:
        self.kernel = kernel
        self.relative_ridges = relative_ridges
        self.standardise = standardise

    @abstractmethod
    def _targets(self, y: Array) -> Array:
        """Targets (n, outputs) of checked labels."""

    def _fit(self, x: Array, y: Array) -> Self:
        """Solve for all ridges, and keep the one of the smallest leave-one-out loss."""
        gram, targets = self._gram(x), self._targets(y)
        self.intercept_ = targets.mean(axis=0)
        ridges = np.asarray(self.relative_ridges, np.float64) * np.trace(gram) / len(gram)
        path = fit_ridge_path(gram, targets - self.intercept_, ridges)
        self.path_ = pd.DataFrame(
            {"ridge": path.ridges, "loo_loss": path.loo_loss, "gcv_loss": path.gcv_loss}
        )
        best = best_row(self.path_, "loo_loss")
        if best is None:
            raise InputError("leave-one-out is known at no ridge; give larger relative_ridges")
        self.ridge_, self.dual_coef_ = float(path.ridges[best]), path.coefficients[best]
        return self

    def _outputs(self, x: ArrayLike) -> Array:
        """Values (m, outputs) at new inputs."""
        new = self._checked(x)
        return self.kernel_.cross(new, self.X_fit_) @ self.dual_coef_ + self.intercept_


class KernelRidgePathRegressor(RegressorMixin, MultiOutputMixin, _KernelRidgePath):
    """Kernel ridge regression whose ridge leave-one-out picks, for scikit-learn.

    One factorisation serves all ridges, and leave-one-out is exact. Features are standardised
    and targets centred first: kernels of networks see nothing but the largest of features on very
    different scales.

    Parameters
    ----------
    kernel : Kernel, or its description {kind: …}, optional
        Of vectors; left out, `DEFAULT_KERNEL`.
    relative_ridges : sequence of float
        Candidates, in units of the kernel's mean diagonal.
    standardise : bool
        Whether every feature is centred and divided by its standard deviation first.

    Attributes
    ----------
    ridge_ : float
        The ridge that was picked.
    path_ : DataFrame
        `ridge`, `loo_loss`, `gcv_loss`.
    dual_coef_ : array (n, outputs)
    X_fit_ : array (n, d)
        Training inputs as the kernel saw them.
    intercept_ : array (outputs,)

    Examples
    --------
    >>> x = np.linspace(0, 3, 40)[:, None]
    >>> model = KernelRidgePathRegressor().fit(x, np.sin(2 * x).ravel())
    >>> bool(abs(model.predict([[1.0]]) - np.sin(2.0)) < 0.01)
    True
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit inputs (n, d) to targets (n,) or (n, outputs)."""
        x, targets = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_min_samples=2
        )
        self._flat = np.ndim(targets) == 1
        return self._fit(x, targets)

    def predict(self, X: ArrayLike) -> Array:
        """Values at inputs (m, d), in the shape of the targets."""
        values = self._outputs(X)
        return values[:, 0] if self._flat else values

    def _targets(self, y: Array) -> Array:
        return np.asarray(y, np.float64).reshape(len(y), -1)


class KernelRidgePathClassifier(ClassifierMixin, _KernelRidgePath):
    """Classification by kernel ridge regression on centred one-hot targets, for scikit-learn.

    See `KernelRidgePathRegressor`, features are standardised by default here too. The ridge is
    that of the smallest leave-one-out squared loss.

    Parameters
    ----------
    kernel, relative_ridges, standardise
        See `KernelRidgePathRegressor`.

    Attributes
    ----------
    classes_ : array (classes,)
    ridge_, path_, dual_coef_, X_fit_, intercept_
        See `KernelRidgePathRegressor`; two classes have one output.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = KernelRidgePathClassifier().fit(x, np.where(abs(x.ravel()) < 0.5, "in", "out"))
    >>> model.predict([[0.1], [0.9]]).tolist()
    ['in', 'out']
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit inputs (n, d) to classes (n,)."""
        x, labels = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise InputError(f"y has 1 class, {self.classes_[0]!r}; give samples of two at least")
        return self._fit(x, labels)

    def decision_function(self, X: ArrayLike) -> Array:
        """Values (m, classes) at inputs (m, d); of two classes (m,), positive for the second."""
        values = self._outputs(X)
        return values[:, 0] if len(self.classes_) == 2 else values

    def predict(self, X: ArrayLike) -> Array:
        """Classes (m,) of the largest values."""
        values = self.decision_function(X)
        chosen = (values > 0).astype(int) if values.ndim == 1 else values.argmax(axis=1)
        return self.classes_[chosen]

    def _targets(self, y: Array) -> Array:
        return encode_targets(np.searchsorted(self.classes_, y), len(self.classes_))


class KernelGaussianProcessRegressor(RegressorMixin, MultiOutputMixin, _KernelEstimator):
    """Gaussian process regression whose noise variance the log evidence picks, for scikit-learn.

    Targets are centred and divided by their standard deviation first, features as in
    `KernelRidgePathRegressor`.

    Parameters
    ----------
    kernel : Kernel, or its description {kind: …}, optional
        Covariance of vectors; left out, `DEFAULT_KERNEL`.
    noise_variance : float, optional
        Of the scaled targets; left out, the one of the largest log evidence.
    standardise : bool
        Whether every feature is centred and divided by its standard deviation first.

    Attributes
    ----------
    noise_variance_ : float
        The one that was taken.
    log_evidence_ : float
        Of the scaled targets.
    process_ : GaussianProcess

    Examples
    --------
    >>> x = np.linspace(0, 3, 40)[:, None]
    >>> model = KernelGaussianProcessRegressor().fit(x, np.sin(2 * x).ravel())
    >>> mean, deviation = model.predict([[1.0], [9.0]], return_std=True)
    >>> bool(deviation[0] < 0.01 < deviation[1])
    True
    """

    def __init__(
        self,
        kernel: Kernel | Mapping[str, object] | None = None,
        *,
        noise_variance: float | None = None,
        standardise: bool = True,
    ) -> None:
        self.kernel = kernel
        self.noise_variance = noise_variance
        self.standardise = standardise

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit inputs (n, d) to targets (n,) or (n, outputs)."""
        x, given = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_min_samples=2
        )
        self._flat = np.ndim(given) == 1
        targets = np.asarray(given, np.float64).reshape(len(given), -1)
        self.y_mean_, self.y_scale_ = targets.mean(axis=0), _spread(targets)
        self.process_ = GaussianProcess.fit(self._gram(x), (targets - self.y_mean_) / self.y_scale_)
        noise = self.noise_variance
        self.noise_variance_ = self.process_.best_noise_variance() if noise is None else noise
        self.log_evidence_ = float(self.process_.log_evidence([self.noise_variance_])[0])
        return self

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[False] = False) -> Array: ...

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[True]) -> tuple[Array, Array]: ...

    def predict(self, X: ArrayLike, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Posterior means at inputs (m, d), in the shape of the targets; with their deviations.

        Deviations are those of the function: an observation's variance is larger by
        `noise_variance_` times that of the targets.
        """
        x = self._checked(X)
        kernel, prior = self.kernel_.cross(x, self.X_fit_), self.kernel_.diagonal(x)
        means, variances = self.process_.predict(kernel, prior, [self.noise_variance_])
        values = means[0] * self.y_scale_ + self.y_mean_
        deviations = np.sqrt(variances[0])[:, None] * self.y_scale_
        if self._flat:
            values, deviations = values[:, 0], deviations[:, 0]
        return (values, deviations) if return_std else values
