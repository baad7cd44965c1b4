"""The samples that a Keras model is being fitted to, as a film shows them."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import currentframe
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.dataset import IntArray

__all__ = ["Samples", "find_samples", "to_samples"]

Samples: TypeAlias = tuple[NDArray[np.floating[Any]], IntArray]
"""Features, (samples, features), and the class of each sample, (samples,), from 0."""


def find_samples(model: Any) -> tuple[Samples | None, Samples | None]:
    """Look up what the ``fit`` that is running was called with.

    Keras doesn't tell callbacks, so the calls that led here are gone through up to the one that is
    `model`'s own ``fit``.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    train, test : (features, labels) or None
        ``None`` where they aren't arrays of features and classes: a dataset that yields batches, a
        regression, no validation data.
    """
    frame = currentframe()
    while frame is not None:
        if frame.f_code.co_name == "fit":
            names = frame.f_locals
            if names.get("self") is model and "validation_data" in names:
                train, test = (names.get("x"), names.get("y")), names["validation_data"]
                return _pair(train), _pair(test)
        frame = frame.f_back
    return None, None


def _pair(given: object) -> Samples | None:
    """Take features and labels; weights of the samples, which may follow, don't matter."""
    if not isinstance(given, (tuple, list)):
        return None
    parts = cast("Sequence[object]", given)
    return to_samples(parts[0], parts[1]) if len(parts) >= 2 else None


def to_samples(x: Any, y: Any) -> Samples | None:
    """Convert features and labels.

    Parameters
    ----------
    x : (samples, features) array, or a tensor of any backend
    y : (samples,), (samples, 1) or one-hot (samples, classes) array, or a tensor
        Classes counted from 0, or −1 and 1.

    Returns
    -------
    (features, labels) or None
        ``None`` for anything else.
    """
    features, labels = _numbers(x), _numbers(y)
    if features is None or labels is None or features.ndim != 2 or not len(features):
        return None
    classes = _classes(labels)
    if classes is None or len(classes) != len(features):
        return None
    return features, classes


def _numbers(values: Any) -> NDArray[np.floating[Any]] | None:
    if not hasattr(values, "shape"):  # a dataset, a generator, a list of inputs, nothing
        return None
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    try:
        array = np.asarray(values)
        return array if array.dtype == np.float32 else array.astype(np.float64)
    except (TypeError, ValueError):
        return None


def _classes(labels: NDArray[np.floating[Any]]) -> IntArray | None:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2:
        one_hot = np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()
        return labels.argmax(axis=1) if one_hot else None
    if labels.ndim != 1 or not np.isfinite(labels).all() or (labels % 1).any():
        return None
    if (labels == -1).any() and np.isin(labels, (-1, 1)).all():
        return (labels > 0).astype(np.int64)
    return None if (labels < 0).any() else labels.astype(np.int64)
