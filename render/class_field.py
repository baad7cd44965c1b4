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
    bent_sides,
    cell_pixels,
    corner_weights,
    corners_differ,
    hidden_crossings,
)
from epochreel.render.isoline import Pieces, find_isoline
from epochreel.render.pixels import pack, unpack

__all__ = ["ClassPainter", "PredictClasses", "find_borders", "sample_classes"]

PredictClasses = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""Logits (classes, points) at points (points, 2)."""

_SAME = 1
"""Levels of eight bits by which the corners of a cell of one colour may differ."""


_AT_ONCE = 16384
"""Pixels mixed at a time: what they need stays in the processor's cache, in half the time."""


_SHARES = 256
"""Steps of each share in the table of three colours, a level of eight bits apart at most."""


class _Ranked:
    """Which class leads at each of (classes, …) logits, and by how much.

    A class after the other: reducing an axis of three numbers takes ten times as long.
    """

    def __init__(self, logits: FloatImage) -> None:
        self.logits = logits
        self.best: FloatImage = logits[0].copy()
        self.second: FloatImage = np.full(self.best.shape, -np.inf, np.float32)
        self.leader = np.zeros(self.best.shape, np.intp)
        for kind in range(1, len(logits)):
            found = logits[kind]
            self.leader[found > self.best] = kind
            np.maximum(self.second, np.minimum(self.best, found), out=self.second)
            np.maximum(self.best, found, out=self.best)

    def lead(self, kind: int) -> FloatImage:
        """Find by how much a class is ahead of all others, negative where it isn't."""
        rival: FloatImage = np.where(self.leader == kind, self.second, self.best)
        return self.logits[kind] - rival


def sample_classes(grid: NodeGrid, predict: PredictClasses, bands: int) -> FloatImage:
    """Find the logits at the nodes, more densely where the colour changes.

    Returns
    -------
    ndarray of float32, shape (classes, rows + 1, columns + 1)
    """
    points, coarse = grid.node_places, grid.node_places[::2, ::2]
    found = predict(coarse.reshape(-1, 2)).reshape(-1, *coarse.shape[:2])
    ranked = _Ranked(found)
    total = np.exp(found - ranked.best).sum(axis=0)
    cells = corners_differ(ranked.leader * (bands + 1) + (bands / total).astype(np.intp))
    for kind in range(len(found)):
        cells |= hidden_crossings(ranked.lead(kind))
    return _refined(found, cells, points, predict)


def find_borders(grid: NodeGrid, nodes: FloatImage, predict: PredictClasses) -> Pieces:
    """Find where the two greatest logits are equal.

    Returns
    -------
    ndarray, shape (pieces, 2 ends, 2 coordinates)
        As of :func:`~epochreel.render.isoline.find_isoline`.
    """
    ranked = _Ranked(nodes)
    areas = np.bincount(ranked.leader.ravel(), minlength=len(nodes))
    # every border has two sides: of one class, it is enough that all others are followed around
    order = [int(kind) for kind in np.argsort(areas)[:-1]]
    runner_up = np.zeros_like(ranked.leader)
    for kind, logits in enumerate(nodes):
        runner_up[(logits == ranked.second) & (ranked.leader != kind)] = kind
    found: list[Pieces] = []
    followed = np.zeros(len(nodes), bool)
    for kind in order:

        def ahead(places: npt.NDArray[np.float32], kind: int = kind) -> npt.NDArray[np.float32]:
            return _Ranked(predict(places)).lead(kind)

        followed[kind] = True
        # beside a class that was followed around, the line is there from its other side
        done = followed[ranked.leader] & followed[runner_up]
        there = done[:-1, :-1] & done[:-1, 1:] & done[1:, :-1] & done[1:, 1:]
        found.append(find_isoline(grid, ranked.lead(kind), ahead, ~there if len(found) else None))
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
        self._shares: FloatImage = np.maximum(middles, 1 / len(colors)).astype(np.float32)
        self._shares[-2:] = 1.0
        self._pure = pack(mixed_colors(np.eye(len(colors), dtype=np.float32), self._mixable))
        self._of_three = self._table_of_three() if len(colors) == 3 else None
        self._weights = corner_weights(grid.step)
        # only what changed is filled anew
        self._pixels, self._cells = cell_pixels(grid)
        self._painted = np.zeros((grid.rows, grid.columns), np.uint32)  # colour; 0: several

    def paint(self, nodes: FloatImage, canvas: npt.NDArray[np.uint8]) -> None:
        """Paint the field.

        Parameters
        ----------
        nodes : ndarray of float32, shape (classes, rows + 1, columns + 1)
            From :func:`sample_classes`.
        canvas : ndarray of uint8, shape (height, width, 4)
        """
        step, classes = self._grid.step, len(nodes)
        ranked = _Ranked(nodes)
        total = np.exp(nodes - ranked.best).sum(axis=0)
        unsure = total * (self._bands - 1) > self._bands
        shown = self._pure[ranked.leader]
        shown[unsure] = self._colors(nodes[:, unsure])
        mixed = corners_differ(ranked.leader) | _corners_spread(unpack(shown))
        plain = shown[:-1, :-1].copy()
        plain[mixed] = 0
        row, column = np.nonzero((plain != self._painted) & ~mixed)
        filled = np.repeat(plain[row, column][:, None], step, axis=1).view(self._cells.dtype)
        self._cells[row, column] = filled
        self._painted = plain
        row, column = np.nonzero(mixed)
        some = max(1, _AT_ONCE // step**2)
        for start in range(0, len(row), some):
            r, c = row[start : start + some], column[start : start + some]
            corners = np.stack(
                [nodes[:, r, c], nodes[:, r, c + 1], nodes[:, r + 1, c], nodes[:, r + 1, c + 1]],
                axis=-1,
            )  # (classes, cells, 4)
            logits = corners.reshape(-1, 4).dot(self._weights).reshape(classes, -1)
            found = self._colors(logits).reshape(len(r), -1)
            self._cells[r, c] = found.view(self._cells.dtype)
        canvas.view(np.uint32)[:, :, 0] = self._pixels[: self._grid.height, : self._grid.width]

    def _colors(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
        """Mix the colour of each of (classes, points) logits, (points,), as single numbers."""
        shares: FloatImage = logits - logits.max(axis=0)
        np.exp(shares, out=shares)  # of the leading class 1
        total: FloatImage = shares.sum(axis=0)
        band = (self._bands / total).astype(np.intp)
        lead: FloatImage = np.take(self._shares, band, mode="clip")
        rest = ((1 - lead) / np.maximum(total - 1, 1e-30)).astype(np.float32)
        leading = shares == 1
        if np.count_nonzero(leading) > len(total):  # of those that are equal, the first one leads
            leading &= np.cumsum(leading, axis=0) == 1
        shares *= rest
        np.copyto(shares, lead, where=leading)
        if self._of_three is None:
            return pack(mixed_colors(shares, self._mixable))
        places = shares[1:] * np.float32(_SHARES - 1)
        places += np.float32(0.5)
        index = places.astype(np.intp)
        found: npt.NDArray[np.uint32] = self._of_three[index[0] * _SHARES + index[1]]
        return found

    def _table_of_three(self) -> npt.NDArray[np.uint32]:
        """Mix three colours in all shares there can be: two thirds of a mixture's time saved."""
        second, third = np.mgrid[:_SHARES, :_SHARES].reshape(2, -1) / (_SHARES - 1)
        weights = np.stack([np.maximum(1 - second - third, 0), second, third])
        return pack(mixed_colors(weights.astype(np.float32), self._mixable))


def _corners_spread(colors: npt.NDArray[np.uint8]) -> BoolImage:
    """Tell for which cells the colours of the corners, (rows, columns, 4), aren't one to an eye."""
    corners = (colors[:-1, :-1], colors[:-1, 1:], colors[1:, :-1], colors[1:, 1:])
    high = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
    low = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    apart = (high - low) > _SAME
    return apart[..., 0] | apart[..., 1] | apart[..., 2]


def _refined(
    nodes: FloatImage, cells: BoolImage, points: npt.NDArray[np.float32], predict: PredictClasses
) -> FloatImage:
    """Halve the distance of nodes, as :meth:`NodeGrid.sample` does, if any class's logit bends."""
    classes, rows, columns = nodes.shape
    finer = np.empty((classes, 2 * rows - 1, 2 * columns - 1), np.float32)
    finer[:, ::2, ::2] = nodes
    finer[:, ::2, 1::2] = 0.5 * (nodes[:, :, :-1] + nodes[:, :, 1:])
    finer[:, 1::2] = 0.5 * (finer[:, :-2:2] + finer[:, 2::2])
    if not cells.any():
        return finer
    predicted = predict(points[1::2, 1::2][cells])
    bent = np.zeros_like(cells)
    wanted = np.zeros(finer.shape[1:], bool)
    for image, coarse, middle in zip(finer, nodes, predicted, strict=True):
        middles = image[1::2, 1::2]
        slope = np.abs(coarse[:-1, :-1] - coarse[1:, 1:])
        slope += np.abs(coarse[:-1, 1:] - coarse[1:, :-1])
        bent[cells] |= np.abs(middle - middles[cells]) > STRAIGHT * slope[cells]
        middles[cells] = middle
    for image, coarse in zip(finer, nodes, strict=True):
        middles = image[1::2, 1::2]
        wanted[::2, 1::2] |= bent_sides(coarse, middles, cells, bent)
        wanted[1::2, ::2] |= bent_sides(coarse.T, middles.T, cells.T, bent.T).T
    if wanted.any():
        finer[:, wanted] = predict(points[wanted])
    return finer
