"""The decision boundary: probabilities over the plane, the 0.5 line, points and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from epochreel.nn.recording import Recording
from epochreel.render.counter import counter_digits, reached_text
from epochreel.render.field import NodeGrid
from epochreel.render.isoline import Pieces
from epochreel.render.layout import Slot
from epochreel.render.panels import OneModel, Outline, PanelDrawing
from epochreel.render.panels.axes import draw_axes, frame_axes, tick_width
from epochreel.render.panels.fields import PlaneField, field_of
from epochreel.render.panels.numbers import (
    Measure,
    choose_numbers,
    numbers_width,
    place_numbers,
    strip_width,
)
from epochreel.render.panels.samples import (
    Crosses,
    Shown,
    choose_samples,
    draw_samples,
    samples_legend,
)
from epochreel.render.planes import Plane, PlaneOf, plane_of
from epochreel.render.predicting import needs_classes, outputs_of
from epochreel.render.stage import Stage
from epochreel.render.stroke import Stroke
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import NumberSlot, number_width, shorten, text_width
from epochreel.render.timeline import Moment

__all__ = ["BoundaryPanel"]

SMOOTH_BANDS = 256
"""So many steps of colour that none is seen: eight bits a channel have few more."""


@dataclass(frozen=True)
class BoundaryPanel(OneModel):
    """Options of the decision-boundary panel.

    Attributes
    ----------
    model : str
        Name of the recording to show.
    title : str or None
        What stands before the counter; the model's name when left out.
    subtitle : str or None
        A second, smaller heading line.
    bands : int or "smooth"
        Number of colour steps over probabilities in [0, 1]; smooth is as many as a pixel can show.
        Of more than two classes, steps of the leading class's probability.
    show_points : {"test", "train", "both", "none"}
        Which points of the dataset are drawn; of both, those of the training are the smaller.
    mark_errors : bool
        Whether points that are misclassified at a moment carry a cross.
    plane : TwoFeatures, "pca" or None
        Which plane is shown of more than two features; the principal components when left out.
    numbers : sequence of str or None
        Which of :data:`~epochreel.render.panels.NUMBERS` are shown, in this order; accuracy and
        loss on the test split when left out, or on the training data where there is none.
    """

    title: str | None = None
    subtitle: str | None = None
    bands: int | Literal["smooth"] = 25
    show_points: Shown = "test"
    mark_errors: bool = False
    plane: PlaneOf | None = None
    numbers: Sequence[str] | None = None

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants."""
        recording = recordings[self.model]
        needs_classes(recording, "boundary")
        measures = choose_numbers(recording, self.numbers)
        plane = plane_of(recording.dataset, self.plane)
        groups = choose_samples(recording.dataset, self.show_points)
        entries, note = samples_legend(recording.dataset, groups, style, errors=self.mark_errors)
        return Outline(
            tick_width=tick_width(plane, scale),
            title_width=text_width(self._lead(recording, inf, title_size), title_size, "semibold")
            + number_width("0" * counter_digits(recording), title_size, "semibold"),
            numbers_width=numbers_width(measures, scale),
            strip_width=strip_width(measures, scale),
            subtitle=self._subtitle(plane) is not None,
            legend=entries,
            legend_note=note,
            plane=(plane.viewport, plane.feature_names, plane.note),
            counts=True,
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Draw axes, points and fixed text once."""
        recording = stage.recordings[self.model]
        style, scale = stage.style, stage.layout.scale
        plane = plane_of(recording.dataset, self.plane)
        draw_axes(stage, slot, plane)
        over = stage.axes(slot.body, over=True)
        frame_axes(over, plane.viewport, stage)
        groups = choose_samples(recording.dataset, self.show_points)
        draw_samples(over, groups, plane, recording.dataset, stage, slot.body)

        measures = choose_numbers(recording, self.numbers)
        left = float(slot.body.left)
        room = float(slot.body.width)
        if slot.strip is None:
            room -= numbers_width(measures, scale) + scale.title
        lead = self._lead(recording, room, title_size)
        stage.text(left, slot.title_baseline, lead, title_size, style.ink, weight="semibold")
        counter = stage.number(
            left + text_width(lead, title_size, "semibold"),
            slot.title_baseline,
            title_size,
            style.ink,
            weight="semibold",
        )
        subtitle = self._subtitle(plane)
        if subtitle is not None:
            subtitle = shorten(subtitle, slot.body.width, scale.small)
            stage.text(left, slot.subtitle_baseline, subtitle, scale.small, style.muted)
        body = slot.body
        step = _step(stage.layout.size)
        grid = NodeGrid(body.width, body.height, plane.viewport, step)
        bands = SMOOTH_BANDS if self.bands == "smooth" else self.bands
        return _BoundaryDrawing(
            recording=recording,
            model=self.model,
            slot=slot,
            plane=plane,
            field=field_of(
                grid, outputs_of(recording), recording.dataset.classes, bands, style, scale
            ),
            stroke=Stroke(
                body.width,
                body.height,
                core_px=2.2 * scale.line,
                halo_px=4.8 * scale.line,
                core=style.isoline,
                halo=style.halo,
            ),
            crosses=Crosses(recording, groups, plane, body, style, scale)
            if self.mark_errors and groups
            else None,
            counter=counter,
            numbers=place_numbers(stage, slot, measures),
        )

    def _subtitle(self, plane: Plane) -> str | None:
        """Join what is given and which plane of many features it is."""
        parts = [part for part in (self.subtitle, plane.note) if part]
        return ", ".join(parts) if parts else None

    def _lead(self, recording: Recording, room: float, size_px: float) -> str:
        """Text before the counter, as published: ``NumPy Model - It: ``.

        A name too long for the room, in pixels, is cut; the counter never is.
        """
        rest = " - It: " if recording.unit == "update" else " - Epoch: "
        room -= number_width("0" * counter_digits(recording), size_px, "semibold")
        room -= text_width(rest, size_px, "semibold")
        return shorten(self.title or self.model, room, size_px, "semibold") + rest


@dataclass(frozen=True, eq=False)
class _BoundaryDrawing:
    recording: Recording
    model: str
    slot: Slot
    plane: Plane
    field: PlaneField
    stroke: Stroke
    crosses: Crosses | None
    counter: NumberSlot
    numbers: tuple[tuple[Measure, NumberSlot], ...]

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint field, line and digits."""
        body = self.slot.body
        box = canvas[body.top : body.bottom, body.left : body.right]
        self.stroke.draw(self._paint_field(box, moment), box)
        for number, text in self._numbers(moment):
            number.draw(canvas, text)

    def draw_top(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint crosses over the points."""
        if self.crosses is not None:
            body = self.slot.body
            box = canvas[body.top : body.bottom, body.left : body.right]
            self.crosses.draw(box, moment.snapshots[self.model])

    def draw_artists(self, stage: Stage, moment: Moment) -> None:
        """Add the field as an image, the line as a path, digits as text."""
        body = self.slot.body
        box = np.zeros((body.height, body.width, 4), np.uint8)
        line = self._paint_field(box, moment)
        axes = stage.image(box, body)
        if len(line):
            self.stroke.add_path(axes, line)
        if self.crosses is not None:
            self.crosses.add_paths(stage.pixel_axes(body), moment.snapshots[self.model])
        for number, text in self._numbers(moment):
            stage.stamp(number, text)

    def _numbers(self, moment: Moment) -> list[tuple[NumberSlot, str]]:
        """Counter and metrics of a moment, each with its place."""
        snapshot, recording = moment.snapshots[self.model], self.recording
        shown = [(self.counter, reached_text(recording, snapshot))]
        for measure, number in self.numbers:
            shown.append((number, measure.text(recording, snapshot)))
        return shown

    def _paint_field(self, box: npt.NDArray[np.uint8], moment: Moment) -> Pieces:
        """Paint the field of a moment; give the borders between its classes."""
        snapshot = moment.snapshots[self.model]

        def logits(places: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
            return self.recording.logits(snapshot, self.plane.to_features(places))

        return self.field.paint(logits, box)


def _step(size: tuple[int, int]) -> int:
    """Pixels between the nodes of the field's grid: 8 at 1600×1200, finer on smaller frames."""
    return 8 if min(size) >= 900 else 4 if min(size) >= 300 else 2
