"""A recording of predictions on a grid, for models that can't be replayed from their parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from os import PathLike
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.dataset import Viewport
from epochreel.nn.errors import InvalidInputError, whole_number
from epochreel.nn.recording import Provenance, Snapshots, stored_rows
from epochreel.nn.rows import Rows

__all__ = ["Grid", "GridRecording", "as_logits"]

CERTAIN = 16.0
"""The logit of a probability of 0 or 1; that of 1 − 1.1e-7, about the last below 1 in float32."""

COARSE_PX = 8
"""Pixels between points; a film of 1600×1200 itself asks a model no more often than that."""

OUTPUTS = ("probabilities", "logits")


@dataclass(frozen=True)
class Grid:
    """Points at even distances, from one edge of a rectangle to the other.

    Parameters
    ----------
    viewport : Viewport
    columns, rows : int
        At least 2.

    Raises
    ------
    InvalidInputError
    """

    viewport: Viewport
    columns: int
    rows: int

    def __post_init__(self) -> None:
        """Check the two."""
        for name in ("columns", "rows"):
            object.__setattr__(self, name, whole_number(f"grid.{name}", getattr(self, name), 2))

    def points(self) -> NDArray[np.float32]:
        """Lay out all points, (rows · columns, 2), row by row from the least y."""
        view = self.viewport
        x = np.linspace(view.x_min, view.x_max, self.columns)
        y = np.linspace(view.y_min, view.y_max, self.rows)
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)

    def interpolate(
        self, values: NDArray[np.float32], points: NDArray[np.floating[Any]]
    ) -> NDArray[np.float32]:
        """Interpolate bilinearly between values, (outputs, rows, columns), at (points, 2).

        Returns
        -------
        (points, outputs) array of float32
            NaN outside of the grid.
        """
        view = self.viewport
        x = (np.asarray(points[:, 0], np.float64) - view.x_min) / view.width * (self.columns - 1)
        y = (np.asarray(points[:, 1], np.float64) - view.y_min) / view.height * (self.rows - 1)
        # points of float32 on the very edge are inside
        slack = 1e-4
        inside = (x >= -slack) & (x <= self.columns - 1 + slack)
        inside &= (y >= -slack) & (y <= self.rows - 1 + slack)
        column = np.clip(np.nan_to_num(x), 0, self.columns - 2).astype(np.intp)
        row = np.clip(np.nan_to_num(y), 0, self.rows - 2).astype(np.intp)
        across = np.clip(x - column, 0, 1).astype(np.float32)
        up = np.clip(y - row, 0, 1).astype(np.float32)
        flat = values.reshape(len(values), -1)
        corner = row * self.columns + column
        low = flat[:, corner] * (1 - across) + flat[:, corner + 1] * across
        corner += self.columns
        high = flat[:, corner] * (1 - across) + flat[:, corner + 1] * across
        found = low * (1 - up) + high * up  # (outputs, points)
        found[:, ~inside] = np.nan
        return np.ascontiguousarray(found.T, np.float32)


def as_logits(values: ArrayLike, points: int, outputs: str = "probabilities") -> NDArray[Any]:
    """Turn what a classifier says of points into logits.

    Parameters
    ----------
    values : (points,), (points, 1) or (points, classes) array
        Of one column, the probability of class 1.
    points : int
        How many points it was asked for.
    outputs : "probabilities" or "logits"
        What the values are.

    Returns
    -------
    (points, outputs) array of float64
        One column for two classes: log(p₁/p₀), or the difference of two logits. Logits of
        probabilities are cut at ±16. NaN where a value is NaN.

    Raises
    ------
    InvalidInputError
        For values of another shape, and probabilities outside of [0, 1].
    """
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError("predict: must give an array of numbers") from None
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != points or not array.shape[1]:
        raise InvalidInputError(
            f"predict: must give {points} rows, one for each point, and a column for each class, "
            f"got shape {array.shape}"
        )
    classes = array.shape[1]
    if outputs == "logits":
        return array[:, 1:] - array[:, :1] if classes == 2 else array
    # a sum of float32 may be a little more than 1
    if array.min(initial=0) < -1e-5 or array.max(initial=0) > 1 + 1e-5:
        raise InvalidInputError(
            f"predict: must give probabilities from 0 to 1, got {array.min():g} to "
            f'{array.max():g}; say outputs="logits" if that is what they are'
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        if classes > 2:
            return np.maximum(np.log(np.clip(array, 0, 1)), -CERTAIN)
        other = 1 - array if classes == 1 else array[:, :1]
        logits = np.log(np.clip(array[:, -1:], 0, 1)) - np.log(np.clip(other, 0, 1))
    return np.clip(logits, -CERTAIN, CERTAIN)


@dataclass(frozen=True, eq=False, kw_only=True)
class GridRecording(Snapshots):
    """A recording whose snapshots are logits on a grid.

    Parameters
    ----------
    name, dataset, updates, epochs, seconds, unit, metrics, stopped, link
        As in :class:`~epochreel.nn.recording.Recording`.
    grid : Grid
    predictions : (snapshots, outputs, rows, columns) array of float32, or Rows
        Logits, finite. Rows stay in their file.
    provenance : mapping
        As in :class:`~epochreel.nn.recording.ParameterRecording`.
    """

    grid: Grid
    predictions: NDArray[np.float32] | Rows
    provenance: Provenance = field(default_factory=dict[str, str | int])

    def __post_init__(self) -> None:
        """Copy, check, and forbid writing."""
        super().__post_init__()
        outputs = self.predictions.shape[1] if len(self.predictions.shape) == 4 else 1
        expected = (len(self.updates), outputs, self.grid.rows, self.grid.columns)
        predictions = stored_rows("predictions", self.predictions, expected)
        if (outputs > 1) != (self.link == "softmax"):
            raise InvalidInputError(
                f"link: must be sigmoid of one output, softmax of more, got {self.link} of "
                f"{outputs}"
            )
        object.__setattr__(self, "predictions", predictions)
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))

    def save(self, path: str | PathLike[str]) -> None:
        """Write it into one file; see :func:`epochreel.nn.recording_file.save_recording`."""
        # here, since a file is read into the class that stands here
        from epochreel.nn.recording_file import save_recording

        save_recording(cast(Any, self), path)

    def logits(self, snapshot: float, points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Predict, before the link: between nodes and between snapshots linear, outside NaN."""
        self.check(snapshot)
        before, share = int(snapshot), np.float32(snapshot - int(snapshot))
        low = self.grid.interpolate(self.predictions[before], points)
        if not share:
            return low
        high = self.grid.interpolate(self.predictions[before + 1], points)
        return (low + (high - low) * share).astype(np.float32, copy=False)

    def shortfall(self, viewport: Viewport, size_px: tuple[int, int]) -> str | None:
        """Say what a picture can't show: places that weren't captured, or such detail."""
        mine = self.grid.viewport
        outside = (
            viewport.x_min < mine.x_min
            or viewport.x_max > mine.x_max
            or viewport.y_min < mine.y_min
            or viewport.y_max > mine.y_max
        )
        if outside:
            return (
                f"was captured for {mine.x_min:.3g} ≤ x ≤ {mine.x_max:.3g} and "
                f"{mine.y_min:.3g} ≤ y ≤ {mine.y_max:.3g} only; it is hatched elsewhere"
            )
        columns = (self.grid.columns - 1) * viewport.width / mine.width
        rows = (self.grid.rows - 1) * viewport.height / mine.height
        if size_px[0] <= COARSE_PX * columns and size_px[1] <= COARSE_PX * rows:
            return None
        return (
            f"was captured on {columns:.0f}×{rows:.0f} points, few for {size_px[0]}×{size_px[1]} px"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Give pickle a plain dict of where it comes from."""
        return {**super().__getstate__(), "provenance": dict(self.provenance)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from pickle."""
        super().__setstate__({**state, "provenance": MappingProxyType(state["provenance"])})


Predict = Callable[[NDArray[np.float32]], Any]
"""Takes points, (points, 2), and says something of each, as :func:`as_logits` takes it."""
