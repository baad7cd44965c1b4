"""Panels of different kinds on one frame, in the cells of an arrangement."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

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

_MOST_TAKEN = 0.8
"""Of a frame's height or width by headings, labels and numbers; else cells are equal instead."""


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

    places = arrangement.places
    above = [_heading_height(outline, title_size, scale) for outline in outlines]
    beside = [
        outline.tick_width + tick_gap(scale) * bool(outline.tick_width) for outline in outlines
    ]
    below = [
        scale.small + tick_gap(scale) if outline.foot is None else outline.foot
        for outline in outlines
    ]
    # flush with what starts or ends at the same line of the grid
    heads = _greatest(above, [place.row for place in places])
    sides = _greatest(beside, [place.column for place in places])
    feet = _greatest(below, [place.row + place.rows - 1 for place in places])
    column_weights = arrangement.column_weights
    stands = _tracks(left, width - 2 * scale.margin, gap_x, column_weights, sides)
    strips: list[_Strip] = []
    for place, outline in zip(places, outlines, strict=True):
        right = stands[place.column + place.columns - 1][1]
        body_width = right - stands[place.column][0] - sides[place.column]
        strips.append(_strip(outline, body_width, scale))
    rooms = [strip.room for strip in strips]
    strip_rooms = _greatest(rooms, [place.row + place.rows - 1 for place in places])
    rows = range(len(arrangement.row_weights))
    taken = {
        row: heads.get(row, 0.0) + feet.get(row, 0.0) + strip_rooms.get(row, 0.0) for row in rows
    }
    lines = _tracks(top, grid_height, gap_y, arrangement.row_weights, taken)
    slots: list[Slot] = []
    for place, strip in zip(places, strips, strict=True):
        last = place.row + place.rows - 1
        head, side = heads[place.row], sides[place.column]
        x, right = stands[place.column][0], stands[place.column + place.columns - 1][1]
        y, bottom = lines[place.row][0], lines[last][1]
        lowest = bottom - feet[last] - strip.room
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
                    round(bottom - strip.height),
                    body.width,
                    max(1, int(strip.height)),
                )
                if strip.room
                else None,
                one_line=strip.one_line,
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


class _Strip(NamedTuple):
    """Room for a panel's numbers beneath its body, 0 where they stand beside the title."""

    room: float
    height: float
    one_line: bool


def _strip(outline: Outline, body_width: float, scale: TypeScale) -> _Strip:
    numbers = outline.numbers_width
    one_line = outline.strip_width <= body_width
    height = scale.body if one_line else scale.small * 1.45 + scale.title * 1.05
    wanted = numbers > 0 and outline.title_width + numbers + scale.heading > body_width
    room = height + (0.5 if one_line else 1.0) * scale.small if wanted else 0.0
    return _Strip(room, height, one_line)


def _greatest(numbers: Sequence[float], tracks: Sequence[int]) -> dict[int, float]:
    """Find the greatest number of each track."""
    found: dict[int, float] = {}
    for number, track in zip(numbers, tracks, strict=True):
        found[track] = max(number, found.get(track, 0.0))
    return found


def _tracks(
    start: float,
    length: float,
    gap: float,
    weights: Sequence[float],
    taken: Mapping[int, float],
) -> list[tuple[float, float]]:
    """Start and end of each row or column; what isn't `taken` of them is shared by weight.

    So bodies of equal weights are equally large, whatever stands around them.
    """
    extra = [taken.get(track, 0.0) for track in range(len(weights))]
    room = length - gap * (len(weights) - 1)
    if sum(extra) > _MOST_TAKEN * room:  # a tiny frame
        extra = [0.0] * len(weights)
    free = room - sum(extra)
    shares = [
        weight / sum(weights) * free + own for weight, own in zip(weights, extra, strict=True)
    ]
    starts = [start + at + gap * index for index, at in enumerate([0.0, *accumulate(shares)][:-1])]
    return [(at, at + share) for at, share in zip(starts, shares, strict=True)]


def _heading_height(outline: Outline, title_size: float, scale: TypeScale) -> float:
    if not outline.title_width and not outline.subtitle:
        return 0.0
    return title_size * LEADING + 1.35 * scale.small * outline.subtitle + 0.5 * scale.small
