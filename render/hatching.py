"""Where a model says nothing (its logit is not a number): a quiet hatch, and a word for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from epochreel.render.field import FloatImage, NodeGrid, Predict
from epochreel.render.isoline import Pieces
from epochreel.render.pixels import pack
from epochreel.render.stage import rgb
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import DPI, font_properties, text_width

__all__ = ["Hatching", "finite"]

_LARGEST = np.float32(1e30)
"""Stands for infinity: its probability is 0 or 1, and it can be interpolated."""

_WORDS = "hatched: not a number"


def finite(logits: FloatImage) -> FloatImage:
    """Make logits, (points,), fit for interpolation: no infinities, and 0 for NaN."""
    if np.isfinite(logits).all():
        return logits
    return np.nan_to_num(logits, nan=0.0, posinf=float(_LARGEST), neginf=-float(_LARGEST))


class Hatching:
    """Covers the cells of a grid that have a corner without a logit.

    Parameters
    ----------
    grid : NodeGrid
    style : Style
        Stripes have its muted colour on its ground.
    scale : TypeScale
    """

    def __init__(self, grid: NodeGrid, style: Style, scale: TypeScale) -> None:
        self._grid = grid
        row, column = np.ogrid[: grid.height, : grid.width]
        period = max(4, round(0.6 * scale.small))
        stripe = (row + column) % period < max(1, round(scale.line))
        colors = np.asarray([style.ground, style.muted], np.uint8)
        self._pattern = pack(colors)[stripe.astype(np.intp)]
        self._words = _words(style, scale)

    def draw(self, predict: Predict, canvas: npt.NDArray[np.uint8], line: Pieces) -> Pieces:
        """Hatch where `predict` gives NaN, on `canvas`, ``uint8`` (height, width, 4).

        Returns
        -------
        ndarray, shape (pieces, 2 ends, 2 coordinates)
            What of the 0.5 line is outside of the hatch; its edge is no boundary between classes.
        """
        cells = self._grid.unknown(predict)
        if not cells.any():
            return line
        height, width = canvas.shape[:2]
        step = self._grid.step
        covered = np.repeat(np.repeat(cells, step, axis=0), step, axis=1)[:height, :width]
        np.copyto(canvas.view(np.uint32)[:, :, 0], self._pattern, where=covered)
        words = self._words
        if words.shape[0] < height and words.shape[1] < width:
            canvas[height - words.shape[0] :, : words.shape[1]] = words
        # the last row and column of nodes have no cell of their own
        last = np.asarray(cells.shape)[::-1] - 1
        column, row = np.clip(line.mean(axis=1) // step, 0, last).astype(np.intp).T
        return line[~cells[row, column]]


def _words(style: Style, scale: TypeScale) -> npt.NDArray[np.uint8]:
    """Draw what the hatch means on a plate of the ground's colour, RGBA."""
    pad = round(0.5 * scale.small)
    width = max(1, round(text_width(_WORDS, scale.small)) + 2 * pad)
    height = max(1, round(1.2 * scale.small) + pad)
    figure: Any = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=rgb(style.ground))
    figure.text(
        pad / width,
        (pad / 2 + 0.3 * scale.small) / height,
        _WORDS,
        fontproperties=font_properties(scale.small),
        color=rgb(style.muted),
        va="baseline",
    )
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()
