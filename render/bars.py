"""A picture of numbers: horizontal bars in columns, a row for each model, every bar labelled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle

from epochreel.nn.errors import InvalidInputError
from epochreel.render.layout import FrameLayout
from epochreel.render.stage import Stage, rgb
from epochreel.render.stills import write_figure
from epochreel.render.style import Color, Style, TypeScale
from epochreel.render.text import shorten, text_width

__all__ = ["Bar", "BarColumn", "BarRow", "write_bars"]

WIDTH_PX = 1600
_NORMAL = (1600, 1200)
"""The frame whose type sizes are used, however many rows there are."""


@dataclass(frozen=True)
class Bar:
    """One number: what is drawn, over which range it was found, and how it is written."""

    value: float
    lowest: float
    highest: float
    text: str


@dataclass(frozen=True)
class BarColumn:
    """One quantity of all rows, on one scale from 0.

    Attributes
    ----------
    title : str
    series : tuple of str
        What the bars of a row are, the main one first; one unnamed where there is only one.
    bars : tuple of tuple of Bar
        For each row one of each series.
    full : float or None
        The value that fills the column's width; the largest there is when left out.
    """

    title: str
    series: tuple[str, ...]
    bars: tuple[tuple[Bar, ...], ...]
    full: float | None = None


@dataclass(frozen=True)
class BarRow:
    """Whose numbers a row shows, and a smaller line beneath the name."""

    name: str
    note: str


def write_bars(
    path: Path,
    *,
    title: str,
    note: str,
    rows: Sequence[BarRow],
    columns: Sequence[BarColumn],
    style: Style,
) -> tuple[int, int]:
    """Draw bars and write them as PNG, SVG or PDF.

    Parameters
    ----------
    path : Path
        Ends in ``.png``, ``.svg`` or ``.pdf``.
    title, note : str
        The heading, and the line at the foot.
    rows : sequence of BarRow
    columns : sequence of BarColumn
    style : Style

    Returns
    -------
    tuple of int
        Width and height in pixels: 1600, and as many as the rows need.

    Raises
    ------
    InvalidInputError
        For an unknown ending, or a column without bars for each row.
    OutputError
        When the file can't be written.
    """
    for column in columns:
        if {len(bars) for bars in column.bars} != {len(column.series)} or (
            len(column.bars) != len(rows)
        ):
            raise InvalidInputError(
                f"columns: must have a bar of each series for each of {len(rows)} rows, "
                f"got {column.title!r} with {[len(bars) for bars in column.bars]}"
            )
    scale = TypeScale.of_size(_NORMAL)
    row_px = 1.5 * scale.body * max(2, *(len(column.series) for column in columns)) + scale.body
    top = scale.margin + 3.1 * scale.title
    height = math.ceil(top + len(rows) * row_px + 2.2 * scale.small + scale.margin)
    layout = FrameLayout((WIDTH_PX, height), scale, None, (), height - scale.margin)
    with style.context():
        stage = Stage.create(style, layout, {})
        _draw(stage, title, note, rows, columns, top, row_px)
        write_figure(stage.under, path)
    return layout.size


def _draw(
    stage: Stage,
    title: str,
    note: str,
    rows: Sequence[BarRow],
    columns: Sequence[BarColumn],
    top: float,
    row_px: float,
) -> None:
    style, scale = stage.style, stage.layout.scale
    left, right = scale.margin, WIDTH_PX - scale.margin
    heading = shorten(title, right - left, scale.title, "semibold")
    stage.text(left, left + 0.95 * scale.title, heading, scale.title, style.ink, weight="semibold")
    foot = shorten(note, right - left, scale.small)
    stage.text(left, stage.layout.footer_baseline, foot, scale.small, style.muted)

    widest = max(
        max(text_width(row.name, scale.body, "semibold"), text_width(row.note, scale.small))
        for row in rows
    )
    names = min(widest, 0.3 * (right - left))
    gap = 1.5 * scale.heading
    width = (right - left - names) / len(columns) - gap
    colors = _colors(style)
    for index, row in enumerate(rows):
        middle = top + (index + 0.5) * row_px
        name = shorten(row.name, names, scale.body, "semibold")
        baseline = middle - 0.15 * scale.small
        stage.text(left, baseline, name, scale.body, style.ink, weight="semibold")
        stage.text(
            left, baseline + 1.35 * scale.small, shorten(row.note, names, scale.small),
            scale.small, style.muted,
        )  # fmt: skip
    for number, column in enumerate(columns):
        x = left + names + gap + number * (width + gap)
        _draw_head(stage, column, x, width, top, colors)
        values = [bar.highest for bars in column.bars for bar in bars if math.isfinite(bar.highest)]
        full = column.full or max(values, default=0.0) or 1.0
        texts = [bar.text for bars in column.bars for bar in bars]
        label = max(text_width(text, scale.small, "semibold") for text in texts)
        longest = width - label - 0.5 * scale.small
        for index, bars in enumerate(column.bars):
            middle = top + (index + 0.5) * row_px
            for place, (bar, color) in enumerate(zip(bars, colors, strict=False)):
                centre = middle + (place - (len(bars) - 1) / 2) * 1.5 * scale.body
                _draw_bar(stage, bar, x, centre, longest / full, color)


def _draw_head(
    stage: Stage, column: BarColumn, x: float, width: float, top: float, colors: Sequence[Color]
) -> None:
    """Write the column's title, and behind it which bar is which."""
    style, scale = stage.style, stage.layout.scale
    baseline = top - 0.6 * scale.body
    stage.text(x, baseline, column.title, scale.body, style.ink, weight="semibold")
    x += text_width(column.title, scale.body, "semibold") + scale.body
    for name, color in zip(column.series, colors, strict=False):
        if len(column.series) > 1:
            side = 0.6 * scale.small
            _fill(stage, x, baseline - side, side, side, color)
            stage.text(x + 1.4 * side, baseline, name, scale.small, style.muted)
            x += 1.4 * side + text_width(name, scale.small) + 0.8 * scale.small


def _draw_bar(
    stage: Stage, bar: Bar, x: float, centre: float, per_unit: float, color: Color
) -> None:
    style, scale = stage.style, stage.layout.scale
    thickness = 0.95 * scale.small
    end = x
    if math.isfinite(bar.value):
        # also a small number is a line that can be seen
        length = max(bar.value * per_unit, scale.line)
        _fill(stage, x, centre - thickness / 2, length, thickness, color)
        end = x + length
    if math.isfinite(bar.highest) and bar.highest > bar.lowest:
        low, high = x + bar.lowest * per_unit, x + bar.highest * per_unit
        _fill(stage, low, centre - scale.line, high - low, 2 * scale.line, style.ink)
        for tip in (low, high):
            _fill(stage, tip - scale.line, centre - 5 * scale.line, 2 * scale.line,
                  10 * scale.line, style.ink)  # fmt: skip
        end = max(end, high)
    baseline = centre + 0.35 * scale.small
    label_x = end + 0.5 * scale.small
    stage.text(label_x, baseline, bar.text, scale.small, style.ink, weight="semibold")


def _fill(stage: Stage, x: float, y: float, width: float, height: float, color: Color) -> None:
    """Paint a rectangle; all lengths in pixels from the upper left."""
    frame_width, frame_height = stage.layout.size
    stage.under.add_artist(
        Rectangle(
            (x / frame_width, 1 - (y + height) / frame_height),
            width / frame_width,
            height / frame_height,
            facecolor=rgb(color),
            linewidth=0,
            transform=stage.under.transFigure,
        )
    )


def _colors(style: Style) -> tuple[Color, Color]:
    """Choose a colour of the field that stands out from the ground, and a quiet second."""
    ramp = style.band_colors(10)
    clear = [color for color in ramp[[8, 9, 1, 0]] if _contrast(color, style.ground) >= 3]
    red, green, blue = (int(channel) for channel in (clear[0] if clear else style.ink))
    return (red, green, blue), style.axis


def _contrast(one: np.ndarray, other: Color) -> float:
    """Ratio of relative luminances. Source: WCAG 2.2, definition of contrast ratio."""
    linear = [
        np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        for c in (np.asarray(one) / 255, np.asarray(other) / 255)
    ]
    low, high = sorted(float(values @ (0.2126, 0.7152, 0.0722)) for values in linear)
    return (high + 0.05) / (low + 0.05)
