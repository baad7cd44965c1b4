"""The field of many classes: whose colour leads where, mixed by probability, and every border.

As in :mod:`epochreel.render.field`, logits are interpolated between nodes of a grid that is finer
where it matters, and cells whose corners have one colour are filled with it. The step of colour is
that of the leading class's probability; the others share the rest of the mixture as they share the
rest of the probability.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from epochreel.render.class_colors import mixed_colors, responses
from epochreel.render.field import (
    STRAIGHT,
    BoolImage,
    FloatImage,
    NodeGrid,
    corners_differ,
    hidden_crossings,
)
from epochreel.render.isoline import Pieces, find_isoline
from epochreel.render.pixels import pack

__all__ = ["ClassPainter", "PredictClasses", "find_borders", "lead_of", "sample_classes"]

PredictClasses = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""Logits (points, classes) at points (points, 2)."""

_SAME = 1
"""Levels of eight bits by which the corners of a cell of one colour may differ."""


def lead_of(logits: npt.NDArray[np.float32], kind: int) -> npt.NDArray[np.float32]:
    """Find by how much a class's logit leads all others', negative where it doesn't: (…)."""
    others = np.delete(logits, kind, axis=-1)
    return logits[..., kind] - others.max(axis=-1)


def sample_classes(grid: NodeGrid, predict: PredictClasses, bands: int) -> FloatImage:
    """Find the logits at the nodes, more densely where the colour changes.

    Returns
    -------
    ndarray of float32, shape (rows + 1, columns + 1, classes)
    """
    points, coarse = grid.node_places, grid.node_places[::2, ::2]
    found = predict(coarse.reshape(-1, 2)).reshape(*coarse.shape[:2], -1)
    cells = corners_differ(_steps(found, bands))
    for kind in range(found.shape[-1]):
        cells |= hidden_crossings(lead_of(found, kind))
    return _refined(found, cells, points, predict)


def find_borders(grid: NodeGrid, nodes: FloatImage, predict: PredictClasses) -> Pieces:
    """Find where the two greatest logits are equal.

    Returns
    -------
    ndarray, shape (pieces, 2 ends, 2 coordinates)
        As of :func:`~epochreel.render.isoline.find_isoline`. A border is there twice where both of
        its classes were followed around; drawn, that is one line.
    """
    leads = [lead_of(nodes, kind) for kind in range(nodes.shape[-1])]
    # a border has two sides: of one class, it is enough that all others are followed around
    spared = max(range(len(leads)), key=lambda kind: int((leads[kind] > 0).sum()))
    found: list[Pieces] = []
    for kind, lead in enumerate(leads):
        if kind == spared:
            continue

        def ahead(places: npt.NDArray[np.float32], kind: int = kind) -> npt.NDArray[np.float32]:
            return lead_of(predict(places), kind)

        found.append(find_isoline(grid, lead, ahead))
    return np.concatenate(found)


class ClassPainter:
    """Colours pixels by the probabilities of many classes.

    Parameters
    ----------
    grid : NodeGrid
    colors : ndarray of uint8, shape (classes, 3)
    bands : int
        Steps of the leading class's probability over [0, 1]. In the last one it is alone.
    """

    def __init__(self, grid: NodeGrid, colors: npt.NDArray[np.uint8], bands: int) -> None:
        self._grid, self._bands = grid, bands
        self._mixable = responses(colors)
        middles = (np.arange(bands + 1) + 0.5) / bands
        # the leading class has at least the share of all
        self._shares = np.maximum(middles, 1 / len(colors)).astype(np.float32)
        self._shares[-2:] = 1.0
        step = grid.step
        far = (np.arange(step) + 0.5) / step
        down, across = np.repeat(far, step), np.tile(far, step)
        self._weights = np.stack(
            [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across]
        ).astype(np.float32)
        self._pixels = np.zeros((grid.rows * step, grid.columns * step), np.uint32)
        # as in BandPainter: a row of a cell is one item, and only what changed is filled anew
        row = np.dtype(f"V{4 * step}")
        self._cells = self._pixels.view(row).reshape(grid.rows, step, grid.columns).swapaxes(1, 2)
        self._painted = np.zeros((grid.rows, grid.columns), np.uint32)  # colour; 0: several

    def paint(self, nodes: FloatImage, canvas: npt.NDArray[np.uint8]) -> None:
        """Paint the field.

        Parameters
        ----------
        nodes : ndarray of float32, shape (rows + 1, columns + 1, classes)
            From :func:`sample_classes`.
        canvas : ndarray of uint8, shape (height, width, 4)
        """
        step, classes = self._grid.step, nodes.shape[-1]
        by_class = np.ascontiguousarray(np.moveaxis(nodes, -1, 0))
        shown = self.colors(by_class.reshape(classes, -1)).reshape(*nodes.shape[:2], 4)
        mixed = corners_differ(by_class.argmax(axis=0)) | _corners_spread(shown)
        plain = pack(shown[:-1, :-1])
        plain[mixed] = 0
        row, column = np.nonzero((plain != self._painted) & ~mixed)
        filled = np.repeat(plain[row, column][:, None], step, axis=1).view(self._cells.dtype)
        self._cells[row, column] = filled
        self._painted = plain
        row, column = np.nonzero(mixed)
        if len(row):
            corners = np.stack(
                [
                    by_class[:, row, column],
                    by_class[:, row, column + 1],
                    by_class[:, row + 1, column],
                    by_class[:, row + 1, column + 1],
                ],
                axis=-1,
            )  # (classes, cells, 4)
            logits = corners.reshape(-1, 4).dot(self._weights).reshape(classes, -1)
            found = pack(self.colors(logits)).reshape(len(row), -1)
            self._cells[row, column] = found.view(self._cells.dtype)
        canvas.view(np.uint32)[:, :, 0] = self._pixels[: self._grid.height, : self._grid.width]

    def colors(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """Mix the colour of each of (classes, points) logits: RGBA, (points, 4)."""
        shares = logits - logits.max(axis=0)
        np.exp(shares, out=shares)  # of the leading class 1
        total = shares.sum(axis=0)
        band = (self._bands / total).astype(np.intp)
        lead = np.take(self._shares, band, mode="clip")
        rest = (1 - lead) / np.maximum(total - 1, np.float32(1e-30))
        free = np.ones(len(total), bool)
        for kind, share in enumerate(shares):
            leading = share == 1
            if kind:
                leading &= free  # of two that are equal, the first one leads
            free &= ~leading
            share *= rest
            np.copyto(share, lead, where=leading)
        return mixed_colors(shares, self._mixable)


def _steps(logits: FloatImage, bands: int) -> npt.NDArray[np.int64]:
    """Find the leading class of each node and the step of its probability, as one number."""
    highest = logits.max(axis=-1)
    total = np.exp(logits - highest[..., None]).sum(axis=-1)
    return logits.argmax(axis=-1) * (bands + 1) + (bands / total).astype(np.int64)


def _corners_spread(colors: npt.NDArray[np.uint8]) -> BoolImage:
    """Tell for which cells the colours of the corners, (rows, columns, 4), aren't one to an eye."""
    corners = (colors[:-1, :-1], colors[:-1, 1:], colors[1:, :-1], colors[1:, 1:])
    high = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
    low = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    return ((high - low) > _SAME).any(axis=-1)


def _refined(
    nodes: FloatImage, cells: BoolImage, points: npt.NDArray[np.float32], predict: PredictClasses
) -> FloatImage:
    """Halve the distance of nodes, as :meth:`NodeGrid.sample` does, if any class's logit bends."""
    rows, columns, classes = nodes.shape
    finer = np.empty((2 * rows - 1, 2 * columns - 1, classes), np.float32)
    finer[::2, ::2] = nodes
    finer[::2, 1::2] = 0.5 * (nodes[:, :-1] + nodes[:, 1:])
    finer[1::2] = 0.5 * (finer[:-2:2] + finer[2::2])
    if not cells.any():
        return finer
    middles = finer[1::2, 1::2]
    predicted = predict(points[1::2, 1::2][cells])
    slope = np.abs(nodes[:-1, :-1] - nodes[1:, 1:]) + np.abs(nodes[:-1, 1:] - nodes[1:, :-1])
    bent = np.zeros_like(cells)
    bent[cells] = (np.abs(predicted - middles[cells]) > STRAIGHT * slope[cells]).any(axis=-1)
    middles[cells] = predicted
    wanted = np.zeros(finer.shape[:2], bool)
    wanted[::2, 1::2] = _bent_sides(nodes, middles, cells, bent)
    across = nodes.swapaxes(0, 1), middles.swapaxes(0, 1), cells.T, bent.T
    wanted[1::2, ::2] = _bent_sides(*across).T
    if wanted.any():
        finer[wanted] = predict(points[wanted])
    return finer


def _bent_sides(
    nodes: FloatImage, middles: FloatImage, cells: BoolImage, bent: BoolImage
) -> BoolImage:
    """Tell for each pair of neighbours in a row of nodes whether a logit bends between them."""
    left, right, above, below = nodes[1:-1, :-1], nodes[1:-1, 1:], middles[:-1], middles[1:]
    apart = np.abs((left + right) - (above + below))
    sides = np.zeros((len(nodes), cells.shape[1]), bool)
    bound = 2 * STRAIGHT * (np.abs(left - right) + np.abs(above - below))
    sides[1:-1] = (apart > bound).any(axis=-1)
    sides[1:-1] &= cells[:-1] | cells[1:]
    sides[:-1] |= bent
    sides[1:] |= bent
    return sides
