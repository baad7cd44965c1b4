"""Panels of different kinds on one frame, in the cells of an arrangement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from epochreel.render.areas import Arrangement
from epochreel.render.layout import (
    CAPTION_LEADING,
    LEADING,
    FrameLayout,
    Rect,
    Slot,
    balanced_columns,
    tick_gap,
)
from epochreel.render.panels import Outline
from epochreel.render.style import TypeScale

__all__ = ["arrange"]


def arrange(
    size: tuple[int, int],
    outlines: Sequence[Outline],
    arrangement: Arrangement | None,
    *,
    header: bool,
    columns: int | None = None,
    caption_lines: int = 0,
) -> FrameLayout:
    """Divide a frame among panels of any kinds.

    Bodies of panels that start in the same row or column, or end there, are flush.

    Parameters
    ----------
    size : tuple of int
        Frame width and height in pixels.
    outlines : sequence of Outline
        What each panel asks for.
    arrangement : Arrangement or None
        Rows of equal cells when left out.
    header : bool
        Whether a line stands above all panels.
    columns : int, optional
        Panels beside one another, without an arrangement.
    caption_lines : int
        Lines of the longest caption.

    Returns
    -------
    FrameLayout
    """
    width, height = size
    scale = TypeScale.of_size(size)
    if arrangement is None:
        columns = columns or balanced_columns(len(outlines), size)
        arrangement = Arrangement.regular(len(outlines), columns)
    title_size = scale.heading
    header_height = scale.title * LEADING + 0.45 * scale.title if header else 0.0
    footer_height = scale.small * LEADING + 0.9 * scale.small
    band_height = math.ceil(caption_lines * CAPTION_LEADING * scale.heading)
    caption_height = band_height + scale.small if caption_lines else 0.0
    top, left = scale.margin + header_height, scale.margin
    gap_x, gap_y = 1.8 * scale.body, 1.3 * scale.body
    grid_height = height - top - scale.margin - caption_height - footer_height
    lines = _tracks(top, grid_height, gap_y, arrangement.row_weights)
    stands = _tracks(left, width - 2 * scale.margin, gap_x, arrangement.column_weights)

    places = arrangement.places
    above = [_heading_height(outline, title_size, scale) for outline in outlines]
    beside = [
        outline.tick_width + tick_gap(scale) * bool(outline.tick_width) for outline in outlines
    ]
    below = [
        scale.small + tick_gap(scale) if outline.foot is None else outline.foot
        for outline in outlines
    ]
    slots: list[Slot] = []
    for place, outline in zip(places, outlines, strict=True):
        # flush with what starts or ends at the same line of the grid
        head = max(a for a, p in zip(above, places, strict=True) if p.row == place.row)
        side = max(b for b, p in zip(beside, places, strict=True) if p.column == place.column)
        foot = max(
            b
            for b, p in zip(below, places, strict=True)
            if p.row + p.rows == place.row + place.rows
        )
        x, right = stands[place.column][0], stands[place.column + place.columns - 1][1]
        y, bottom = lines[place.row][0], lines[place.row + place.rows - 1][1]
        body_width = right - x - side
        numbers = outline.numbers_width
        strip = numbers > 0 and outline.title_width + numbers + scale.heading > body_width
        one_line = outline.strip_width <= body_width
        strip_gap = (0.5 if one_line else 1.0) * scale.small
        strip_height = scale.body if one_line else scale.small * 1.45 + scale.title * 1.05
        lowest = bottom - foot - (strip_gap + strip_height if strip else 0.0)
        body_left, body_top = round(x + side), round(y + head)
        body = Rect(
            body_left,
            body_top,
            max(1, int(right) - body_left),
            max(1, int(lowest) - body_top),
        )
        title_baseline = y + 0.95 * title_size
        slots.append(
            Slot(
                cell=Rect(int(x), int(y), int(right) - int(x), int(bottom) - int(y)),
                title_baseline=title_baseline,
                subtitle_baseline=title_baseline + 1.35 * scale.small,
                body=body,
                strip=Rect(
                    body.left,
                    round(bottom - strip_height),
                    body.width,
                    max(1, int(strip_height)),
                )
                if strip
                else None,
                one_line=one_line,
            )
        )
    band = None
    if caption_lines:
        band_top = int(height - scale.margin - footer_height - band_height)
        band = Rect(
            int(scale.margin), max(0, band_top), int(width - 2 * scale.margin), max(1, band_height)
        )
    return FrameLayout(
        size=size,
        scale=scale,
        header_baseline=scale.margin + 0.95 * scale.title if header else None,
        slots=tuple(slots),
        footer_baseline=height - scale.margin - 0.22 * scale.small,
        captions=band,
        rows=len(arrangement.row_weights),
        edges=(int(scale.margin), int(width - scale.margin)),
    )


def _tracks(
    start: float, length: float, gap: float, weights: Sequence[float]
) -> list[tuple[float, float]]:
    """Start and end of each row or column."""
    room = length - gap * (len(weights) - 1)
    shares = [weight / sum(weights) * room for weight in weights]
    starts = [start + at + gap * index for index, at in enumerate([0.0, *accumulate(shares)][:-1])]
    return [(at, at + share) for at, share in zip(starts, shares, strict=True)]


def _heading_height(outline: Outline, title_size: float, scale: TypeScale) -> float:
    if not outline.title_width and not outline.subtitle:
        return 0.0
    return title_size * LEADING + 1.35 * scale.small * outline.subtitle + 0.5 * scale.small
