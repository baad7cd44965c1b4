"""Heights over a plane seen from aside: a camera, and what hides what.

The projection is orthographic: lengths along an axis are equal wherever they are, and nothing
shrinks with distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, floor, hypot, radians, sin

import numpy as np
import numpy.typing as npt

__all__ = ["TALL", "Camera", "Floats", "HeightField", "walls_shown", "zero_line"]

Floats = npt.NDArray[np.float64]

TALL = 0.85
"""Height of the box over half the width of its square floor."""

_FADE = 8.0
"""Degrees over which what changes sides fades."""

_STEPS = 28
"""How often the way from a point to the camera is looked at for what stands in between."""


@dataclass(frozen=True)
class Camera:
    """A view of the box [-1, 1] × [-1, 1] × [0, 1].

    Attributes
    ----------
    azimuth, elevation : float
        In degrees. At azimuth 0 the first axis points to the right, the second one away; a greater
        one turns the box to the left. At elevation 90 the floor is seen from above.
    scale : float
        Pixels of a unit that lies across the line of sight.
    x, y : float
        Where in the rectangle the middle of the floor is, in pixels.
    """

    azimuth: float
    elevation: float
    scale: float
    x: float
    y: float

    @classmethod
    def fitting(
        cls,
        size_px: tuple[float, float],
        azimuth: float,
        reach: float,
        elevation: float,
        rim: tuple[float, float, float],
    ) -> Camera:
        """Choose scale and place so that the box fits while it turns.

        Parameters
        ----------
        size_px : tuple of float
            Width and height of the rectangle.
        azimuth, reach : float
            The box is seen from `azimuth` ± `reach` degrees.
        elevation : float
        rim : tuple of float
            Room to leave beside the box, above and beneath it, in pixels.
        """
        width, height = size_px
        # widest at a corner's turn, or where the turning starts or ends
        corners = 45.0 * np.arange(-16, 17)
        first, last = azimuth - reach, azimuth + reach
        turns = np.radians([first, last, *corners[(corners > first) & (corners < last)]])
        widest = float(np.max(np.abs(np.cos(turns)) + np.abs(np.sin(turns))))  # from the middle
        tilt = radians(elevation)
        floor, tall = widest * sin(tilt), TALL * cos(tilt)
        across = (width - 2 * rim[0]) / (2 * widest)
        along = (height - rim[1] - rim[2]) / (2 * floor + tall)
        scale = max(1.0, min(across, along))
        spare = height - rim[1] - rim[2] - scale * (2 * floor + tall)
        middle = rim[1] + spare / 2 + scale * (tall + floor)
        return cls(azimuth, elevation, scale, width / 2, middle)

    def turned(self, azimuth: float) -> Camera:
        """Give the same camera from another side."""
        return Camera(azimuth, self.elevation, self.scale, self.x, self.y)

    def project(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Find where points of the box are seen: (..., 2) in pixels, downwards."""
        turn, tilt = radians(self.azimuth), radians(self.elevation)
        across = x * cos(turn) - y * sin(turn)
        away = x * sin(turn) + y * cos(turn)
        up = away * sin(tilt) + z * (TALL * cos(tilt))
        return np.stack([self.x + self.scale * across, self.y - self.scale * up], axis=-1)

    def farthest_first(self) -> tuple[int, int]:
        """Tell for each axis in which direction, 1 or -1, it comes nearer."""
        turn = radians(self.azimuth)
        return (1 if sin(turn) < 0 else -1), (1 if cos(turn) < 0 else -1)

    @property
    def towards(self) -> tuple[float, float]:
        """Direction on the floor from anywhere towards the camera, of length 1."""
        turn = radians(self.azimuth)
        return -sin(turn), -cos(turn)

    @property
    def climb(self) -> float:
        """How much a line of sight rises, in heights of the box, over a unit of the floor."""
        tilt = radians(self.elevation)
        return sin(tilt) / max(cos(tilt), 1e-6) / TALL


def walls_shown(azimuth: float, start: float, end: float) -> float:
    """Tell how much is shown of what changes sides where a wall is seen edge-on, from 0 to 1.

    It fades before such a place and comes back behind it; nothing is missing at `start` and `end`,
    the least and the greatest azimuth of a turning camera.
    """
    shown = 1.0
    for quarter in range(floor(start / 90) + 1, ceil(end / 90)):
        crossing = 90.0 * quarter
        way = crossing - start if azimuth < crossing else end - crossing
        shown = min(shown, abs(azimuth - crossing) / min(_FADE, way))
    return shown


@dataclass(frozen=True, eq=False)
class HeightField:
    """Heights in [0, 1] on a regular grid over [-1, 1] × [-1, 1], (rows, columns); NaN: none."""

    heights: Floats

    def at(self, x: Floats, y: Floats) -> Floats:
        """Interpolate between the nodes; outside it is as far down as can be."""
        rows, columns = self.heights.shape
        column, row = (x + 1) / 2 * (columns - 1), (y + 1) / 2 * (rows - 1)
        outside = (column < 0) | (column > columns - 1) | (row < 0) | (row > rows - 1)
        left = np.clip(column.astype(np.intp), 0, columns - 2)
        low = np.clip(row.astype(np.intp), 0, rows - 2)
        right, up = column - left, row - low
        flat, corner = self.heights.ravel(), low * columns + left
        below = flat[corner] * (1 - right) + flat[corner + 1] * right
        above = flat[corner + columns] * (1 - right) + flat[corner + columns + 1] * right
        found = below * (1 - up) + above * up
        found[outside] = -np.inf
        return found

    def hides(self, camera: Camera, x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        """Tell of points, (points,), which are behind or beneath the surface."""
        # above the box nothing hides: look as far as the line of sight needs to leave it
        reach = min((1.0 - float(z.min(initial=1.0))) / camera.climb, hypot(2, 2))
        far = np.linspace(0.02, max(reach, 0.03), _STEPS)
        toward = camera.towards
        heights = self.at(
            x[:, None] + far * toward[0], y[:, None] + far * toward[1]
        )  # (points, steps)
        with np.errstate(invalid="ignore"):
            above = heights > z[:, None] + far * camera.climb + 0.02
        return np.any(above, axis=1)


def zero_line(values: Floats, x: Floats, y: Floats) -> Floats:
    """Find where values on a grid are zero, as straight pieces through halves of its cells.

    Parameters
    ----------
    values : (rows, columns) array
        No piece passes what isn't finite.
    x, y : (columns,) and (rows,) array

    Returns
    -------
    (pieces, 2 ends, 2 coordinates) array
    """
    places = np.stack(np.meshgrid(x, y), axis=-1)
    corners = [(0, 0), (0, 1), (1, 1), (1, 0)]
    shifted = [
        (values[r : values.shape[0] - 1 + r, c : values.shape[1] - 1 + c].ravel(),
         places[r : values.shape[0] - 1 + r, c : values.shape[1] - 1 + c].reshape(-1, 2))
        for r, c in corners
    ]  # fmt: skip
    pieces: list[Floats] = []
    for triangle in ((0, 1, 2), (0, 2, 3)):
        level = np.stack([shifted[corner][0] for corner in triangle], axis=1)
        above = level > 0
        passed = (above.any(axis=1) & ~above.all(axis=1)) & np.isfinite(level).all(axis=1)
        level, above = level[passed], above[passed]
        place = np.stack([shifted[corner][1][passed] for corner in triangle], axis=1)
        # the corner that is alone on its side: both ends lie on the sides that meet there
        few = above.sum(axis=1) == 1
        alone = np.asarray(np.where(few, above.argmax(axis=1), above.argmin(axis=1)), np.intp)
        row = np.arange(len(level))
        ends: list[Floats] = []
        for shift in (1, 2):
            other = (alone + shift) % 3
            start, end = level[row, alone], level[row, other]
            share = (start / (start - end))[:, None]
            ends.append(place[row, alone] * (1 - share) + place[row, other] * share)
        pieces.append(np.stack(ends, axis=1))
    return np.concatenate(pieces)
