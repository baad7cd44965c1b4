"""What a network learns from: plain, read-only data."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.errors import InvalidInputError

__all__ = ["Dataset", "FloatArray", "IntArray", "Viewport", "read_only"]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


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
class Dataset:
    """Samples to train on and samples to test on, with the names of what they are.

    Parameters
    ----------
    name : str
        What the data is called: ``moons``.
    x_train : (train samples, features) array of float64
        Of a recording whose samples weren't kept, no rows.
    y_train : (train samples,) array of int64
        Index of each sample's class, from 0.
    x_test : (test samples, features) array of float64
        May have no rows.
    y_test : (test samples,) array of int64
    viewport : Viewport
        What of the feature plane is drawn.
    feature_names : tuple of str
        One for each feature.
    class_names : tuple of str
        One for each class.

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
    y_train: IntArray
    x_test: FloatArray
    y_test: IntArray
    viewport: Viewport
    feature_names: tuple[str, ...] = ("X₁", "X₂")
    class_names: tuple[str, ...] = ("class 0", "class 1")

    def __post_init__(self) -> None:
        """Copy, check, and forbid writing."""
        for part in ("train", "test"):
            x = _copy(self, f"x_{part}", np.float64, ndim=2)
            y = _copy(self, f"y_{part}", np.int64, ndim=1)
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
            if len(y) and not (y.min() >= 0 and y.max() < len(self.class_names)):
                raise InvalidInputError(
                    f"y_{part}: must be from 0 to {len(self.class_names) - 1}, "
                    f"got {y.min()} to {y.max()}"
                )

    @property
    def classes(self) -> int:
        """Number of classes."""
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
