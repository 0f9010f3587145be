"""Checked, stratified subsamples."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.datasets.splitting import stratified_rows


def select_samples(
    raw: LabelledData, size: int | None, seed: int, name: str
) -> tuple[Array, Array]:
    """Inputs and labels of a stratified subsample, or all of them as they come.

    Parameters
    ----------
    raw : LabelledData
        One split.
    size : int or None
        How many samples; None for all.
    seed : int
        Which subsample.
    name : str
        The parameter that asks for `size`, for error messages.

    Raises
    ------
    InputError
        If there are fewer samples than asked for, an input or target is not finite, or a class
        is left without samples.
    """
    available = len(raw.labels)
    if size is not None and size > available:
        raise InputError(
            f"{name}: {size:,} samples are asked for, the data set has {available:,}; give "
            f"{available} or less, or null for all"
        )
    _refuse_non_finite(raw)
    rows = slice(None) if size is None else stratified_rows(raw.labels, size, seed)
    labels = raw.labels[rows]
    _refuse_empty_classes(labels, raw.class_names, name)
    return raw.inputs[rows], labels


def divide_anew(
    train: LabelledData, test: LabelledData, seed: int
) -> tuple[LabelledData, LabelledData]:
    """Random division of all samples into as many for training and test as there were.

    An official test set need not be drawn as its training set was; samples divided at random are
    exchangeable, as learning theory and leave-one-out assume. Classes keep their shares.

    Examples
    --------
    >>> inputs, labels = np.arange(8.0)[:, None], np.array([0, 1] * 4)
    >>> official = [LabelledData(inputs[part], labels[part]) for part in (slice(6), slice(6, 8))]
    >>> train, test = divide_anew(*official, seed=0)
    >>> train.inputs.ravel(), test.inputs.ravel()
    (array([0., 1., 4., 5., 6., 7.]), array([2., 3.]))
    """
    inputs, labels = (np.concatenate(pair) for pair in zip(train[:2], test[:2], strict=True))
    tested = np.zeros(len(labels), bool)
    tested[stratified_rows(labels, len(test.labels), seed)] = True
    return (
        LabelledData(inputs[~tested], labels[~tested], train.class_names),
        LabelledData(inputs[tested], labels[tested], train.class_names),
    )


def refuse_unlike(train: Array, test: Array) -> None:
    """Refuse test samples of another shape.

    Raises
    ------
    InputError
        Naming both shapes.
    """
    if train.shape[1:] != test.shape[1:]:
        raise InputError(
            f"test samples have the shape {test.shape[1:]}, training samples {train.shape[1:]}; "
            "take both from one data set"
        )


def refuse_equal(train: Array, test: Array) -> None:
    """Refuse test samples that are the training samples, as those of one file for both are.

    Raises
    ------
    InputError
        Saying how to tell them apart.
    """
    if np.array_equal(train, test):
        raise InputError(
            "raw_train and raw_test hold the same samples; in the catalog, let their path name "
            '{split}, or divide one file by split: "{split}" and test_share: 0.2'
        )


def _refuse_non_finite(raw: LabelledData) -> None:
    for what, array in (("input", raw.inputs), ("label", raw.labels)):
        if not np.issubdtype(array.dtype, np.floating):
            continue
        finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
        if not finite.all():
            raise InputError(
                f"{what} {int(np.argmin(finite))} of the raw data is not finite; clean or remove it"
            )


def _refuse_empty_classes(labels: Array, class_names: tuple[str, ...], name: str) -> None:
    counts = np.bincount(labels, minlength=len(class_names)) if class_names else np.ones(1)
    if not counts.all():
        empty = class_names[int(np.argmin(counts))]
        raise InputError(
            f"{name}: class {empty!r} has no sample among the {len(labels):,} selected; select "
            "more, or leave the class out of the data set"
        )
