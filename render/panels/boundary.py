"""The decision boundary: probabilities over the plane, the 0.5 line, points and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import Dataset
from epochreel.nn.recording import Recording
from epochreel.render.counter import counter_digits, reached_text
from epochreel.render.field import BandPainter, NodeGrid
from epochreel.render.hatching import Hatching, finite
from epochreel.render.isoline import Pieces, find_isoline
from epochreel.render.layout import Slot
from epochreel.render.panels import LegendEntry, Outline, PanelDrawing
from epochreel.render.panels.axes import draw_axes, frame_axes, tick_width
from epochreel.render.panels.numbers import (
    Measure,
    choose_numbers,
    numbers_width,
    place_numbers,
    strip_width,
)
from epochreel.render.predicting import margin, needs_classes
from epochreel.render.stage import Stage, rgb
from epochreel.render.stroke import Stroke
from epochreel.render.style import Color, Style, TypeScale
from epochreel.render.text import (
    NumberSlot,
    number_width,
    points,
    shorten,
    text_width,
)
from epochreel.render.timeline import Moment

__all__ = ["BoundaryPanel"]

MOST_POINTS = 2000
"""More points than this are a soup: a fixed sample of them is drawn, and the legend says so."""

SMOOTH_BANDS = 256
"""So many steps of colour that none is seen: eight bits a channel have few more."""

_MARKERS = ("o", "D", "^", "s", "v", "P", "X", "p")


@dataclass(frozen=True)
class BoundaryPanel:
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
    show_points : {"test", "train", "none"}
        Which points of the dataset are drawn.
    numbers : sequence of str or None
        Which of :data:`~epochreel.render.panels.NUMBERS` are shown, in this order; accuracy and
        loss on the test split when left out, or on the training data where there is none.
    """

    model: str
    title: str | None = None
    subtitle: str | None = None
    bands: int | Literal["smooth"] = 25
    show_points: Literal["test", "train", "none"] = "test"
    numbers: Sequence[str] | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The one recording it shows."""
        return (self.model,)

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
        samples = _points(recording.dataset, self.show_points)
        entries: tuple[LegendEntry, ...] = ()
        if samples is not None:
            entries = _legend(recording.dataset, style)
        return Outline(
            tick_width=tick_width(recording.dataset, scale),
            title_width=text_width(self._lead(recording, inf, title_size), title_size, "semibold")
            + number_width("0" * counter_digits(recording), title_size, "semibold"),
            numbers_width=numbers_width(measures, scale),
            strip_width=strip_width(measures, scale),
            subtitle=self.subtitle is not None,
            legend=entries,
            legend_note="" if samples is None else samples[2],
            plane=(recording.dataset.viewport, tuple(recording.dataset.feature_names)),
            counts=True,
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Draw axes, points and fixed text once."""
        recording = stage.recordings[self.model]
        style, scale = stage.style, stage.layout.scale
        draw_axes(stage, slot, recording.dataset)
        over = stage.axes(slot.body, over=True)
        frame_axes(over, recording.dataset.viewport, stage)
        samples = _points(recording.dataset, self.show_points)
        if samples is not None:
            _draw_points(over, samples[0], samples[1], recording.dataset.classes, stage, slot)

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
        if self.subtitle is not None:
            subtitle = shorten(self.subtitle, slot.body.width, scale.small)
            stage.text(left, slot.subtitle_baseline, subtitle, scale.small, style.muted)
        body = slot.body
        step = _step(stage.layout.size)
        grid = NodeGrid(body.width, body.height, recording.dataset.viewport, step)
        bands = SMOOTH_BANDS if self.bands == "smooth" else self.bands
        return _BoundaryDrawing(
            recording=recording,
            model=self.model,
            slot=slot,
            grid=grid,
            bands=bands,
            field=BandPainter(grid, style.band_colors(bands)),
            stroke=Stroke(
                body.width,
                body.height,
                core_px=2.2 * scale.line,
                halo_px=4.8 * scale.line,
                core=style.isoline,
                halo=style.halo,
            ),
            hatching=Hatching(grid, style, scale),
            counter=counter,
            numbers=place_numbers(stage, slot, measures),
        )

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
    grid: NodeGrid
    bands: int
    field: BandPainter
    stroke: Stroke
    hatching: Hatching
    counter: NumberSlot
    numbers: tuple[tuple[Measure, NumberSlot], ...]

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint field, line and digits."""
        body = self.slot.body
        box = canvas[body.top : body.bottom, body.left : body.right]
        self.stroke.draw(self._paint_field(box, moment), box)
        for number, text in self._numbers(moment):
            number.draw(canvas, text)

    def draw_artists(self, stage: Stage, moment: Moment) -> None:
        """Add the field as an image, the line as a path, digits as text."""
        body = self.slot.body
        box = np.zeros((body.height, body.width, 4), np.uint8)
        line = self._paint_field(box, moment)
        axes = stage.image(box, body)
        if len(line):
            self.stroke.add_path(axes, line)
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
        """Paint the field of a moment; give its 0.5 line."""
        snapshot = moment.snapshots[self.model]
        recording, grid = self.recording, self.grid

        unknown = False

        def raw(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            # what overflows is drawn as what it is: a probability of 0 or 1, or none
            with np.errstate(over="ignore", invalid="ignore"):
                return margin(recording.logits(snapshot, places))

        def predict(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            nonlocal unknown
            logits = raw(places)
            unknown = unknown or bool(np.isnan(logits).any())
            return finite(logits)

        nodes = grid.sample(predict, self.bands)
        self.field.paint(nodes, box)
        line = find_isoline(grid, nodes, predict)
        return self.hatching.draw(raw, box, line) if unknown else line


def _step(size: tuple[int, int]) -> int:
    """Pixels between the nodes of the field's grid: 8 at 1600×1200, finer on smaller frames."""
    return 8 if min(size) >= 900 else 4 if min(size) >= 300 else 2


def _points(
    dataset: Dataset, which: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], str] | None:
    """Points to draw, their classes and what the legend says of them."""
    if which == "none":
        return None
    test = which == "test" and len(dataset.y_test) > 0
    x, y = (dataset.x_test, dataset.y_test) if test else (dataset.x_train, dataset.y_train)
    if not len(y):  # a recording may have no samples
        return None
    name = "test points" if test else "training points"
    if len(y) <= MOST_POINTS:
        return x, y, name
    chosen = np.linspace(0, len(y) - 1, MOST_POINTS).astype(np.intp)
    return x[chosen], y[chosen], f"{MOST_POINTS} of {len(y)} {name}"


def _point_fill(style: Style, classes: int) -> list[Color]:
    """Class colours, lifted towards white so that a point leads on a field of its own colour."""
    lifted = np.rint(style.class_colors(classes) * 0.55 + 255 * 0.45).astype(int)
    return [(int(r), int(g), int(b)) for r, g, b in lifted]


def _legend(dataset: Dataset, style: Style) -> tuple[LegendEntry, ...]:
    fills = _point_fill(style, dataset.classes)
    return tuple(
        LegendEntry(name, _MARKERS[index % len(_MARKERS)], fill, style.isoline)
        for index, (name, fill) in enumerate(zip(dataset.class_names, fills, strict=True))
    )


def _draw_points(
    axes: Any,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.int64],
    classes: int,
    stage: Stage,
    slot: Slot,
) -> None:
    short = min(slot.body.width, slot.body.height)
    # smaller where there are more of them, so that the field still shows
    diameter = short * min(0.0235, 0.0235 * (150 / max(len(y), 1)) ** 0.35)
    fills = _point_fill(stage.style, classes)
    for kind in range(classes):
        marker = _MARKERS[kind % len(_MARKERS)]
        area = (points(diameter) * (0.86 if marker == "D" else 1.0)) ** 2
        chosen = x[y == kind]
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=area,
            marker=marker,
            color=[rgb(fills[kind])],
            edgecolors=[rgb(stage.style.isoline)],
            linewidths=points(max(1.0, 0.09 * diameter)),
            clip_on=True,
            zorder=3,
        )
