"""The 0.5 line: where the logit is zero, by marching squares over the cells that it passes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from epochreel.render.crossings import Cells, find_crossings
from epochreel.render.field import FloatImage, NodeGrid, Predict

__all__ = ["Pieces", "find_isoline"]

Pieces = npt.NDArray[np.float64]

_STRAIGHT_PX = 0.03
"""A vertex nearer than this to the line between its neighbours is left out."""

# Corners of a cell from the upper left, clockwise; side n leads from corner n to the next.
_NEXT = [1, 2, 3, 0]
_SWAPPED = np.array([[False], [False], [True], [True]])


def find_isoline(grid: NodeGrid, nodes: FloatImage, predict: Predict) -> Pieces:
    """Find where the logit is zero.

    Parameters
    ----------
    grid : NodeGrid
    nodes : ndarray of float32, shape (rows + 1, columns + 1)
        Logits from :meth:`NodeGrid.sample`.
    predict : callable
        Logits (points,) at points (points, 2).

    Returns
    -------
    ndarray, shape (pieces, 2 ends, 2 coordinates)
        Straight pieces in pixels, at most 0.2 px from the line between the finest nodes.
    """
    path, line = _joined(_pieces(find_crossings(grid, nodes, predict)))
    # Lines of ReLU networks are straight between kinks; stroking 100 pieces is 4 times as fast as
    # 700. Each round drops at most every second vertex, so that errors don't add up past 0.2 px.
    for _ in range(6):
        kept = ~_superfluous(path, line)
        if kept.all():
            break
        path, line = path[kept], line[kept]
    together = line[1:] == line[:-1]
    return np.stack([path[:-1][together], path[1:][together]], axis=1)


def _pieces(cells: Cells) -> Pieces:
    """Cut straight through each cell, twice where opposite corners have one sign.

    What is above zero lies on the same hand of all pieces: each ends where another one starts.
    """
    values = cells.corners
    # of each side, the corners before and after it
    after = values[_NEXT]
    above = values > 0
    above_after = above[_NEXT]
    start = np.argmax(above & ~above_after, axis=0)
    end = np.argmax(above_after & ~above, axis=0)
    # of a saddle, the middle decides which corners its two pieces cut off
    saddle = np.flatnonzero(~(above[0] ^ above[2]) & ~(above[1] ^ above[3]))
    turn = np.where(values[:, saddle].mean(0) > 0, 1, 3)
    end[saddle] = (start[saddle] + turn) % 4
    second = np.add(start[saddle], 2)
    cell = np.append(np.arange(len(cells.size)), saddle)
    start = np.concatenate([start, second])
    end = np.concatenate([end, (second + turn) % 4])
    ends = np.stack([start, end], axis=1)  # (pieces, 2)
    cell = cell[:, None]
    # Always from the upper or left end of a side, so that two cells agree on it to the last bit.
    upper, lower = np.where(_SWAPPED, after, values), np.where(_SWAPPED, values, after)
    upper, lower = upper[ends, cell], lower[ends, cell]
    share = (upper / (upper - lower)) * cells.size[cell]
    size = cells.size[cell]
    x = cells.origin[0, cell] + np.where(ends % 2, size * (ends == 1), share)
    y = cells.origin[1, cell] + np.where(ends % 2, share, size * (ends == 2))
    return np.stack([x, y], axis=-1)


def _joined(pieces: Pieces) -> tuple[Pieces, npt.NDArray[np.intp]]:
    """Chain pieces to lines: vertices (vertices, 2), and of each the number of its line."""
    keys = np.rint(pieces * 1024).astype(np.int64) @ np.array([1, 1 << 32])
    order = np.argsort(keys[:, 0])
    place = np.searchsorted(keys[order, 0], keys[:, 1])
    place = np.minimum(place, len(pieces) - 1)
    meets = keys[order[place], 0] == keys[:, 1] if len(pieces) else np.zeros(0, bool)
    follower = np.where(meets, order[place], -1)
    # lines with an end from there on, then closed ones from anywhere
    heads = np.ones(len(pieces), bool)
    heads[follower[meets]] = False
    follows, seen = follower.tolist(), [False] * len(pieces)
    chain: list[int] = []
    lengths: list[int] = []
    for head in (*np.flatnonzero(heads).tolist(), *range(len(pieces))):
        before, piece = len(chain), head
        while piece >= 0 and not seen[piece]:
            seen[piece] = True
            chain.append(piece)
            piece = follows[piece]
        if len(chain) > before:
            lengths.append(len(chain) - before)
    ordered = pieces[chain]
    last = np.cumsum(lengths, dtype=np.intp) - 1
    line = np.repeat(np.arange(len(lengths)), lengths)
    path = np.insert(ordered[:, 0], last + 1, ordered[last, 1], axis=0)
    return path, np.insert(line, last + 1, line[last])


def _superfluous(path: Pieces, line: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Mark vertices that lie between their neighbours, no two in a row."""
    found = np.zeros(len(path), bool)
    if len(path) < 3:
        return found
    chord = path[2:] - path[:-2]
    leg = path[1:-1] - path[:-2]
    away = np.abs(chord[:, 0] * leg[:, 1] - chord[:, 1] * leg[:, 0])
    length = np.hypot(chord[:, 0], chord[:, 1])
    inner = line[2:] == line[:-2]
    index = np.flatnonzero((away <= _STRAIGHT_PX * length) & (length > 0) & inner) + 1
    starts_run = np.diff(index, prepend=-1) != 1
    run_start = np.maximum.accumulate(np.where(starts_run, np.arange(len(index)), 0))
    found[index[(np.arange(len(index)) - run_start) % 2 == 0]] = True
    return found
