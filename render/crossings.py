"""The cells of a grid that the 0.5 line passes: those in which the logit changes its sign.

From the nodes of the field cells are halved once along the line, to 4 px at 1600×1200, and to
single pixels where they can't be trusted: where the field bends so sharply that the line may turn
within a cell, or fold into a sliver between the nodes. In ordinary frames that is a dozen cells,
and no kink is cut by more than 0.3 px (0.7 without).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from epochreel.render.field import (
    STRAIGHT,
    BoolImage,
    FloatImage,
    NodeGrid,
    Predict,
    corners_differ,
    hidden_crossings,
)

__all__ = ["Cells", "find_crossings"]

_Indices = npt.NDArray[np.intp]

_SHARP = 0.3
"""A second difference is a sharp bend if it is more than this part of the first differences."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Square cells, each with a corner above zero and one that isn't.

    Attributes
    ----------
    origin : ndarray, shape (2, cells)
        Upper left corner, x and y, in pixels.
    size : ndarray, shape (cells,)
        Length of a side in pixels.
    corners : ndarray, shape (4, cells)
        Logits, clockwise from the upper left.
    """

    origin: npt.NDArray[np.float64]
    size: npt.NDArray[np.float64]
    corners: npt.NDArray[np.float64]


def find_crossings(
    grid: NodeGrid, nodes: FloatImage, predict: Predict, within: BoolImage | None = None
) -> Cells:
    """Find the cells that the line passes.

    Parameters
    ----------
    grid : NodeGrid
    nodes : ndarray of float32, shape (rows + 1, columns + 1)
        From :meth:`NodeGrid.sample`.
    predict : callable
        Logits (points,) at points (points, 2).
    within : ndarray of bool, shape (rows, columns), optional
        The only cells between nodes in which it is looked for.
    """
    cells = corners_differ(nodes > 0) | hidden_crossings(nodes)
    if within is not None:
        cells &= within
    row, column = np.nonzero(cells)
    if not len(row):
        return Cells(np.empty((2, 0)), np.empty(0), np.empty((4, 0)))
    half = grid.step // 2
    blocks = _halved(grid, nodes, cells, row, column, predict)
    corners = _corners(blocks)
    crossed, left, top = _crossed(corners), column * grid.step, row * grid.step
    if grid.step == 2:  # halved, that is single pixels
        return _cells(corners, crossed, left, top, half)
    doubtful = _doubtful(blocks, corners)
    found = _cells(corners, crossed & ~doubtful, left, top, half)
    if not doubtful.any():
        return found
    down, right, block = np.nonzero(doubtful)
    left, top = left[block] + half * right, top[block] + half * down
    pixel = np.arange(half + 1)[:, None]
    shape = (len(pixel), len(pixel), len(block))
    x = np.broadcast_to(left + pixel, shape)
    y = np.broadcast_to((top + pixel)[:, None], shape)
    places = grid.places(x.ravel().astype(np.float64), y.ravel().astype(np.float64))
    logits = predict(places).reshape(shape)
    corners = _corners(logits)
    finer = _cells(corners, _crossed(corners), left, top, 1)
    return Cells(
        np.concatenate([found.origin, finer.origin], axis=1),
        np.concatenate([found.size, finer.size]),
        np.concatenate([found.corners, finer.corners], axis=1),
    )


def _halved(
    grid: NodeGrid,
    nodes: FloatImage,
    cells: BoolImage,
    row: _Indices,
    column: _Indices,
    predict: Predict,
) -> FloatImage:
    """Find the logits in the given cells at half the nodes' distance: (3, 3, cells).

    The middles of cells are predicted. The middle of a side is predicted too where the field
    bends: where the middle of a cell beside it isn't the mean of the cell's corners, or the mean of
    the side's ends isn't the mean of the middles on either side of it.
    """
    width = 2 * grid.columns + 1
    # Uninitialised, for only what lies in the given cells is written and read: a tenth of it.
    fine = np.empty((2 * grid.rows + 1) * width, np.float32)
    at = 2 * row * width + 2 * column
    top, left, right, bottom = at + 1, at + width, at + width + 2, at + 2 * width + 1
    a, b = nodes[row, column], nodes[row, column + 1]
    c, d = nodes[row + 1, column], nodes[row + 1, column + 1]
    fine[at], fine[at + 2], fine[at + 2 * width], fine[at + 2 * width + 2] = a, b, c, d
    fine[top], fine[left], fine[right], fine[bottom] = (
        0.5 * (a + b), 0.5 * (a + c), 0.5 * (b + d), 0.5 * (c + d),
    )  # fmt: skip
    middle = at + width + 1
    fine[middle] = middles = predict(grid.finest[middle])
    apart = np.abs(middles - 0.25 * (a + b + c + d))
    bent = apart > STRAIGHT * (np.abs(a - d) + np.abs(b - c))
    wanted = [side[bent] for side in (top, left, right, bottom)]
    beside, below = np.zeros_like(cells), np.zeros_like(cells)
    beside[:, :-1], below[:-1] = cells[:, 1:], cells[1:]
    for both, further, side, one, other in (
        (beside[row, column], 2, right, b, d),
        (below[row, column], 2 * width, bottom, c, d),
    ):
        one, other, near = one[both], other[both], middles[both]
        far = fine[middle[both] + further]
        apart = np.abs((one + other) - (near + far))
        bends = apart > 2 * STRAIGHT * (np.abs(one - other) + np.abs(near - far))
        wanted.append(side[both][bends])
    sides = np.unique(np.concatenate(wanted))
    if len(sides):
        fine[sides] = predict(grid.finest[sides])
    block = np.arange(3)[:, None] * width + np.arange(3)
    return fine[block[..., None] + at]


def _doubtful(blocks: FloatImage, corners: FloatImage) -> BoolImage:
    """Tell for each cell of halved ones, (2, 2, blocks), whether a line could turn in it unseen."""
    with np.errstate(over="ignore", invalid="ignore"):
        down, across = np.diff(blocks, axis=0), np.diff(blocks, axis=1)
        slope = np.maximum(np.abs(across).max((0, 1)), np.abs(down).max((0, 1)))
        bend = np.maximum(
            np.abs(across[:, 1] - across[:, 0]).max(0), np.abs(down[1] - down[0]).max(0)
        )
        bend[bend <= _SHARP * slope] = 0
    return np.abs(corners).min(0) < bend


def _corners(lattices: FloatImage) -> FloatImage:
    """Corners of the cells of small lattices, clockwise: (4, rows - 1, columns - 1, lattices)."""
    upper, lower = lattices[:-1], lattices[1:]
    return np.stack([upper[:, :-1], upper[:, 1:], lower[:, 1:], lower[:, :-1]])


def _crossed(corners: FloatImage) -> BoolImage:
    """Tell which cells have a corner above zero and one that isn't."""
    return (corners.max(0) > 0) & (corners.min(0) <= 0)


def _cells(
    corners: FloatImage,
    chosen: BoolImage,
    left: _Indices,
    top: _Indices,
    size: int,
) -> Cells:
    """Take the chosen cells, (rows, columns, lattices), of lattices at places in pixels."""
    row, column, lattice = np.nonzero(chosen)
    return Cells(
        np.stack([left[lattice] + size * column, top[lattice] + size * row]).astype(np.float64),
        np.full(len(lattice), float(size)),
        corners[:, chosen].astype(np.float64),
    )
