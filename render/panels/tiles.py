"""Fields of many units, each a small square: predicted on one coarse grid, upscaled together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import FloatArray, Viewport
from epochreel.render.layout import Rect
from epochreel.render.panels.units import Places
from epochreel.render.style import TypeScale

__all__ = ["CoarseGrid", "Tiles", "place_tiles"]

_APART = 1.18
"""From one tile to the next beneath it, over a tile's side."""

_LOOSE = 1.5
"""The same at most, where there is room to spare."""

_DOTS = 0.45
"""What stands for units that aren't shown takes so much of a tile's room."""


class CoarseGrid:
    """Points spread over a viewport, and what lies between them.

    Parameters
    ----------
    viewport : Viewport
    side_px : int
        Of the square picture that is made of a value at each.
    """

    def __init__(self, viewport: Viewport, side_px: int) -> None:
        self.nodes = min(36, max(12, -(-side_px // 3)))
        x = np.linspace(viewport.x_min, viewport.x_max, self.nodes)
        y = np.linspace(viewport.y_max, viewport.y_min, self.nodes)  # pictures count downwards
        self.points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
        self._mix = _hats(self.nodes, side_px)

    def upscaled(self, values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """Interpolate (points, fields) bilinearly to (fields, side, side) pixels."""
        fields = values.T.reshape(-1, self.nodes, self.nodes).astype(np.float32)
        return np.asarray(self._mix @ fields @ self._mix.T, np.float32)


def _hats(nodes: int, pixels: int) -> npt.NDArray[np.float32]:
    """Parts, (pixels, nodes), that the nodes on either side have in the middle of each pixel."""
    place = (np.arange(pixels) + 0.5) / pixels * (nodes - 1)
    parts = 1 - np.abs(place[:, None] - np.arange(nodes))
    return np.maximum(parts, 0).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Tiles:
    """Places in pixels from the upper left of the panel's body.

    Attributes
    ----------
    side : int
        Of a tile.
    corners : list of (shown, 2) array of int
        Upper left corners, for the inputs and each hidden layer.
    output : Rect
        Where the network's own field stands.
    dots : (dots, 2) array
        What stands for the units that aren't shown.
    pitch : float
        From one column to the next.
    """

    side: int
    corners: Sequence[npt.NDArray[np.intp]]
    output: Rect
    dots: FloatArray
    pitch: float

    def middles(self, column: int) -> FloatArray:
        """Middles of a column's tiles, (shown, 2)."""
        return np.asarray(self.corners[column] + self.side / 2, np.float64)

    def segments(self, outputs: int) -> FloatArray:
        """Curves from tile to tile, (lines, points, 2), as the lines of :class:`Columns`.

        Those that lead to the only output end in the middle of its left side, those of several
        beneath one another there.
        """
        half = np.array([self.side / 2, 0.0])
        ends = [self.middles(column) - half for column in range(1, len(self.corners))]
        out = self.output
        heights = out.top + (0.2 + 0.6 * (np.arange(outputs) + 0.5) / outputs) * out.height
        ends.append(np.column_stack([np.full(outputs, out.left), heights]))
        share = np.linspace(0, 1, 17)[:, None]
        ease = np.hstack([share, share * share * (3 - 2 * share)])
        lines: list[FloatArray] = []
        for column, end in enumerate(ends):
            start = self.middles(column) + half
            first = np.repeat(start, len(end), axis=0)[:, None]
            last = np.tile(end, (len(start), 1))[:, None]
            lines.append(first + ease * (last - first))
        return np.concatenate(lines)


def place_tiles(
    body: Rect, scale: TypeScale, sizes: Sequence[int], units: Sequence[Places]
) -> Tiles:
    """Spread columns of tiles over a body; what room they leave is the output's.

    Parameters
    ----------
    body : Rect
    scale : TypeScale
    sizes : sequence of int
        Units of the inputs and of each hidden layer.
    units : sequence of array
        Those that are shown.
    """
    columns = len(sizes)
    taken = [len(u) + _DOTS * (len(u) < size) for u, size in zip(units, sizes, strict=True)]
    tallest = body.height / (max(taken) * _APART)
    most = min(0.5 * body.width, 0.86 * body.height)
    side = min(max(body.width - columns * 2.2 * tallest, 0.3 * body.width), most)
    pitch = (body.width - side) / columns
    tile = max(4, int(min(tallest, 0.56 * pitch, 0.9 * side)))
    step = min(_LOOSE * tile, body.height / max(taken))
    corners: list[npt.NDArray[np.intp]] = []
    dots: list[FloatArray] = []
    for column, (shown, rows, size) in enumerate(zip(units, taken, sizes, strict=True)):
        top = (body.height - rows * step) / 2 + (step - tile) / 2
        x = column * pitch
        ys = top + np.arange(len(shown)) * step
        corners.append(np.column_stack([np.full(len(ys), x), ys]).round().astype(np.intp))
        if len(shown) < size:
            middle = ys[-1] + tile + 0.5 * _DOTS * step
            apart = min(0.45 * scale.small, 0.14 * step)
            dots.append(
                np.column_stack([np.full(3, x + tile / 2), middle + apart * np.arange(-1, 2)])
            )
    whole = int(side)
    output = Rect(body.width - whole, (body.height - whole) // 2, whole, whole)
    return Tiles(tile, corners, output, np.concatenate(dots) if dots else np.zeros((0, 2)), pitch)
