"""What the units of a network are filled with: what they make of one sample, or of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from epochreel.nn.dataset import Dataset, FloatArray
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Layered, Recording
from epochreel.render.panels.needs import layered
from epochreel.render.predicting import split_of

__all__ = ["Sampled", "refuse_sample", "sample_of"]

_MANY = 128
"""Training points that a mean is taken over, spread over all of them."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """Points, and how a model sees them.

    Attributes
    ----------
    model : Layered
    points : (points, features) array
    single : bool
        Whether it is one sample.
    words : str
        What it is.
    full : (features,) array
        The greatest size of each feature in the training data.
    """

    model: Layered
    points: FloatArray
    single: bool
    words: str
    full: FloatArray

    def values(self, snapshot: float) -> list[FloatArray]:
        """Give the inputs, as parts of their greatest size, and what each layer makes of them.

        Means, where there are several points; nothing of the inputs then, whose mean says nothing.
        """
        if not len(self.points):
            sizes = [spec.output_dim for spec in self.model.architecture]
            return [np.zeros(size) for size in (self.points.shape[1], *sizes)]
        outputs = self.model.activations(snapshot, self.points)
        inputs = self.points[0] / self.full if self.single else np.zeros(self.points.shape[1])
        with np.errstate(all="ignore"):  # what overflows is drawn as the greatest there is
            return [inputs, *(output.mean(axis=0, dtype=np.float64) for output in outputs)]


def refuse_sample(dataset: Dataset, sample: int | Sequence[float] | None) -> str | None:
    """Say what is wrong with a sample, or nothing."""
    if isinstance(sample, int):
        _, y, split = split_of(dataset)
        if not len(y):
            return f"must be a point, as there are no samples, got {sample}"
        noun = "test" if split == "test" else "training"
        if not 0 <= sample < len(y):
            return f"must be from 0 to {len(y) - 1}, one of the {noun} points, got {sample}"
    elif sample is not None:
        if len(sample) != dataset.features:
            return f"must have {dataset.features} numbers, one for each feature, got {len(sample)}"
        if not all(map(isfinite, sample)):
            return f"must be finite, got {list(sample)}"
    return None


def sample_of(recording: Recording, sample: int | Sequence[float] | None) -> Sampled:
    """Take one sample of a recording, or many of its training points.

    Raises
    ------
    InvalidInputError
        For a sample that isn't there, and a point of other features.
    """
    dataset, model = recording.dataset, layered(recording, "network")
    wrong = refuse_sample(dataset, sample)
    if wrong is not None:
        raise InvalidInputError(f"panels.sample: {wrong}")
    x = dataset.x_train
    full = np.abs(x).max(axis=0) if len(x) else np.ones(dataset.features)
    full = np.where(full > 0, full, 1.0)
    if sample is None:
        if not len(x):
            return Sampled(model, x, False, "nothing, as there are no samples", full)
        chosen = np.unique(np.linspace(0, len(x) - 1, _MANY).astype(np.intp))
        return Sampled(model, x[chosen], False, "mean activations", full)
    if isinstance(sample, int):
        points, y, split = split_of(dataset)
        point = points[sample]
        noun = "test" if split == "test" else "training"
        words = f"{noun} point {sample} {_written(point)}, {_answer(dataset, y[sample])}"
    else:
        point = np.asarray(sample, float)
        words = f"the point {_written(point)}"
    return Sampled(model, point[None], True, words, full)


def _answer(dataset: Dataset, value: float) -> str:
    """Say what a sample is: its class, or its number in a regression."""
    if dataset.target is None:
        return dataset.class_names[int(value)]
    return f"{dataset.target.name} = {value:.3g}".replace("-", "\N{MINUS SIGN}")


def _written(point: FloatArray) -> str:
    if len(point) > 4:
        return f"of {len(point)} features"
    text = ", ".join(f"{value:.3g}" for value in point)
    return f"({text})".replace("-", "\N{MINUS SIGN}")
