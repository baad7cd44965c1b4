"""The samples that a recorder is given, as a dataset."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.datasets import tidy_viewport
from epochreel.nn.errors import InvalidInputError

__all__ = ["Samples", "as_dataset"]

Samples: TypeAlias = tuple[ArrayLike, ArrayLike]
"""Features (samples, features) and labels, as :func:`as_dataset` takes them."""

UNKNOWN_VIEWPORT = Viewport(-3.0, 3.0, -3.0, 3.0)
"""What is shown where neither samples nor a viewport are known; most of standardised data."""


def as_dataset(
    train: Samples | None,
    test: Samples | None,
    *,
    features: int = 2,
    classes: int = 2,
    feature_names: tuple[str, ...] | None = None,
    class_names: tuple[str, ...] | None = None,
    viewport: Viewport | None = None,
) -> Dataset:
    """Make a dataset of what is known.

    Parameters
    ----------
    train, test : (X, y), optional
        X is (samples, features); y has whole numbers from 0, (samples,) or (samples, 1), or one
        column for each class with a single 1 in each row.
    features : int
        How many there are, where neither samples nor names tell.
    classes : int
        How many there are at least, where no names tell.
    feature_names, class_names : tuple of str, optional
    viewport : Viewport, optional
        By default the range of all samples and a margin.

    Raises
    ------
    InvalidInputError
    """
    given = {"data": train, "test_data": test}
    arrays = {name: _split(name, pair) for name, pair in given.items() if pair is not None}
    if arrays:
        features = next(iter(arrays.values()))[0].shape[1]
    elif feature_names is not None:
        features = len(feature_names)
    empty = np.empty((0, features)), np.empty(0, np.int64)
    x_train, y_train = arrays.get("data", empty)
    x_test, y_test = arrays.get("test_data", empty)
    if x_test.shape[1] != x_train.shape[1]:
        raise InvalidInputError(
            f"test_data: must have {x_train.shape[1]} columns, as data has, got {x_test.shape[1]}"
        )
    if viewport is None:
        x = np.concatenate([x_train, x_test])
        viewport = tidy_viewport(x) if x.size else UNKNOWN_VIEWPORT
    if class_names is None:
        count = max(2, classes, *(int(y.max(initial=0)) + 1 for y in (y_train, y_test)))
        class_names = tuple(f"class {number}" for number in range(count))
    return Dataset(
        name="data",
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        viewport=viewport,
        feature_names=feature_names or _feature_names(features),
        class_names=class_names,
    )


def _feature_names(features: int) -> tuple[str, ...]:
    digits = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    return tuple(f"X{number}".translate(digits) for number in range(1, features + 1))


def _split(name: str, pair: Samples) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    try:
        first, second = pair
        x = np.asarray(first, np.float64)
        y = np.asarray(second)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{name}: must be (X, y), two arrays of numbers") from None
    if x.ndim != 2 or not x.shape[1]:
        raise InvalidInputError(f"{name}: X must be (samples, features), got shape {x.shape}")
    if not np.isfinite(x).all():
        raise InvalidInputError(f"{name}: X must be finite")
    if len(y) != len(x):
        raise InvalidInputError(
            f"{name}: y must have one label for each of {len(x)} samples, got {len(y)}"
        )
    return x, _labels(name, y)


def _labels(name: str, y: NDArray[Any]) -> NDArray[np.int64]:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind not in "biuf" or y.ndim > 2:
        raise InvalidInputError(f"{name}: y must have whole numbers from 0, got {y.dtype}")
    if y.ndim == 2:
        if not (((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()):
            raise InvalidInputError(f"{name}: y must have a single 1 in each row, or be one column")
        return y.argmax(axis=1).astype(np.int64)
    if not (np.isfinite(y).all() and (y == np.floor(y)).all() and (y >= 0).all()):
        raise InvalidInputError(f"{name}: y must have whole numbers from 0")
    return y.astype(np.int64)
