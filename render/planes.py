"""Planes through a space of features: what of a model of many features a flat picture shows.

A model of two features is shown on the plane of the two. Of more, a picture shows two of them, the
others held at one value each, or the plane of the first two principal components. Either way a
point of the picture is a point among the features, and a sample stands where it is projected to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import Dataset, FloatArray, Viewport
from epochreel.nn.errors import InvalidInputError, unknown_name

__all__ = ["PCA", "Plane", "PlaneOf", "TwoFeatures", "plane_of"]

PCA: Literal["pca"] = "pca"

_MARGIN = 0.08
"""Of the samples' extent, shown beyond them on each side."""


@dataclass(frozen=True)
class TwoFeatures:
    """Two features to show, and what the others are held at.

    Attributes
    ----------
    x, y : str
        Names of features.
    at : mapping
        Values of others by name; those left out are at their mean over the training data.
    """

    x: str
    y: str
    at: Mapping[str, float] = field(default_factory=dict[str, float])


PlaneOf = TwoFeatures | Literal["pca"]
"""How a plane is chosen."""


@dataclass(frozen=True, eq=False)
class Plane:
    """Points (x, y) of a picture, and where they lie among features.

    Attributes
    ----------
    viewport : Viewport
        What of the plane is shown.
    feature_names : tuple of str
        Names of its two axes.
    note : str or None
        What a viewer must know of it; ``None`` of a plane that is all there is.
    origin : (features,) array
    across : (2, features) array
        What a step of 1 along each axis is among the features.
    back : (features, 2) array
        What undoes it.
    """

    viewport: Viewport
    feature_names: tuple[str, str]
    note: str | None
    origin: FloatArray
    across: FloatArray
    back: FloatArray

    @property
    def _all_there_is(self) -> bool:
        return self.across.shape == (2, 2) and bool((self.across == np.eye(2)).all())

    def to_features(self, points: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
        """Find what points, (points, 2), are among the features: (points, features)."""
        if self._all_there_is:
            return points
        found = points @ self.across.astype(points.dtype)
        found += self.origin.astype(points.dtype)
        return found

    def project(self, x: FloatArray) -> FloatArray:
        """Find where samples, (samples, features), stand on the plane: (samples, 2)."""
        if self._all_there_is:
            return x
        return (x - self.origin) @ self.back


def plane_of(dataset: Dataset, choice: PlaneOf | None = None) -> Plane:
    """Choose the plane on which a dataset is shown.

    Parameters
    ----------
    dataset : Dataset
    choice : TwoFeatures, "pca" or None
        Of two features ``None`` is their plane; of more, the principal components.

    Raises
    ------
    InvalidInputError
        For unknown features, for data of one feature, and for principal components where there are
        no training samples.
    """
    if dataset.features < 2:
        raise InvalidInputError(f"plane: needs data of at least 2 features, got {dataset.features}")
    if choice is None and dataset.features == 2:
        names = dataset.feature_names
        flat = np.eye(2)
        return Plane(dataset.viewport, (names[0], names[1]), None, np.zeros(2), flat, flat)
    if isinstance(choice, TwoFeatures):
        return _of_features(dataset, choice)
    if choice not in (None, PCA):
        raise InvalidInputError(f"plane: must be 'pca' or two features, got {choice!r}")
    return _of_components(dataset)


def _of_features(dataset: Dataset, choice: TwoFeatures) -> Plane:
    names = dataset.feature_names
    for key, name in (("x", choice.x), ("y", choice.y), *(("at", name) for name in choice.at)):
        if name not in names:
            raise unknown_name(f"plane.{key}", name, names)
    if choice.x == choice.y:
        raise InvalidInputError(f"plane.y: must differ from plane.x, got {choice.y!r} for both")
    shown = names.index(choice.x), names.index(choice.y)
    known = len(dataset.x_train) > 0
    origin = dataset.x_train.mean(axis=0) if known else np.zeros(dataset.features)
    for name, value in choice.at.items():
        origin[names.index(name)] = value
    origin[list(shown)] = 0.0
    across = np.zeros((2, dataset.features))
    across[[0, 1], list(shown)] = 1.0
    others = [name for name in names if name not in (choice.x, choice.y)]
    held = [f"{name} = {origin[names.index(name)]:.3g}" for name in others]
    note = ", ".join(held) if len(held) <= 3 else f"{len(held)} other features held"
    if held and not choice.at:
        note = f"others at their mean: {note}" if len(held) <= 3 else "other features at their mean"
    plane = Plane(dataset.viewport, (choice.x, choice.y), note or None, origin, across, across.T)
    if dataset.features == 2 and shown == (0, 1):
        return plane
    return _shown_whole(plane, dataset)


def _of_components(dataset: Dataset) -> Plane:
    """Lay the plane through the middle of the training data, along its widest two directions.

    Each feature counts in units of its standard deviation; else the one in the smallest unit would
    be all that there is.
    """
    x = dataset.x_train
    if len(x) < 3:
        raise InvalidInputError(f"plane: 'pca' needs at least 3 training samples, got {len(x)}")
    middle, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1.0
    _, strengths, directions = np.linalg.svd((x - middle) / spread, full_matrices=False)
    two = directions[:2]
    # the sign of a direction is chance; the largest part of each points up
    two *= np.sign(two[[0, 1], np.abs(two).argmax(axis=1)])[:, None]
    shares = strengths**2 / max(float((strengths**2).sum()), 1e-300)
    note = f"plane of 2 principal components, {100 * shares[:2].sum():.0f} % of the variance"
    plane = Plane(dataset.viewport, ("PC 1", "PC 2"), note, middle, two * spread, (two / spread).T)
    return _shown_whole(plane, dataset)


def _shown_whole(plane: Plane, dataset: Dataset) -> Plane:
    """Fit the view to where the samples stand."""
    samples = plane.project(np.concatenate([dataset.x_train, dataset.x_test]))
    if not len(samples):
        return plane
    low, high = samples.min(axis=0), samples.max(axis=0)
    extent = np.where(high > low, high - low, 1.0)
    low, high = low - _MARGIN * extent, high + _MARGIN * extent
    view = Viewport(float(low[0]), float(high[0]), float(low[1]), float(high[1]))
    return Plane(view, plane.feature_names, plane.note, plane.origin, plane.across, plane.back)
