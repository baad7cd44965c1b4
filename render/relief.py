"""A surface of heights painted column by column, each pixel in the colour of its own height.

Seen along parallel lines, all of the surface that a column of pixels can show lies above one line
on the floor. Walked along from the front, whatever rises higher than all before it is seen, and so
is, below the front edge, whatever falls lower: no sorting, and steep walls keep sharp bands, which
a mesh of coloured quads saws into teeth. About as fast as one (8 ms at 1434×943 pixels).
"""

from __future__ import annotations

from math import cos, radians, sin
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.render.pixels import pack, unpack
from epochreel.render.solid import TALL, Camera, Floats

__all__ = ["SHADES", "Relief"]

SHADES = 32
"""Steps from the darkest slope to the lightest."""

_STEPS = 100
"""Places along each column's line on the floor; one a little nearer than the nodes of a grid."""

_STEEPEST = 9.0
"""Rows over which an outline is smoothed at most."""

Single = npt.NDArray[Any]
"""Of float32; NumPy's types can't say so of products."""
Places = npt.NDArray[np.intp]


class Relief:
    """Paints surfaces.

    Parameters
    ----------
    colors : (bands, 3) array of uint8
        Colours of equal steps of height over [0, 1].
    """

    def __init__(self, colors: npt.NDArray[np.uint8]) -> None:
        shade = np.linspace(0.52, 1.06, SHADES)
        lit = np.clip(np.rint(shade[:, None, None] * colors), 0, 255).astype(np.uint8)
        self._bands = len(colors)
        self._colors = pack(lit).ravel()  # (shades × bands,)

    def paint(
        self, canvas: npt.NDArray[np.uint8], camera: Camera, logits: Floats, shades: Floats
    ) -> None:
        """Paint a surface over what is there.

        Parameters
        ----------
        canvas : (height, width, 4) array of uint8
            The camera's rectangle.
        camera : Camera
        logits : (rows, columns) array
            On a regular grid over [-1, 1] × [-1, 1]; the height is their sigmoid. Nothing is
            painted beside a NaN.
        shades : (rows, columns) array
            In 0..1, dark to light.
        """
        width = canvas.shape[1]
        turn, tilt = radians(camera.azimuth), radians(camera.elevation)
        column, near, far = _spans(camera, width, turn)
        if not len(column):
            return
        across = ((column + 0.5 - camera.x) / camera.scale).astype(np.float32)
        share = np.linspace(0, 1, _STEPS, dtype=np.float32)
        away = near + share[:, None] * (far - near)  # (steps, columns)
        x = across * np.float32(cos(turn)) + away * np.float32(sin(turn))
        y = away * np.float32(cos(turn)) - across * np.float32(sin(turn))
        level, shade = _interpolated(logits, shades, x, y)
        with np.errstate(over="ignore"):
            z = 1 / (1 + np.exp(-level))
        up = away * np.float32(camera.scale * sin(tilt))
        up += z * np.float32(camera.scale * TALL * cos(tilt))
        row = np.float32(camera.y) - up  # downwards
        unknown = np.isnan(row)
        gap = None
        if unknown.any():
            # a place is needed to walk on from; what lies beside it isn't painted
            row, z = _held(row, unknown), _held(z, unknown)
            gap = (unknown[:-1] | unknown[1:]).ravel()
        self._fill(canvas, column, row, z, shade, gap)

    def _fill(
        self,
        canvas: npt.NDArray[np.uint8],
        column: Places,
        row: Single,
        z: Single,
        shade: npt.NDArray[np.uint8],
        gap: npt.NDArray[np.bool_] | None,
    ) -> None:
        height, width = canvas.shape[:2]
        highest = np.minimum.accumulate(row, axis=0)
        lowest = np.maximum.accumulate(row, axis=0)
        rows_up = np.clip(np.ceil(highest - 0.5), 0, height).astype(np.int32)
        rows_down = np.clip(np.ceil(lowest - 0.5), 0, height).astype(np.int32)
        columns = row.shape[1]
        up = np.flatnonzero(rows_up[:-1] > rows_up[1:])
        down = np.flatnonzero(rows_down[1:] > rows_down[:-1])
        # piece `here` of the walk leads from this step to the next one in the same column
        if gap is not None:
            up, down = up[~gap[up]], down[~gap[down]]
        here = np.concatenate([up, down])
        flat_up, flat_down = rows_up.ravel(), rows_down.ravel()
        start = np.concatenate([flat_up[up + columns], flat_down[down]])
        count = np.concatenate([flat_up[up], flat_down[down + columns]]) - start
        # along each piece the height is straight in the row, and so is the place in the table
        flat_row, flat_z, there = row.ravel(), z.ravel(), here + columns
        row0, row1, z0, z1 = flat_row[here], flat_row[there], flat_z[here], flat_z[there]
        gain = (z1 - z0) / np.where(row1 == row0, np.float32(1), row1 - row0)
        pieces = np.empty(len(count), np.complex64)
        pieces.imag = gain * np.float32(self._bands - 0.02)
        pieces.real = (z0 + (start + np.float32(0.5) - row0) * gain) * np.float32(
            self._bands - 0.02
        )
        pieces.real += np.float32(0.01) + shade.ravel()[here] * np.float32(self._bands)
        before = np.cumsum(count) - count
        total = int(count.sum())
        ramp = np.arange(total, dtype=np.int32)
        ramp -= np.repeat(before.astype(np.int32), count)
        run = ramp.astype(np.float32)
        # two numbers of each piece at a time, as parts of one: half the time of repeating each
        spread = np.repeat(pieces, count)
        run *= spread.imag
        run += spread.real
        ramp *= np.int32(width)
        ramp += np.repeat((start * width + column[here % columns]).astype(np.int32), count)
        flat = canvas.view(np.uint32).reshape(-1)
        # rounding may lead a hair past an end of the table
        flat[ramp] = np.take(self._colors, run.astype(np.int32), mode="clip")
        _smooth(canvas, column, row, highest, lowest)


def _spans(camera: Camera, width: int, turn: float) -> tuple[Places, Single, Single]:
    """Find the columns that show the floor, and how far away it begins and ends in each."""
    column = np.arange(width)
    across = (column + 0.5 - camera.x) / camera.scale
    c, s = cos(turn), sin(turn)
    near, far = np.full(width, -np.inf), np.full(width, np.inf)
    for along, shift in ((s, across * c), (c, -across * s)):
        along = along if abs(along) > 1e-9 else 1e-9
        one, other = (-1 - shift) / along, (1 - shift) / along
        near, far = (
            np.maximum(near, np.minimum(one, other)),
            np.minimum(far, np.maximum(one, other)),
        )
    shown = far > near
    return column[shown], near[shown].astype(np.float32), far[shown].astype(np.float32)


def _interpolated(
    logits: Floats, shades: Floats, x: Single, y: Single
) -> tuple[Single, npt.NDArray[np.uint8]]:
    """Find logit and step of shade between the nodes, both at once: as parts of one number."""
    rows, columns = logits.shape
    both = np.empty((rows, columns), np.complex64)
    both.real, both.imag = np.clip(logits, -60, 60), shades * (SHADES - 1) + 0.5
    flat = both.ravel()
    across = np.clip((x + 1) * np.float32((columns - 1) / 2), 0, columns - 1.001)
    along = np.clip((y + 1) * np.float32((rows - 1) / 2), 0, rows - 1.001)
    left, low = across.astype(np.int32), along.astype(np.int32)
    across -= left
    along -= low
    corner = low * np.int32(columns) + left
    below = flat[corner]
    below += (flat[corner + 1] - below) * across
    corner += np.int32(columns)
    above = flat[corner]
    above += (flat[corner + 1] - above) * across
    below += (above - below) * along
    shade = np.clip(np.nan_to_num(below.imag), 0, SHADES - 1).astype(np.uint8)
    return np.ascontiguousarray(below.real), shade


def _held(values: Single, unknown: npt.NDArray[np.bool_]) -> Single:
    """Repeat, along the steps, what was known last; what comes first is taken from behind it."""
    steps = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(unknown, -1, steps), axis=0)
    following = np.minimum.accumulate(np.where(unknown, len(values), steps)[::-1], axis=0)[::-1]
    source = np.where(last >= 0, last, np.where(following < len(values), following, 0))
    return np.nan_to_num(np.take_along_axis(values, source, axis=0)).astype(np.float32)


def _smooth(
    canvas: npt.NDArray[np.uint8], column: Places, row: Single, highest: Single, lowest: Single
) -> None:
    """Mix, in the pixels that an outline passes, the colours above and below it.

    Outlines are the upper and lower end of the surface, and wherever it comes into sight again from
    behind a part of itself.
    """
    rises = np.nonzero((row[:-1] > highest[:-1] + 1) & (row[1:] < highest[:-1]))
    falls = np.nonzero((row[:-1] < lowest[:-1] - 1) & (row[1:] > lowest[:-1]))
    edge, where = [highest[-1], lowest[-1]], [column, column]
    steep = [_slope(highest[-1:])[0], _slope(lowest[-1:])[0]]
    for (step, at), outline in ((rises, highest), (falls, lowest)):
        edge.append(outline[step, at])
        before, after = np.maximum(at - 1, 0), np.minimum(at + 1, len(column) - 1)
        steep.append(np.abs(outline[step, after] - outline[step, before]) / 2)
        where.append(column[at])
    _mix(canvas, np.concatenate(edge), np.concatenate(steep), np.concatenate(where))


def _mix(canvas: npt.NDArray[np.uint8], edge: Single, steep: Single, column: Places) -> None:
    """Mix colours around outlines, over as many rows as each takes on its way through a column."""
    height, width = canvas.shape[:2]
    flat = canvas.view(np.uint32).reshape(-1)
    high = np.clip(steep, 1, _STEEPEST)
    first = np.floor(edge - high / 2).astype(np.intp)
    last = np.floor(edge + high / 2).astype(np.intp)
    inside = (first >= 1) & (last < height - 1)
    first, last, high, edge = first[inside], last[inside], high[inside], edge[inside]
    start = first * width + column[inside]
    count = last - first + 1
    above, below = flat[start - width], flat[start + count * width]
    step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    share = np.repeat((first + 0.5 - edge) / high + 0.5, count) + step / np.repeat(high, count)
    share = np.clip(share, 0, 1)[:, None].astype(np.float32)
    mixed = unpack(np.repeat(above, count)) * (1 - share) + unpack(np.repeat(below, count)) * share
    flat[np.repeat(start, count) + step * width] = pack((mixed + 0.5).astype(np.uint8))


def _slope(rows: Single) -> Single:
    """Tell how many rows lines climb from column to column."""
    if rows.shape[1] < 2:
        return np.zeros_like(rows)
    return np.abs(np.gradient(rows, axis=1)).astype(np.float32)
