"""The confusion matrix over time: what each class is taken for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from epochreel.nn.dataset import FloatArray, IntArray
from epochreel.nn.recording import Recording
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Rect, Slot
from epochreel.render.panels import OneModel, Outline, PanelDrawing
from epochreel.render.panels.heading import draw_heading
from epochreel.render.panels.signs import luminance
from epochreel.render.predicting import classes_of, needs_classes, split_of
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Color, Style, TypeScale
from epochreel.render.text import shorten, text_width
from epochreel.render.timeline import Moment

__all__ = ["ConfusionPanel"]


@dataclass(frozen=True)
class ConfusionPanel(OneModel):
    """Options of the confusion-matrix panel.

    A row for each true class, a column for each predicted one; a cell's colour is its share of the
    row, its number the count of samples.

    Attributes
    ----------
    model : str
        Name of the recording to show.
    title, subtitle : str or None
        Heading; ``Confusion`` and which samples are counted, when left out.
    """

    title: str | None = None
    subtitle: str | None = None

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants."""
        needs_classes(recordings[self.model], "confusion")
        names = recordings[self.model].dataset.class_names
        return Outline(
            tick_width=max(text_width(_cut(name, scale), scale.small) for name in names),
            title_width=text_width(self.title or "Confusion", title_size, "semibold"),
            subtitle=True,
            foot=2 * scale.small + 0.75 * scale.small,
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Write heading and names of classes once."""
        recording = stage.recordings[self.model]
        x, y, split = split_of(recording.dataset)
        noun = "test" if split == "test" else "training"
        subtitle = self.subtitle or f"{self.model}: {len(y)} {noun} points, true class by row"
        draw_heading(stage, slot, self.title or "Confusion", subtitle, title_size)
        style, scale = stage.style, stage.layout.scale
        names, body = recording.dataset.class_names, slot.body
        count = len(names)
        for index, name in enumerate(names):
            middle = body.top + (index + 0.5) * body.height / count
            text = _cut(name, scale)
            left, drop = body.left - 0.75 * scale.small, 0.35 * scale.small
            stage.text(left, middle + drop, text, scale.small, style.muted, align="right")
            text = shorten(name, 0.92 * body.width / count, scale.small)
            place = body.left + (index + 0.5) * body.width / count
            below = body.bottom + 1.5 * scale.small
            stage.text(place, below, text, scale.small, style.muted, align="center")
        return _ConfusionDrawing(self.model, recording, x, y, body, stage)


class _ConfusionDrawing(InkDrawing):
    def __init__(
        self, model: str, recording: Recording, x: FloatArray, y: IntArray, rect: Rect, stage: Stage
    ) -> None:
        super().__init__(rect, stage.style.ground)
        self.model, self.recording, self.x, self.y, self.rect = model, recording, x, y, rect
        self.style, self.scale = stage.style, stage.layout.scale

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Fill the cells and write their counts."""
        classes = self.recording.dataset.classes
        predicted = classes_of(self.recording, moment.snapshots[self.model], self.x)
        counts = np.zeros((classes, classes), np.int64)
        np.add.at(counts, (self.y, predicted), 1)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        width, height = self.rect.width / classes, self.rect.height / classes
        gap = 1.5 * self.scale.line
        ground, full = np.array(rgb(self.style.ground)), np.array(rgb(_accent(self.style)))
        size = min(self.scale.heading, 0.36 * min(width, height))
        for row in range(classes):
            for column in range(classes):
                left, top = column * width + gap, row * height + gap
                right, bottom = (column + 1) * width - gap, (row + 1) * height - gap
                corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]])
                color = ground + (full - ground) * (0.08 + 0.80 * shares[row, column])
                ink.polygons(corners, np.array([[*color, 1.0]]))
                shade = (17, 21, 29) if luminance(color) > 0.18 else (245, 246, 248)
                ink.text(
                    (left + right) / 2,
                    (top + bottom) / 2 + 0.35 * size,
                    str(counts[row, column]),
                    size,
                    shade if shares[row, column] or counts[row].sum() else self.style.muted,
                    weight="semibold" if row == column else "normal",
                    align="center",
                )


def _cut(name: str, scale: TypeScale) -> str:
    return shorten(name, 6 * scale.small, scale.small)


def _accent(style: Style) -> Color:
    red, green, blue = (int(value) for value in style.class_colors(2)[1])
    return red, green, blue
