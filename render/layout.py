"""Where things stand: rectangles in pixels on one shared grid, measured from the top left."""

from __future__ import annotations

import math
from dataclasses import dataclass

from epochreel.render.style import TypeScale

__all__ = [
    "CAPTION_LEADING",
    "LEADING",
    "FrameLayout",
    "Rect",
    "Slot",
    "balanced_columns",
    "lay_out",
    "tick_gap",
]

CAPTION_LEADING = 1.3
"""Height of a line of a caption over the size of its type."""

LEADING = 1.22
"""Height of a line of text over its size."""

_TALLEST, _FLATTEST = 1.05, 0.4
"""Bounds of a plot's height over its width. Between them plots follow the room they have: features
have units of their own, so no shape is the right one, but a strip is hard to read."""


@dataclass(frozen=True)
class Rect:
    """A rectangle of whole pixels; ``top`` counts downwards from the frame's upper edge."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column past the rectangle."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row past the rectangle."""
        return self.top + self.height


@dataclass(frozen=True)
class Slot:
    """The place of one panel.

    Attributes
    ----------
    cell : Rect
        All of it: what the panel draws stays inside.
    title_baseline, subtitle_baseline : float
        Baselines of the panel's heading and of the line beneath it, in pixels from the top.
    body : Rect
        The plot; equal in all slots of a frame.
    strip : Rect or None
        Room for numbers beneath the plot; ``None`` where they stand beside the title.
    one_line : bool
        Whether the strip has room for numbers beside their labels only, not beneath them.
    x_labels, y_labels : bool
        Whether ticks are labelled here; a plot of several over the same plane leaves that to the
        lowest and the leftmost.
    """

    cell: Rect
    title_baseline: float
    subtitle_baseline: float
    body: Rect
    strip: Rect | None
    one_line: bool = False
    x_labels: bool = True
    y_labels: bool = True


@dataclass(frozen=True)
class FrameLayout:
    """The places of everything on a frame."""

    size: tuple[int, int]
    scale: TypeScale
    header_baseline: float | None
    slots: tuple[Slot, ...]
    footer_baseline: float
    captions: Rect | None = None
    rows: int = 1
    edges: tuple[int, int] | None = None
    """Left and right of header and footer; those of the bodies where ``None``."""

    @property
    def left(self) -> float:
        """Where the lines above and below the panels start."""
        return float(self.edges[0] if self.edges else min(slot.body.left for slot in self.slots))

    @property
    def right(self) -> float:
        """Where they end."""
        return float(self.edges[1] if self.edges else max(slot.body.right for slot in self.slots))


def lay_out(
    size: tuple[int, int],
    panels: int,
    *,
    tick_width: float,
    header: bool,
    subtitles: bool,
    strip: bool,
    one_line: bool = False,
    same_plane: bool = False,
    columns: int | None = None,
    caption_lines: int = 0,
) -> FrameLayout:
    """Divide a frame among panels.

    Parameters
    ----------
    size : tuple of int
        Frame width and height in pixels.
    panels : int
        Number of panels, at least 1.
    tick_width : float
        Width of the widest tick label, in pixels.
    header : bool
        Whether a title stands above all panels.
    subtitles : bool
        Whether panels have a second heading line.
    strip : bool
        Whether numbers stand beneath the plots rather than beside the titles.
    one_line : bool
        Whether they stand beside their labels there, rather than beneath them.
    same_plane : bool
        Whether all panels have the same axes. In several full rows their ticks are then labelled
        once, which leaves more room for the plots.
    columns : int, optional
        Panels beside one another; as many as bring the plots nearest to a square when left out.
    caption_lines : int
        Lines of the longest caption. They have a band of their own above the footer, the same for
        the whole film.

    Returns
    -------
    FrameLayout
    """
    width, height = size
    scale = TypeScale.of_size(size)
    columns = columns or balanced_columns(panels, size)
    rows = -(-panels // columns)
    line = scale.line
    title_size = scale.title if panels == 1 else scale.heading
    header_height = scale.title * LEADING + 0.35 * scale.title if header else 0.0
    footer_height = scale.small * LEADING + 0.9 * scale.small
    band_height = math.ceil(caption_lines * CAPTION_LEADING * scale.heading)
    band_top = int(height - scale.margin - footer_height - band_height)
    caption_height = band_height + scale.small if caption_lines else 0.0
    shared = same_plane and rows > 1 and panels == rows * columns
    between_columns = (1.4 if shared else 2.2) * scale.body
    between_rows = 1.2 * scale.body

    top_of_body = title_size * LEADING + (scale.small * 1.35 if subtitles else 0.0)
    top_of_body += 0.45 * title_size if panels == 1 else 0.5 * scale.small
    ticks_height = tick_gap(scale) + scale.small
    strip_gap = (0.5 if one_line else 1.0) * scale.small
    strip_height = scale.body if one_line else scale.small * 1.45 + scale.title * 1.05
    below_body = strip_gap + strip_height if strip else 0.0
    left_of_body = tick_width + tick_gap(scale)

    columns_width = width - 2 * scale.margin - (columns - 1) * between_columns - columns * line
    columns_width -= left_of_body * (1 if shared else columns)
    rows_height = height - 2 * scale.margin - header_height - caption_height - footer_height
    rows_height -= (rows - 1) * between_rows + rows * (top_of_body + below_body)
    rows_height -= ticks_height * (1 if shared else rows)
    body_width, body_height = _limit_aspect(columns_width / columns, rows_height / rows)
    left = scale.margin + (columns_width - columns * body_width) / 2
    top = scale.margin + header_height + (rows_height - rows * body_height) / 2

    slots: list[Slot] = []
    for index in range(panels):
        row, column = divmod(index, columns)
        x_labels = not shared or row == rows - 1
        y_labels = not shared or column == 0
        cell_left = left + column * (body_width + line + between_columns)
        cell_left += left_of_body * (min(column, 1) if shared else column)
        cell_top = top + row * (top_of_body + body_height + below_body + between_rows)
        cell_top += 0.0 if shared else row * ticks_height
        own_left = left_of_body if y_labels else 0.0
        own_ticks = ticks_height if x_labels else 0.0
        body = Rect(
            round(cell_left + own_left),
            round(cell_top + top_of_body),
            max(1, int(body_width)),
            max(1, int(body_height)),
        )
        title_baseline = cell_top + 0.95 * title_size
        slots.append(
            Slot(
                cell=Rect(
                    int(cell_left),
                    int(cell_top),
                    max(1, int(own_left + body_width)),
                    max(1, int(top_of_body + body_height + own_ticks + below_body)),
                ),
                title_baseline=title_baseline,
                subtitle_baseline=title_baseline + 1.35 * scale.small,
                body=body,
                strip=Rect(
                    body.left,
                    round(body.bottom + own_ticks + strip_gap),
                    body.width,
                    max(1, int(strip_height)),
                )
                if strip
                else None,
                one_line=one_line,
                x_labels=x_labels,
                y_labels=y_labels,
            )
        )
    band = None
    if caption_lines:
        left = min(slot.body.left for slot in slots)
        right = max(slot.body.right for slot in slots)
        band = Rect(left, max(0, band_top), right - left, max(1, band_height))
    return FrameLayout(
        size=size,
        scale=scale,
        header_baseline=scale.margin + 0.95 * scale.title if header else None,
        slots=tuple(slots),
        footer_baseline=height - scale.margin - 0.22 * scale.small,
        captions=band,
        rows=rows,
    )


def tick_gap(scale: TypeScale) -> float:
    """Distance from a spine to its tick labels, in pixels."""
    return 0.75 * scale.small


def balanced_columns(panels: int, size: tuple[int, int]) -> int:
    """Choose the number of columns whose cells come nearest to a square."""
    width, height = size

    def badness(columns: int) -> tuple[float, int]:
        rows = -(-panels // columns)
        ratio = (width / columns) / (height / rows)
        return max(ratio, 1 / ratio) + 0.5 * (columns * rows - panels), columns

    return min(range(1, panels + 1), key=badness)


def _limit_aspect(width: float, height: float) -> tuple[float, float]:
    """Shrink a box that is too tall or too flat."""
    return min(width, height / _FLATTEST), min(height, _TALLEST * width)
