"""Text that changes: digits stamped from an atlas that Matplotlib draws once.

Drawing one line of text with Agg costs about 3 ms, as much as a whole field; copying a few
pre-drawn cells costs 0.02 ms (measured at 1600×1200). The bundled font has tabular figures and
each cell is a whole number of pixels wide, so a counter never jitters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags

from epochreel.render.style import Color, text_font

__all__ = [
    "DPI",
    "NumberSlot",
    "WordMasks",
    "number_width",
    "points",
    "shorten",
    "text_width",
]

DPI = 64
"""Dots per inch of every figure: a power of two, so that pixels survive the way through inches."""

_MOST_MASKS = 4000
"""So many lines of text are kept, some 10 MB; then all are set anew."""

_CHARACTERS = "0123456789.-+e% naifs\N{FIGURE SPACE}"


def points(size_px: float) -> float:
    """Font size in points that is `size_px` pixels at :data:`DPI`."""
    return size_px * 72.0 / DPI


def font_properties(size_px: float, weight: str = "normal") -> FontProperties:
    """Bundled font at a size in pixels; ``weight`` is ``"normal"`` or ``"semibold"``."""
    return FontProperties(fname=text_font(weight), size=points(size_px))


def text_width(text: str, size_px: float, weight: str = "normal") -> float:
    """Width of a line of text in pixels as Agg sets it, with its kerning and hinting."""
    properties = font_properties(size_px, weight)
    return _renderer().get_text_width_height_descent(text, properties, False)[0]


def number_width(text: str, size_px: float, weight: str = "normal") -> int:
    """Width in pixels of characters that a :class:`NumberSlot` shows, each in its whole cell."""
    font = _font(size_px, weight)
    return sum(_cell_width(font, character) for character in text)


def shorten(text: str, width: float, size_px: float, weight: str = "normal") -> str:
    """Cut text that is wider than `width` pixels; three dots stand for what is missing."""
    if text_width(text, size_px, weight) <= width:
        return text
    kept = len(text)
    while kept and text_width(text[:kept].rstrip() + "…", size_px, weight) > width:
        kept -= 1
    return text[:kept].rstrip() + "…" if kept else ""


@dataclass(frozen=True, eq=False)
class NumberSlot:
    """A place on plain ground where a short string of digits is shown.

    Attributes
    ----------
    left, top : int
        Upper left corner in pixels.
    baseline, size_px, weight, ink
        As it was created.
    cells : dict
        Pixels of each character, ``uint8`` of shape (height, advance, 4), already on the ground's
        colour.
    """

    left: int
    top: int
    baseline: float
    size_px: float
    weight: str
    ink: Color
    cells: dict[str, npt.NDArray[np.uint8]] = field(repr=False)

    @classmethod
    def create(
        cls, left: float, baseline: float, size_px: float, weight: str, ink: Color, ground: Color
    ) -> NumberSlot:
        """Pre-draw all characters a number may need.

        Parameters
        ----------
        left, baseline : float
            Where the text starts, in pixels from the frame's upper left corner.
        size_px : float
            Size of the type in pixels.
        weight : str
            ``"normal"`` or ``"semibold"``.
        ink, ground : tuple of int
            RGB in 0..255.
        """
        font = _font(size_px, weight)
        advances = {c: _cell_width(font, c) for c in _CHARACTERS}
        ascent = math.ceil(size_px * 0.85)
        height = ascent + math.ceil(size_px * 0.30)
        # One empty cell on either side keeps a glyph's overhang out of its neighbour's cell.
        pitch = max(advances.values()) * 3
        figure: Any = Figure(figsize=(pitch * len(_CHARACTERS) / DPI, height / DPI), dpi=DPI)
        figure.patch.set_alpha(0.0)
        for index, character in enumerate(_CHARACTERS):
            figure.text(
                (pitch * index + pitch // 3) / (pitch * len(_CHARACTERS)),
                1 - ascent / height,
                character.replace("-", "\N{MINUS SIGN}"),
                fontproperties=font_properties(size_px, weight),
                color="black",
                ha="left",
                va="baseline",
            )
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        coverage = np.asarray(canvas.buffer_rgba())[:, :, 3:].astype(np.float32) / 255.0
        colors = np.asarray((*ground, 255), np.float32) * (1 - coverage) + (
            np.asarray((*ink, 255), np.float32) * coverage
        )
        pixels = np.rint(colors).astype(np.uint8)
        cells: dict[str, npt.NDArray[np.uint8]] = {}
        for index, character in enumerate(_CHARACTERS):
            start = pitch * index + pitch // 3
            cells[character] = np.ascontiguousarray(pixels[:, start : start + advances[character]])
        return cls(
            left=round(left),
            top=round(baseline) - ascent,
            baseline=round(baseline),
            size_px=size_px,
            weight=weight,
            ink=ink,
            cells=cells,
        )

    def width(self, text: str) -> int:
        """Width of `text` in pixels."""
        return sum(self.cells[character].shape[1] for character in text)

    def draw(self, canvas: npt.NDArray[np.uint8], text: str) -> None:
        """Copy the characters of `text` into `canvas`, ``uint8`` of shape (height, width, 4).

        What would stand outside of the canvas is left away.
        """
        height, width = canvas.shape[:2]
        top, x = max(self.top, 0), self.left
        for character in text:
            cell = self.cells[character]
            bottom = min(self.top + cell.shape[0], height)
            right = min(x + cell.shape[1], width)
            if bottom > top and right > x >= 0:
                canvas[top:bottom, x:right] = cell[top - self.top : bottom - self.top, : right - x]
            x += cell.shape[1]


@cache
def _renderer() -> Any:
    return RendererAgg(1, 1, DPI)


def _font(size_px: float, weight: str) -> FT2Font:
    font = FT2Font(text_font(weight))
    font.set_size(points(size_px), DPI)
    return font


def _cell_width(font: FT2Font, character: str) -> int:
    character = character.replace("-", "\N{MINUS SIGN}")
    return max(1, round(font.load_char(ord(character)).linearHoriAdvance / 65536.0))


class WordMasks:
    """Lines of text that change, each rasterised once and kept: for words on a painted ground.

    Setting a line costs 0.1 ms the first time and a few microseconds again.
    """

    def __init__(self) -> None:
        self._masks: dict[tuple[str, float, str], tuple[npt.NDArray[np.uint8], int]] = {}

    def stamp(
        self,
        canvas: npt.NDArray[np.uint8],
        x: float,
        baseline: float,
        text: str,
        size_px: float,
        color: Color,
        weight: str,
        align: str,
    ) -> None:
        """Write into `canvas`, (height, width, 4); what would stand outside is left away."""
        mask, descent = self._mask(text, size_px, weight)
        height, width = mask.shape
        left = round(x - {"left": 0.0, "center": width / 2, "right": float(width)}[align])
        top = round(baseline) + descent - height
        upper, lower = max(top, 0), min(top + height, canvas.shape[0])
        first, last = max(left, 0), min(left + width, canvas.shape[1])
        if upper >= lower or first >= last:
            return
        box = canvas[upper:lower, first:last, :3]
        cover = mask[upper - top : lower - top, first - left : last - left, None].astype(np.uint16)
        ink = np.asarray(color, np.uint16)
        box[:] = (box * (255 - cover) + ink * cover + 127) // 255

    def _mask(self, text: str, size_px: float, weight: str) -> tuple[npt.NDArray[np.uint8], int]:
        key = text, size_px, weight
        if key not in self._masks:
            if len(self._masks) > _MOST_MASKS:
                self._masks.clear()
            font = _font(size_px, weight)
            # hinted as Agg does it: else figures stand unevenly, and wider than they are measured
            font.set_text(text, 0.0, flags=LoadFlags.DEFAULT)
            font.draw_glyphs_to_bitmap(antialiased=True)
            descent = round(font.get_descent() / 64.0)
            self._masks[key] = np.array(font.get_image(), np.uint8), descent
        return self._masks[key]
