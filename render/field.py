"""From logits to pixels: the field a model draws over its feature plane.

The logits of a network with piecewise linear activations are piecewise linear, so they, not the
probabilities, are interpolated between the nodes of a grid; the sigmoid is applied to every pixel.
The colour scale is fixed over [0, 1] and never refitted.

What makes it fast (1434×943 pixels, one core, against predicting and painting all of a 4 px grid):

- Nodes are 16 px apart, 8 px where the colour changes, 4 px along the 0.5 line: 2 ms, not 11.
  Between nodes that agree with those beside them the field is straight, and nothing is predicted:
  a quarter fewer points, in networks of ReLU.
- A cell whose corners have one colour is one colour, for bilinear interpolation stays between its
  corners. Only the others are interpolated, all in one matrix product that ends in a table of
  colours, and one-coloured ones are filled when they change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import Viewport
from epochreel.render.pixels import pack

__all__ = [
    "BandPainter",
    "BoolImage",
    "FloatImage",
    "NodeGrid",
    "Predict",
    "cell_pixels",
    "corner_weights",
]

FloatImage = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]
Predict = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""Logits (points,) at points (points, 2)."""

STRAIGHT = 1 / 160
"""Two estimates of a logit are one if they differ by this part of what it changes around there: a
line moves by no more than that part of a cell, 0.1 px where nodes are 16 px apart."""

_NEARLY = 2
"""1 would do where the field bends once between two nodes; beside the tips of slivers, more often.
"""


_ENTRIES = 32768
"""Colours in the table between two logits: an edge of 25 bands is off by less than a thousandth of
a band."""

_FAR = 1e6
"""Logits beyond are as good as this one, and products with it stay finite."""


class NodeGrid:
    """Samples a model's logits over a box of pixels, densely where it matters.

    Parameters
    ----------
    width, height : int
        Size of the box in pixels.
    viewport : Viewport
        The rectangle of the feature plane that the box shows.
    step : int
        Distance of neighbouring nodes in pixels, even; twice that where the colour doesn't change,
        half of it along the 0.5 line.
    """

    def __init__(self, width: int, height: int, viewport: Viewport, step: int) -> None:
        self.width, self.height, self.step = width, height, step
        # whole coarse cells; the last ones reach past the box
        self.rows = 2 * -(-height // (2 * step))
        self.columns = 2 * -(-width // (2 * step))
        self.x_px = np.arange(2 * self.columns + 1, dtype=np.float64) * (step / 2)
        self.y_px = np.arange(2 * self.rows + 1, dtype=np.float64) * (step / 2)
        self._viewport = viewport
        x, y = self._x(self.x_px), self._y(self.y_px)
        self._nodes = np.stack(np.meshgrid(x[::2], y[::2]), axis=-1).astype(np.float32)
        self._coarse = self._nodes[::2, ::2].reshape(-1, 2)
        self.finest = np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32).reshape(-1, 2)

    def sample(self, predict: Predict, bands: int) -> FloatImage:
        """Find the logits at the nodes.

        Parameters
        ----------
        predict : callable
            Logits (points,) at points (points, 2).
        bands : int
            Number of colours, which decides where the grid is refined.

        Returns
        -------
        ndarray of float32, shape (rows + 1, columns + 1)
        """
        coarse = predict(self._coarse).reshape(self.rows // 2 + 1, self.columns // 2 + 1)
        changes = corners_differ(band_levels(coarse, bands)) | corners_differ(coarse > 0)
        # what lies beside a change may bend too, but no picture shows it
        cells = changes | hidden_crossings(coarse)
        return self._refined(coarse, cells, self._nodes, predict)

    @property
    def node_places(self) -> npt.NDArray[np.float32]:
        """Places of the nodes on the feature plane, (rows + 1, columns + 1, 2)."""
        return self._nodes

    def places(
        self, x_px: npt.NDArray[np.float64], y_px: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float32]:
        """Find the places (points, 2) on the feature plane of points of the box, in pixels."""
        return np.column_stack([self._x(x_px), self._y(y_px)]).astype(np.float32)

    def _x(self, px: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return self._viewport.x_min + px / self.width * self._viewport.width

    def _y(self, px: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return self._viewport.y_max - px / self.height * self._viewport.height

    def unknown(self, predict: Predict) -> BoolImage:
        """Find the cells between nodes, (rows, columns), with a corner whose logit is NaN."""
        nodes = np.isnan(predict(self._nodes.reshape(-1, 2))).reshape(self._nodes.shape[:2])
        return nodes[:-1, :-1] | nodes[:-1, 1:] | nodes[1:, :-1] | nodes[1:, 1:]

    @staticmethod
    def _refined(
        nodes: FloatImage, cells: BoolImage, points: npt.NDArray[np.float32], predict: Predict
    ) -> FloatImage:
        """Halve the distance of nodes: predicted in the given cells, interpolated elsewhere.

        First the middles of cells are predicted. The middle of a side is predicted too where the
        field bends: where the middle of a cell beside it isn't the mean of the cell's corners, or
        the mean of the side's ends isn't the mean of the middles on either side of it.
        """
        rows, columns = nodes.shape
        finer = np.empty((2 * rows - 1, 2 * columns - 1), np.float32)
        finer[::2, ::2] = nodes
        finer[::2, 1::2] = 0.5 * (nodes[:, :-1] + nodes[:, 1:])
        finer[1::2] = 0.5 * (finer[:-2:2] + finer[2::2])
        if not cells.any():
            return finer
        middles = finer[1::2, 1::2]
        predicted = predict(points[1::2, 1::2][cells])
        slope = np.abs(nodes[:-1, :-1] - nodes[1:, 1:]) + np.abs(nodes[:-1, 1:] - nodes[1:, :-1])
        bent = np.zeros_like(cells)
        bent[cells] = np.abs(predicted - middles[cells]) > STRAIGHT * slope[cells]
        middles[cells] = predicted
        wanted = np.zeros(finer.shape, bool)
        wanted[::2, 1::2] = bent_sides(nodes, middles, cells, bent)
        wanted[1::2, ::2] = bent_sides(nodes.T, middles.T, cells.T, bent.T).T
        if wanted.any():
            finer[wanted] = predict(points[wanted])
        return finer


def corner_weights(step: int) -> FloatImage:
    """Part that each corner of a cell has in the middle of each of its pixels.

    Returns
    -------
    (4, step²) array of float32
        Upper left, upper right, lower left, lower right; pixels row by row.
    """
    far = (np.arange(step) + 0.5) / step
    down, across = np.repeat(far, step), np.tile(far, step)
    return np.stack(
        [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across]
    ).astype(np.float32)


def cell_pixels(grid: NodeGrid) -> tuple[npt.NDArray[np.uint32], npt.NDArray[Any]]:
    """Make room for the pixels of all cells.

    Returns
    -------
    pixels : (rows × step, columns × step) array of uint32
    cells : (rows, columns, step) view
        A row of a cell is a single item: 48 000 copies of 32 bytes, not 400 000 of four; and whole
        cells are stored in a quarter of the time of listed rows.
    """
    step = grid.step
    pixels = np.zeros((grid.rows * step, grid.columns * step), np.uint32)
    rows = pixels.view(np.dtype(f"V{4 * step}"))
    return pixels, rows.reshape(grid.rows, step, grid.columns).swapaxes(1, 2)


class BandPainter:
    """Colours pixels by the band of probability they fall into.

    Parameters
    ----------
    grid : NodeGrid
    colors : ndarray of uint8, shape (bands, 3)
        Colours of equal steps of the probability over [0, 1].
    """

    def __init__(self, grid: NodeGrid, colors: npt.NDArray[np.uint8]) -> None:
        self._grid = grid
        # a probability of 1 is past the last band, and has its colour
        self._colors = pack(np.concatenate([colors, colors[-1:]]))
        self._weights = corner_weights(grid.step)
        self._pixels, self._cells = cell_pixels(grid)
        self._plain_rows = np.repeat(self._colors[:, None], grid.step, axis=1).view(
            self._cells.dtype
        )
        # beyond the outermost edges of bands there is one colour
        self._outermost = float(np.log(max(len(colors) - 1, 1))) + 0.02
        self._table_range = (0.0, 0.0)
        self._table = np.empty(0, np.uint32)
        self._painted = np.full((grid.rows, grid.columns), -1)  # band of a cell; -1: several

    def paint(self, nodes: FloatImage, canvas: npt.NDArray[np.uint8]) -> None:
        """Paint the field.

        Parameters
        ----------
        nodes : ndarray of float32, shape (rows + 1, columns + 1)
            Logits from :meth:`NodeGrid.sample`.
        canvas : ndarray of uint8, shape (height, width, 4)
            Where to, usually a part of a frame.
        """
        bands = len(self._colors) - 1
        levels = band_levels(nodes, bands)
        mixed = corners_differ(levels)
        plain = np.where(mixed, -1, levels[:-1, :-1])
        row, column = np.nonzero((plain != self._painted) & ~mixed)
        self._cells[row, column] = self._plain_rows[plain[row, column]]
        self._painted = plain
        row, column = np.nonzero(mixed)
        below, beside = row + 1, column + 1
        corners = np.stack(
            [nodes[row, column], nodes[row, beside], nodes[below, column], nodes[below, beside]], 1
        )
        if len(corners):
            self._cells[row, column] = self._mixed(corners).view(self._cells.dtype)
        canvas.view(np.uint32)[:, :, 0] = self._pixels[: self._grid.height, : self._grid.width]

    def _mixed(self, corners: FloatImage) -> npt.NDArray[np.uint32]:
        """Colour the pixels of cells by their corners, (cells, 4): (cells, pixels).

        The colours of all logits between the lowest and the highest corner stand in a table, whose
        entries are so near that an edge of a band moves by a fraction of a pixel. Where each pixel
        stands in it is one product: an exponential function a pixel would take twice as long.
        """
        np.clip(corners, -_FAR, _FAR, out=corners)
        low = max(float(corners.min()), -self._outermost)
        high = min(float(corners.max()), self._outermost)
        scale = _ENTRIES / max(high - low, 1e-30)
        if (low, high) != self._table_range:  # of a trained model both are at their bounds
            logits = low + (np.arange(_ENTRIES) + 0.5) / scale
            shares = _shares(logits.astype(np.float32), len(self._colors) - 1)
            self._table = self._colors[shares.astype(np.intp)]
            self._table_range = low, high
        ends: FloatImage = ((corners.astype(np.float64) - low) * scale).astype(np.float32)
        places: FloatImage = ends.dot(self._weights)
        return np.take(self._table, places.astype(np.intp), mode="clip")


def band_levels(logits: FloatImage, bands: int) -> npt.NDArray[np.uint8]:
    """Find the band of each logit's probability, from 0 to ``bands - 1``."""
    share = _shares(logits.copy(), bands)
    np.minimum(share, bands - 1, out=share)
    return share.astype(np.uint8)


def _shares(logits: FloatImage, bands: int) -> FloatImage:
    """Turn logits, in their place, into ``bands`` times their probability."""
    np.negative(logits, out=logits)
    with np.errstate(over="ignore"):  # exp of more than 88 is infinite, and its inverse 0
        np.exp(logits, out=logits)
    logits += 1.0
    np.divide(bands, logits, out=logits)
    return logits


def bent_sides(
    nodes: FloatImage, middles: FloatImage, cells: BoolImage, bent: BoolImage
) -> BoolImage:
    """Tell for each pair of neighbours in a row of nodes whether the field bends between them."""
    left, right, above, below = nodes[1:-1, :-1], nodes[1:-1, 1:], middles[:-1], middles[1:]
    apart = np.abs((left + right) - (above + below))
    sides = np.zeros((len(nodes), cells.shape[1]), bool)
    sides[1:-1] = apart > 2 * STRAIGHT * (np.abs(left - right) + np.abs(above - below))
    sides[1:-1] &= cells[:-1] | cells[1:]
    sides[:-1] |= bent
    sides[1:] |= bent
    return sides


def hidden_crossings(nodes: FloatImage) -> BoolImage:
    """Tell beside which pairs of nodes of one sign the logit may change it twice: their cells.

    Continued straight from both sides, the field crosses zero before the two lines meet.
    """
    cells = np.zeros((nodes.shape[0] - 1, nodes.shape[1] - 1), bool)
    # the cells above and below a pair of a row, and those left and right of one of a column
    row, gap = np.nonzero(_dips(nodes[:, :-3], nodes[:, 1:-2], nodes[:, 2:-1], nodes[:, 3:]))
    cells[np.maximum(row - 1, 0), gap + 1] = cells[np.minimum(row, len(cells) - 1), gap + 1] = True
    gap, column = np.nonzero(_dips(nodes[:-3], nodes[1:-2], nodes[2:-1], nodes[3:]))
    last = cells.shape[1] - 1
    cells[gap + 1, np.maximum(column - 1, 0)] = cells[gap + 1, np.minimum(column, last)] = True
    return cells


def _dips(before: FloatImage, left: FloatImage, right: FloatImage, after: FloatImage) -> BoolImage:
    """Tell of four nodes in line, each in its image, whether zero is crossed between the middle."""
    with np.errstate(over="ignore", invalid="ignore"):
        fall, rise = before - left, after - right
        found = left * rise + right * fall < _NEARLY * (fall * rise)
        # all of one sign: above zero and falling towards each other, or below and rising
        found &= left * fall > 0
        found &= right * rise > 0
        found &= left * right > 0
    return found


def corners_differ(nodes: npt.NDArray[np.generic]) -> BoolImage:
    """Tell for each cell whether its four corners are not all alike."""
    first = nodes[:-1, :-1]
    return (
        (first != nodes[:-1, 1:]) | (first != nodes[1:, :-1]) | (first != nodes[1:, 1:])
    )  # fmt: skip
