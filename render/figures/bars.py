"""Models compared: bars and the numbers themselves, a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, Protocol

from epochreel.nn.errors import InvalidInputError
from epochreel.render.bars import BarColumn, BarRow
from epochreel.render.figures.sheet import PAD, Sheet, accents, em_width, sheet
from epochreel.render.style import Style

__all__ = ["TableLike", "comparison"]

_ROW = 3.9
_HEAD = 2.2


class TableLike(Protocol):
    """Rows and columns of numbers with their words."""

    @property
    def rows(self) -> Sequence[BarRow]:
        """Whose numbers."""
        ...

    @property
    def columns(self) -> Sequence[BarColumn]:
        """Which numbers."""
        ...

    @property
    def note(self) -> str:
        """How they came about."""
        ...


def comparison(
    table: TableLike,
    *,
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw models side by side: a bar for each number, and the number.

    Parameters
    ----------
    table : BarTable
        Made by :func:`epochreel.scenes.figure_data.bar_table`, or anything with ``rows``,
        ``columns`` and a ``note``.
    ax, style, width
        As in :func:`~epochreel.render.figures.architecture`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidInputError
        Without rows or columns.
    """
    if not table.rows or not table.columns:
        raise InvalidInputError("table: must have at least one row and one column, got none")
    names = max(
        max(em_width(row.name, 1.0, "semibold"), em_width(row.note, 0.8)) for row in table.rows
    )
    lines = max(len(column.series) for column in table.columns)
    row = max(_ROW, 2.3 * lines + 0.8)

    def need(across: float) -> float:
        stacked = 1.7 if _stacked(names, len(table.columns), across) else 0.0
        notes = len(_wrapped(table.note, across - 2 * PAD))
        return 2 * PAD + _HEAD + len(table.rows) * (row + stacked) + 0.6 + 1.2 * notes

    on = sheet(ax, style, width, need)
    stacked = _stacked(names, len(table.columns), on.width)
    notes = _wrapped(table.note, on.width - 2 * PAD)
    gap = 1.2
    left = PAD if stacked else PAD + min(names, 0.4 * on.width) + gap
    wide = (on.width - PAD - left + gap) / len(table.columns) - gap
    body = on.height - 2 * PAD - _HEAD - 0.6 - 1.2 * len(notes)
    step = min(body / len(table.rows), 2 * row)
    top = PAD + _HEAD + (body - step * len(table.rows)) / 2
    for index, name in enumerate(table.rows):
        y = top + index * step
        on.path((PAD, on.width - PAD), (y, y), on.style.axis, line=0.6, alpha=0.5)
        middle = y + step / 2 + (0.85 if stacked else 0.0)
        place = y + 1.4 if stacked else middle - 0.15
        on.text(PAD, place, name.name, weight="semibold", align="left")
        if stacked:
            after = PAD + em_width(name.name, 1.0, "semibold") + 0.8
            on.text(after, place, name.note, 0.8, on.style.muted, align="left")
        else:
            on.text(PAD, place + 1.2, name.note, 0.8, on.style.muted, align="left")
        for number, column in enumerate(table.columns):
            _draw_cell(on, column, index, left + number * (wide + gap), middle, wide)
    keyed = max((i for i, one in enumerate(table.columns) if len(one.series) > 1), default=None)
    for number, column in enumerate(table.columns):
        x = left + number * (wide + gap)
        _draw_head(on, column, x, top - 0.8, keyed=number == keyed)
    for number, line in enumerate(notes):
        y = on.height - PAD - 0.3 - 1.2 * (len(notes) - 1 - number)
        on.text(PAD, y, line, 0.8, on.style.muted, align="left")
    return on.axes


def _stacked(names: float, columns: int, across: float) -> bool:
    """Tell whether names stand above their bars, where beside them there's no room."""
    return (across - 2 * PAD - names) / columns < 8.5


def _wrapped(text: str, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and em_width(longer, 0.8) <= width:
            lines[-1] = longer
        elif lines:
            lines.append(word)
        else:
            lines = [word]
    return lines


def _draw_head(on: Sheet, column: BarColumn, x: float, y: float, *, keyed: bool) -> None:
    colors = (accents(on.style)[0], on.style.axis)
    on.text(x, y, column.title, weight="semibold", align="left")
    x += em_width(column.title, 1.0, "semibold") + 0.7
    for name, color in zip(column.series, colors, strict=False):
        if keyed:
            on.box(x, y - 0.55, 0.55, 0.55, face=color)
            on.text(x + 0.75, y, name, 0.8, on.style.muted, align="left")
            x += 0.75 + em_width(name, 0.8) + 0.6


def _draw_cell(
    on: Sheet, column: BarColumn, index: int, x: float, middle: float, wide: float
) -> None:
    colors = (accents(on.style)[0], on.style.axis)
    values = [bar.highest for bars in column.bars for bar in bars if isfinite(bar.highest)]
    full = column.full or max(values, default=0.0) or 1.0
    words = max(em_width(bar.text, 0.95, "semibold") for bars in column.bars for bar in bars)
    longest = wide - words - 0.6
    bars = column.bars[index]
    for place, (bar, color) in enumerate(zip(bars, colors, strict=False)):
        y = middle + (place - (len(bars) - 1) / 2) * 1.7
        end = x
        if isfinite(bar.value):
            # also a small number is a line that can be seen
            length = max(0.1, longest * bar.value / full)
            on.box(x, y - 0.5, length, 1.0, face=color, label=f"{column.title} {bar.text}")
            end = x + length
        if isfinite(bar.highest) and bar.highest > bar.lowest:
            low, high = x + longest * bar.lowest / full, x + longest * bar.highest / full
            on.path((low, high), (y, y), on.style.ink, line=1.2, zorder=4)
            end = max(end, high)
        on.text(end + 0.4, y + 0.33, bar.text, 0.95, weight="semibold", align="left")
