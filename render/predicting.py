"""From logits to what a viewer understands: classes, probabilities, and the samples of a split."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import Dataset, FloatArray, IntArray
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording

__all__ = ["classes_of", "margin", "needs_classes", "outputs_of", "split_of"]


def outputs_of(recording: Recording) -> int:
    """Count what a model says of each point: one number for two classes, or one for each class."""
    dataset = recording.dataset
    with np.errstate(all="ignore"):
        return recording.logits(0, np.zeros((1, dataset.features))).shape[1]


def margin(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Take the logit of class 1 against class 0 from (points, outputs), of one output or two."""
    return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits[:, 0]


def classes_of(
    recording: Recording, snapshot: float, points: npt.NDArray[np.floating[Any]]
) -> IntArray:
    """Predict the class of each of some points, (points,)."""
    with np.errstate(all="ignore"):  # what overflows is predicted as it is
        logits = recording.logits(snapshot, points)
    if logits.shape[1] == 1:
        return (logits[:, 0] > 0).astype(np.int64)
    return logits.argmax(axis=1).astype(np.int64)


def needs_classes(recording: Recording, kind: str) -> None:
    """Refuse a regression, for a kind of panel that draws classes.

    Raises
    ------
    InvalidInputError
    """
    if recording.dataset.task == "regression":
        raise InvalidInputError(
            f"panels: {kind!r} needs classes, and {recording.name!r} learns a regression"
        )


def split_of(dataset: Dataset) -> tuple[FloatArray, IntArray, str]:
    """Give the samples to judge a model by, their classes, and the split's name.

    Those of the test split; the training data where there is none.
    """
    if len(dataset.y_test):
        return dataset.x_test, dataset.y_test, "test"
    return dataset.x_train, dataset.y_train, "train"
