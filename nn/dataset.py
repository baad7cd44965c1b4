"""What a network learns from: plain, read-only data."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.errors import InvalidInputError

__all__ = [
    "Dataset",
    "FloatArray",
    "IntArray",
    "Labels",
    "Target",
    "Task",
    "Viewport",
    "read_only",
]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
Labels: TypeAlias = NDArray[Any]
"""What samples are labelled with: of classes int64, of a regression float64."""
Task: TypeAlias = Literal["classification", "regression"]


def read_only(values: ArrayLike, dtype: type[np.generic]) -> NDArray[Any]:
    """Copy an array and forbid writing to the copy."""
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


@dataclass(frozen=True)
class Viewport:
    """The rectangle of the feature plane that is drawn.

    Parameters
    ----------
    x_min, x_max, y_min, y_max : float
        Finite, each minimum below its maximum.

    Raises
    ------
    InvalidInputError
    """

    x_min: float
    x_max: float
    y_min: float
    y_max: float

    def __post_init__(self) -> None:
        """Check that there is something to see."""
        for axis, low, high in (("x", self.x_min, self.x_max), ("y", self.y_min, self.y_max)):
            if not (isfinite(low) and isfinite(high)):
                raise InvalidInputError(f"viewport: must be finite, got {axis} {low:g} to {high:g}")
            if not low < high:
                raise InvalidInputError(
                    f"viewport: {axis}_min must be less than {axis}_max, got {low:g} and {high:g}"
                )

    @property
    def width(self) -> float:
        """Extent along x, in units of the first feature."""
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        """Extent along y, in units of the second feature."""
        return self.y_max - self.y_min


@dataclass(frozen=True, eq=False, kw_only=True)
class Target:
    """What a regression is to predict: a number, and what is known of how it came about.

    Parameters
    ----------
    name : str
        What the number is called.
    truth : (points, 2) array of float64, optional
        Points of the function without its noise, x strictly increasing: of one feature.
    noise : float, optional
        Standard deviation of what was added to it.

    Raises
    ------
    InvalidInputError
        For a function that isn't one, and noise that can't be.
    """

    name: str = "y"
    truth: FloatArray | None = None
    noise: float | None = None

    def __post_init__(self) -> None:
        """Copy, check, and forbid writing."""
        if self.truth is not None:
            truth = read_only(self.truth, np.float64)
            if truth.ndim != 2 or truth.shape[1] != 2 or not np.isfinite(truth).all():
                raise InvalidInputError(
                    f"truth: must be finite points (x, y), got shape {truth.shape}"
                )
            if (np.diff(truth[:, 0]) <= 0).any():
                raise InvalidInputError("truth: must have strictly increasing x")
            object.__setattr__(self, "truth", truth)
        if self.noise is not None and not (isfinite(self.noise) and self.noise >= 0):
            raise InvalidInputError(f"noise: must be finite and ≥ 0, got {self.noise!r}")

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from pickle, which forgets that arrays are read-only."""
        if state["truth"] is not None:
            state["truth"].flags.writeable = False
        self.__dict__.update(state)


@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """Samples to train on and samples to test on, with the names of what they are.

    Parameters
    ----------
    name : str
        What the data is called: ``moons``.
    x_train : (train samples, features) array of float64
        Of a recording whose samples weren't kept, no rows.
    y_train : (train samples,) array of int64, of a regression float64
        Index of each sample's class, from 0; or the number that is to be predicted.
    x_test : (test samples, features) array of float64
        May have no rows.
    y_test : (test samples,) array of int64, of a regression float64
    viewport : Viewport
        What of the feature plane is drawn; of a regression, of its first feature and its target.
    feature_names : tuple of str
        One for each feature.
    class_names : tuple of str
        One for each class; none of a regression.
    target : Target or None
        What is to be predicted, if that is a number: then the data are a regression.

    Raises
    ------
    InvalidInputError
        For shapes that don't fit each other, values that aren't finite, classes without a name.

    Notes
    -----
    The arrays are copied and made read-only.
    """

    name: str
    x_train: FloatArray
    y_train: Labels
    x_test: FloatArray
    y_test: Labels
    viewport: Viewport
    feature_names: tuple[str, ...] = ("X₁", "X₂")
    class_names: tuple[str, ...] = ("class 0", "class 1")
    target: Target | None = None

    def __post_init__(self) -> None:
        """Copy, check, and forbid writing."""
        if self.target is not None:
            object.__setattr__(self, "class_names", ())
        for part in ("train", "test"):
            x = _copy(self, f"x_{part}", np.float64, ndim=2)
            y = _copy(self, f"y_{part}", np.float64 if self.target else np.int64, ndim=1)
            if len(x) != len(y):
                raise InvalidInputError(
                    f"y_{part}: must have one label for each of {len(x)} samples, got {len(y)}"
                )
            if x.shape[1] != len(self.feature_names):
                raise InvalidInputError(
                    f"x_{part}: must have {len(self.feature_names)} columns, one for each feature "
                    f"name, got {x.shape[1]}"
                )
            if not np.isfinite(x).all():
                row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
                came = x[row].tolist()
                raise InvalidInputError(f"x_{part}: must be finite, got {came} in row {row}")
            if self.target is not None:
                if not np.isfinite(y).all():
                    raise InvalidInputError(f"y_{part}: must be finite")
            elif len(y) and not (y.min() >= 0 and y.max() < len(self.class_names)):
                raise InvalidInputError(
                    f"y_{part}: must be from 0 to {len(self.class_names) - 1}, "
                    f"got {y.min()} to {y.max()}"
                )

    @property
    def task(self) -> Task:
        """What is to be learned: classes, or a number."""
        return "classification" if self.target is None else "regression"

    @property
    def classes(self) -> int:
        """Number of classes; 0 of a regression."""
        return len(self.class_names)

    @property
    def features(self) -> int:
        """Number of features."""
        return len(self.feature_names)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from pickle, which forgets that arrays are read-only."""
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        self.__dict__.update(state)


def _copy(dataset: Dataset, name: str, dtype: type[np.generic], ndim: int) -> NDArray[Any]:
    given = getattr(dataset, name)
    try:
        array = read_only(given, dtype)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{name}: must be an array of numbers") from None
    if array.ndim != ndim:
        raise InvalidInputError(f"{name}: must have {ndim} dimension(s), got shape {array.shape}")
    if dtype is np.int64 and not np.array_equal(array, given):
        raise InvalidInputError(f"{name}: must be whole numbers")
    object.__setattr__(dataset, name, array)
    return array
