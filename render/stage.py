"""What a panel draws on while it is built: two Matplotlib figures and slots for numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from epochreel.nn.recording import Recording
from epochreel.render.layout import FrameLayout, Rect
from epochreel.render.pixels import pack, unpack
from epochreel.render.style import Color, Style
from epochreel.render.text import DPI, NumberSlot, font_properties
from epochreel.render.timeline import Moment

__all__ = ["Overlay", "Stage"]


@dataclass(frozen=True, eq=False)
class Stage:
    """Everything a panel may use while it is built.

    Attributes
    ----------
    style : Style
    layout : FrameLayout
    recordings : mapping
        Recording by model name.
    under, over : matplotlib.figure.Figure
        Static artists beneath and above what the panel paints per frame.
    shown : sequence of Moment
        All moments of the film, as far as they are known.
    """

    style: Style
    layout: FrameLayout
    recordings: Mapping[str, Recording]
    under: Any  # Matplotlib's stubs leave its keyword arguments untyped
    over: Any
    shown: Sequence[Moment] = ()

    @classmethod
    def create(
        cls, style: Style, layout: FrameLayout, recordings: Mapping[str, Recording]
    ) -> Stage:
        """Make the two empty figures. Call inside ``style.context()``."""
        width, height = layout.size
        figsize = (width / DPI, height / DPI)
        under, over = Figure(figsize=figsize, dpi=DPI), Figure(figsize=figsize, dpi=DPI)
        over.patch.set_alpha(0.0)
        return cls(style, layout, recordings, under, over)

    def axes(self, rect: Rect, *, over: bool = False) -> Any:
        """Add Matplotlib axes that fill `rect` to the figure beneath, or to the one above."""
        width, height = self.layout.size
        figure = self.over if over else self.under
        axes = figure.add_axes(
            (
                rect.left / width,
                1 - rect.bottom / height,
                rect.width / width,
                rect.height / height,
            )
        )
        if over:
            axes.patch.set_alpha(0.0)
        return axes

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        size_px: float,
        color: Color,
        *,
        weight: str = "normal",
        align: Literal["left", "center", "right"] = "left",
    ) -> None:
        """Write a line that never changes; `x` and `baseline` in pixels from the upper left."""
        width, height = self.layout.size
        # parse_math off: a title with two dollar signs is a title, not a formula
        self.under.text(
            x / width,
            1 - baseline / height,
            text,
            fontproperties=font_properties(size_px, weight),
            color=rgb(color),
            ha=align,
            va="baseline",
            parse_math=False,
        )

    def stamp(self, slot: NumberSlot, text: str) -> None:
        """Write what a slot would show, as text that never changes."""
        plain = text.replace("-", "\N{MINUS SIGN}")
        self.text(slot.left, slot.baseline, plain, slot.size_px, slot.ink, weight=slot.weight)

    def image(self, pixels: npt.NDArray[np.uint8], rect: Rect) -> Any:
        """Lay an image, shape (rect.height, rect.width, 3 or 4), below all else; give its axes.

        They count in pixels of the rectangle, downwards.
        """
        axes = self.axes(rect)
        axes.set_axis_off()
        axes.set_zorder(-1)
        extent = (0, rect.width, rect.height, 0)
        axes.imshow(pixels, extent=extent, interpolation="none", aspect="auto")
        return axes

    def pixel_axes(self, rect: Rect) -> Any:
        """Add axes above all else that count in pixels of the rectangle, downwards."""
        axes = self.axes(rect, over=True)
        axes.set_axis_off()
        axes.set_xlim(0, rect.width)
        axes.set_ylim(rect.height, 0)
        axes.set_zorder(9)
        return axes

    def number(
        self,
        x: float,
        baseline: float,
        size_px: float,
        color: Color,
        *,
        weight: str = "normal",
    ) -> NumberSlot:
        """Make a slot for a number that changes, starting at `x`."""
        return NumberSlot.create(x, baseline, size_px, weight, color, self.style.ground)

    def render_under(self) -> npt.NDArray[np.uint8]:
        """Draw the figure beneath: RGBA, ``uint8`` of shape (height, width, 4), opaque."""
        return _draw(self.under).copy()

    def render_over(self) -> Overlay:
        """Draw the figure above."""
        return Overlay.from_rgba(_draw(self.over))


@dataclass(frozen=True, eq=False)
class Overlay:
    """A mostly transparent layer, kept as its visible pixels only.

    Blending 50 000 listed pixels takes 1 ms; blending all of 1600×1200 takes 30. Opaque ones,
    four fifths of points and rings, are only stored.
    """

    index: npt.NDArray[np.intp]  # (pixels,) flat positions
    color: npt.NDArray[np.uint16]  # (pixels, 4) premultiplied by alpha, times 255
    keep: npt.NDArray[np.uint16]  # (pixels, 1) 255 - alpha
    opaque_index: npt.NDArray[np.intp]  # (opaque,)
    opaque: npt.NDArray[np.uint32]  # (opaque,) as single numbers

    @classmethod
    def from_rgba(cls, rgba: npt.NDArray[np.uint8]) -> Overlay:
        """Take the pixels of an image, shape (height, width, 4), straight alpha, that show."""
        flat = rgba.reshape(-1, 4)
        alpha = flat[:, 3]
        opaque_index = np.flatnonzero(alpha == 255)
        index = np.flatnonzero((alpha > 0) & (alpha < 255))
        visible = flat[index].astype(np.uint16)
        share = visible[:, 3:].copy()
        visible[:, 3] = 255
        return cls(
            index,
            visible * share + np.uint16(127),
            np.uint16(255) - share,
            opaque_index,
            pack(flat[opaque_index]),
        )

    def split(self, inside: npt.NDArray[np.bool_]) -> tuple[Overlay, Overlay]:
        """Part the pixels into those in a mask, shape (height, width), and the others."""
        inside = inside.ravel()
        some, opaque = inside[self.index], inside[self.opaque_index]
        return self._only(some, opaque), self._only(~some, ~opaque)

    def _only(self, some: npt.NDArray[np.bool_], opaque: npt.NDArray[np.bool_]) -> Overlay:
        return Overlay(
            self.index[some],
            self.color[some],
            self.keep[some],
            self.opaque_index[opaque],
            self.opaque[opaque],
        )

    def blend(self, canvas: npt.NDArray[np.uint8]) -> None:
        """Lay the visible pixels over `canvas`, contiguous ``uint8``, (height, width, 4)."""
        flat = canvas.view(np.uint32).ravel()
        flat[self.opaque_index] = self.opaque
        mixed = unpack(flat[self.index]) * self.keep
        mixed += self.color
        # exact division by 255 of anything below 65 536, as two shifts: half the blend's time
        mixed = (mixed + np.uint16(1) + (mixed >> 8)) >> 8
        flat[self.index] = pack(mixed.astype(np.uint8))


def rgb(color: Color) -> tuple[float, float, float]:
    """Colour in 0..255 as Matplotlib wants it, in 0..1."""
    red, green, blue = color
    return red / 255, green / 255, blue / 255


def _draw(figure: Any) -> npt.NDArray[np.uint8]:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())
