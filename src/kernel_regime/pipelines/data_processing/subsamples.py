"""Checked, stratified subsamples."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.datasets.labelled_images import LabelledImages


def select_samples(
    raw: LabelledImages, size: int | None, seed: int, name: str
) -> tuple[Array, Array]:
    """Images and labels of a stratified subsample, or all of them as they come.

    Parameters
    ----------
    raw : LabelledImages
        One split.
    size : int or None
        How many samples; None for all.
    seed : int
        Which subsample.
    name : str
        The parameter that asks for `size`, for error messages.

    Raises
    ------
    ValueError
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
    rows = slice(None) if size is None else _stratified_rows(raw.labels, size, seed)
    images, labels = raw.images[rows], raw.labels[rows]
    _refuse_empty_classes(labels, raw.class_names, name)
    return images, labels


def refuse_unlike(train: Array, test: Array, train_labels: Array, test_labels: Array) -> None:
    """Refuse test samples of another shape, or of classes that training never shows.

    Raises
    ------
    ValueError
        Naming what differs.
    """
    if train.shape[1:] != test.shape[1:]:
        raise InputError(
            f"test samples have the shape {test.shape[1:]}, training samples {train.shape[1:]}; "
            "take both from one data set"
        )
    if not np.issubdtype(test_labels.dtype, np.integer):
        return
    unseen = np.setdiff1d(test_labels, train_labels)
    if unseen.size:
        raise InputError(
            f"test samples show class {unseen[0]}, training samples do not; "
            "take both from one data set"
        )


def _stratified_rows(labels: Array, size: int, seed: int) -> Array:
    """Rows in random order, every class as often as its share asks, rounded to the total."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    if np.issubdtype(labels.dtype, np.floating):
        return shuffled[:size]
    counts = np.bincount(labels)
    shares = counts * size / len(labels)
    quota = np.floor(shares).astype(int)
    largest_remainders = np.argsort(quota - shares, kind="stable")
    quota[largest_remainders[: size - quota.sum()]] += 1
    kept = [shuffled[labels[shuffled] == k][:n] for k, n in enumerate(quota)]
    return rng.permutation(np.concatenate(kept))


def _refuse_non_finite(raw: LabelledImages) -> None:
    for what, array in (("image", raw.images), ("label", raw.labels)):
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
