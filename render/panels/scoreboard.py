"""Numbers of several models side by side: a row for each model, the best of a column marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from epochreel.nn.errors import unknown_name
from epochreel.nn.recording import Layered, Recording, reached
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Rect, Slot
from epochreel.render.panels import SCORES, Outline, PanelDrawing
from epochreel.render.panels.heading import draw_heading
from epochreel.render.panels.numbers import Measure, choose_numbers
from epochreel.render.stage import Stage
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import number_width, shorten, text_width
from epochreel.render.timeline import Moment

__all__ = ["ScoreboardPanel", "best_of"]

_TALLEST_ROW = 2.6
"""Over the size of its type."""

_UNKNOWN = "\N{EN DASH}"


@dataclass(frozen=True)
class ScoreboardPanel:
    """Options of the scoreboard panel.

    Attributes
    ----------
    models : tuple of str
        Names of recordings, a row for each.
    title, subtitle : str or None
        Heading; ``Scoreboard`` when left out.
    numbers : sequence of str or None
        Which of :data:`~epochreel.render.panels.SCORES` are its columns; parameters, accuracy and
        loss when left out.
    """

    models: tuple[str, ...]
    title: str | None = None
    subtitle: str | None = None
    numbers: Sequence[str] | None = None

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants."""
        self._columns(recordings)  # what isn't there is refused before anything is drawn
        return Outline(
            title_width=text_width(self.title or "Scoreboard", title_size, "semibold"),
            subtitle=self.subtitle is not None,
            foot=0.5 * scale.small,
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Write heading, names and labels once."""
        draw_heading(stage, slot, self.title or "Scoreboard", self.subtitle, title_size)
        columns = self._columns(stage.recordings)
        table = _Table.fitted(self.models, columns, slot.body, stage.layout.scale)
        style, body, scale = stage.style, slot.body, stage.layout.scale
        for row, name in enumerate(self.models):
            shown = shorten(name, table.names, table.size_px)
            stage.text(body.left, body.top + table.baseline(row), shown, table.size_px, style.ink)
        before = (table.names, *table.rights)
        for column, left, right in zip(columns, before, table.rights, strict=False):
            lines = _lines(column.label, right - left - 0.8 * scale.small, scale)
            for line, text in enumerate(reversed(lines)):
                baseline = body.top + table.head - (0.7 + 1.2 * line) * scale.small
                stage.text(
                    body.left + right, baseline, text, scale.small, style.muted, align="right"
                )
        axes = stage.axes(body)
        axes.set_axis_off()
        axes.set_xlim(0, body.width)
        axes.set_ylim(body.height, 0)
        for row in range(len(self.models) + 1):
            axes.axhline(
                table.head + row * table.row,
                color=[channel / 255 for channel in style.axis],
                alpha=0.9 if row == 0 else 0.35,
                linewidth=0.72 * scale.line,
            )
        return _ScoreboardDrawing(self.models, columns, table, body, stage)

    def _columns(self, recordings: Mapping[str, Recording]) -> tuple[_Column, ...]:
        shown = [recordings[name] for name in self.models]
        keys = self.numbers
        if keys is None:
            keys = ["parameters", *(measure.key for measure in choose_numbers(shown[0], None))]
        return tuple(_column(key, shown) for key in keys)


@dataclass(frozen=True)
class _Column:
    """One number of every model; `better` is 1 where more is, -1 where less is, 0 for neither."""

    key: str
    label: str
    widest: str
    better: int
    measures: tuple[Measure, ...]

    def text(self, row: int, recording: Recording, snapshot: float) -> str:
        if self.measures:
            return self.measures[row].text(recording, snapshot)
        if self.key == "parameters":
            known = isinstance(recording, Layered)
            return f"{recording.vector(0).size}" if known else _UNKNOWN
        counts = recording.updates if self.key == "updates" else recording.epochs
        return f"{reached(counts, snapshot)}"

    def value(self, recording: Recording, snapshot: float) -> float:
        """Give what is compared."""
        if self.key == "seconds":
            places = np.arange(len(recording))
            return float(np.interp(snapshot, places, recording.seconds))
        return float(recording.metrics[self.key][int(snapshot)])


def _column(key: str, shown: Sequence[Recording]) -> _Column:
    if key not in SCORES:
        raise unknown_name("numbers", key, SCORES)
    if key in ("parameters", "updates", "epochs"):
        column = _Column(key, SCORES[key], "", 0, ())
        widest = max((column.text(0, one, len(one) - 1) for one in shown), key=len)
        return _Column(key, SCORES[key], widest, 0, ())
    measures = tuple(choose_numbers(one, [key])[0] for one in shown)
    better = 1 if key.endswith(("accuracy", "r2")) else -1
    widest = max((measure.widest for measure in measures), key=len)
    # what a training took is told, not judged: the trainings differ in more than that
    return _Column(key, SCORES[key], widest, 0 if key == "seconds" else better, measures)


def best_of(shown: Sequence[str], values: Sequence[float], better: int) -> list[bool]:
    """Tell which rows are best, of those that can be told apart as they are shown.

    Parameters
    ----------
    shown : sequence of str
        The numbers as a viewer reads them.
    values : sequence of float
    better : int
        1 where more is better, -1 where less is, 0 where neither.
    """
    known = [value for value in values if not np.isnan(value)]
    if not better or len(values) < 2 or not known:
        return [False] * len(values)
    best = max(known) if better > 0 else min(known)
    words = shown[list(values).index(best)]
    found = [text == words for text in shown]
    return [False] * len(values) if all(found) else found


@dataclass(frozen=True)
class _Table:
    """Where rows and columns stand in the body, in pixels from its upper left corner."""

    size_px: float
    names: float  # width of the first column
    rights: tuple[float, ...]  # right edges of the numbers
    head: float
    row: float

    def baseline(self, row: int) -> float:
        return self.head + (row + 0.5) * self.row + 0.35 * self.size_px

    @classmethod
    def fitted(
        cls, models: Sequence[str], columns: Sequence[_Column], body: Rect, scale: TypeScale
    ) -> _Table:
        """Choose the largest type that has room."""
        head = 3.1 * scale.small
        row = (body.height - head) / max(1, len(models))
        for size_px in (scale.title, scale.heading, scale.body, scale.small):
            gap = 1.1 * size_px
            widths = tuple(_width(column, size_px, scale) for column in columns)
            names = max(text_width(name, size_px) for name in models)
            spare = body.width - names - sum(widths) - gap * len(columns)
            if spare >= 0 and row >= 1.35 * size_px:
                break
        else:
            size_px = scale.small
            names = max(3.0 * scale.small, names + spare)
            gap, spare = 0.7 * size_px, 0.0
        # what is left over goes between the columns
        wider = gap + max(0.0, spare) / max(1, len(columns))
        rights: list[float] = []
        right = float(body.width)
        for width in reversed(widths):
            rights.insert(0, right)
            right -= width + wider
        return cls(size_px, names, tuple(rights), head, min(row, _TALLEST_ROW * size_px))


def _width(column: _Column, size_px: float, scale: TypeScale) -> float:
    label = max(text_width(word, scale.small) for word in column.label.split(" "))
    # a disc beside the number, where one may be the best
    mark = 0.75 * size_px if column.better else 0.0
    return max(label, number_width(column.widest, size_px, "semibold") + mark)


def _lines(label: str, width: float, scale: TypeScale) -> list[str]:
    """Write a label on one line, or a word on each of two."""
    if text_width(label, scale.small) <= width or " " not in label:
        return [label]
    return label.split(" ", 1)


class _ScoreboardDrawing(InkDrawing):
    def __init__(
        self,
        models: tuple[str, ...],
        columns: tuple[_Column, ...],
        table: _Table,
        rect: Rect,
        stage: Stage,
    ) -> None:
        super().__init__(rect, stage.style.ground)
        self._models, self._columns, self._table = models, columns, table
        self._recordings, self._style = stage.recordings, stage.style

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Write the numbers; a disc and heavier type for the best of a column."""
        table, style, size = self._table, self._style, self._table.size_px
        rows = [(self._recordings[name], moment.snapshots[name]) for name in self._models]
        for column, right in zip(self._columns, table.rights, strict=True):
            shown = [column.text(row, *one) for row, one in enumerate(rows)]
            values = [column.value(*one) for one in rows] if column.better else [0.0] * len(rows)
            best = best_of(shown, values, column.better)
            for row, (text, leads) in enumerate(zip(shown, best, strict=True)):
                weight, color = ("semibold", style.ink) if leads else ("normal", style.muted)
                text = text.replace("-", "\N{MINUS SIGN}")
                baseline = table.baseline(row)
                ink.text(right, baseline, text, size, color, weight=weight, align="right")
                if leads:
                    beside = right - number_width(column.widest, size, "semibold") - 0.42 * size
                    place = np.array([[beside, baseline - 0.35 * size]])
                    ink.markers(place, 0.34 * size, style.ink, style.ink, ring_px=0.5)
