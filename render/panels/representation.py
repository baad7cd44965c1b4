"""What the last hidden layer makes of the points, on their way to where one line parts them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import FloatArray, Viewport
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Layered, Recording
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Slot
from epochreel.render.panels import OneModel, Outline, PanelDrawing
from epochreel.render.panels.axes import draw_axes, frame_axes, tick_width
from epochreel.render.panels.class_points import (
    MARKERS,
    Samples,
    choose_samples,
    class_fills,
    class_legend,
    marker_size,
    named_axes,
)
from epochreel.render.panels.heading import draw_heading
from epochreel.render.panels.needs import layered
from epochreel.render.predicting import needs_classes
from epochreel.render.principal import Principal, principal
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import text_width
from epochreel.render.timeline import Moment

__all__ = ["RepresentationPanel"]

MOST_POINTS = 1000
_LOOKED_AT = 120
"""The range holds the points of so many snapshots at most, spread over the training."""
_TRAIL = 6
"""A trail leads over so many snapshots, or parts of the way where there are many."""
_TRAIL_SHARE = 0.05
_MARGIN = 0.06


@dataclass(frozen=True)
class RepresentationPanel(OneModel):
    """Options of the representation panel.

    Attributes
    ----------
    model : str
        Name of the recording to show.
    title, subtitle : str or None
        Heading; the model's name, and what the axes are, when left out.
    show_points : {"test", "train"}
        Which points of the dataset are drawn.
    trails : bool
        Whether each point draws a line behind it: where it was during the last twentieth of the
        training.
    """

    title: str | None = None
    subtitle: str | None = None
    show_points: Literal["test", "train"] = "test"
    trails: bool = False

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants; refuse what has no such layer."""
        recording = recordings[self.model]
        needs_classes(recording, "representation")
        samples = self._samples(recording)
        space = _Space.of(recording, samples)
        return Outline(
            tick_width=tick_width(named_axes(space.view, space.names), scale),
            title_width=text_width(self.title or self.model, title_size, "semibold"),
            subtitle=True,
            legend=class_legend(recording.dataset, style),
            legend_note=samples.note,
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Settle the space, and draw its axes once."""
        recording = stage.recordings[self.model]
        samples = self._samples(recording)
        space = _Space.of(recording, samples)
        draw_heading(stage, slot, self.title or self.model, self.subtitle or space.said, title_size)
        axes = named_axes(space.view, space.names)
        draw_axes(stage, slot, axes)
        frame_axes(stage.axes(slot.body, over=True), space.view, stage)
        return _RepresentationDrawing(self, stage, slot, space, samples)

    def _samples(self, recording: Recording) -> Samples:
        samples = choose_samples(recording.dataset, self.show_points, MOST_POINTS)
        if samples is None:
            raise InvalidInputError(
                f"panels: 'representation' needs points, which the recording of {self.model!r} "
                "doesn't have"
            )
        return samples


@dataclass(frozen=True, eq=False)
class _Space:
    """The plane that is drawn: of the two units there are, or of principal components."""

    layers: Layered
    axes: Principal | None
    names: tuple[str, str]
    said: str
    view: Viewport

    @classmethod
    def of(cls, recording: Recording, samples: Samples) -> _Space:
        layers = layered(recording, "representation")
        hidden = layers.architecture[:-1]
        units = hidden[-1].output_dim if hidden else 0
        if units < 2:
            raise InvalidInputError(
                "panels: 'representation' needs a last hidden layer of 2 units or more, "
                f"{recording.name!r} has {units}"
            )
        final = len(recording) - 1
        axes, names = None, ("unit 1", "unit 2")
        said = "last hidden layer: both its units"
        if recording.dataset.classes == 2:
            said += ", and the 0.5 line"
        if units > 2:
            found = layers.activations(final, samples.x)[-2].astype(np.float64)
            axes = principal(np.nan_to_num(found), 2)
            share = math.floor(100 * float(axes.shares.sum()) + 1e-9)
            names = ("PC 1", "PC 2")
            said = f"last hidden layer: {share} % of the variance of {units} units"
        count = min(final + 1, _LOOKED_AT)
        chosen = np.unique(np.linspace(0, final, count).astype(np.intp))
        low, high = np.full(2, np.inf), np.full(2, -np.inf)
        for index in chosen:
            places = _project(layers.activations(int(index), samples.x)[-2], axes)
            places = places[np.isfinite(places).all(axis=1)]
            if len(places):
                low, high = (
                    np.minimum(low, places.min(axis=0)),
                    np.maximum(high, places.max(axis=0)),
                )
        return cls(layers, axes, names, said, _view(low, high))

    def places(self, snapshot: float, x: FloatArray) -> FloatArray:
        """Find where points are in the space, (points, 2)."""
        return _project(self.layers.activations(snapshot, x)[-2], self.axes)

    def line(self, snapshot: float) -> tuple[FloatArray, float] | None:
        """Give normal and offset of the line where two classes are as likely as one another.

        ``None`` of more classes, and of more than two units, where there is none.
        """
        weights, biases = self.layers.layers(snapshot)[-1]
        if self.axes is not None or len(weights) > 2:
            return None
        if len(weights) == 2:
            return (weights[1] - weights[0]).astype(np.float64), float(biases[1] - biases[0])
        return weights[0].astype(np.float64), float(biases[0])


class _RepresentationDrawing(InkDrawing):
    def __init__(
        self,
        panel: RepresentationPanel,
        stage: Stage,
        slot: Slot,
        space: _Space,
        samples: Samples,
    ) -> None:
        body = slot.body
        super().__init__(body, stage.style.ground)
        self._model, self._trails, self._body = panel.model, panel.trails, body
        self._space, self._samples = space, samples
        recording = stage.recordings[panel.model]
        self._style, self._line = stage.style, stage.layout.scale.line
        self._count = len(recording)
        classes = recording.dataset.classes
        self._fills = class_fills(stage.style, classes)
        self._colors = stage.style.class_colors(max(classes, 2)) / 255.0
        short = min(body.width, body.height)
        self._sizes = [
            marker_size(
                MARKERS[kind % len(MARKERS)], short, len(samples.y), 0.5 * stage.layout.scale.small
            )
            for kind in range(classes)
        ]

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Tint the two sides, then draw line, trails and points."""
        snapshot = moment.snapshots[self._model]
        line = self._space.line(snapshot)
        if line is not None:
            self._paint_sides(ink, *line)
        if self._trails:
            self._paint_trails(ink, snapshot)
        places = self._pixels(self._space.places(snapshot, self._samples.x))
        for kind, (fill, size) in enumerate(zip(self._fills, self._sizes, strict=True)):
            some = places[(self._samples.y == kind) & np.isfinite(places).all(axis=1)]
            if len(some):
                ink.markers(
                    some, size, fill, self._style.isoline, marker=MARKERS[kind % len(MARKERS)],
                    ring_px=max(1.0, 0.09 * size),
                )  # fmt: skip

    def _paint_sides(self, ink: Ink, normal: FloatArray, offset: float) -> None:
        view = self._space.view
        corners = np.array([
            [view.x_min, view.y_min], [view.x_max, view.y_min],
            [view.x_max, view.y_max], [view.x_min, view.y_max],
        ])  # fmt: skip
        values = corners @ normal + offset
        if not np.isfinite(values).all():
            return
        ground = np.array(rgb(self._style.ground))
        for kind, sign in ((0, -1.0), (1, 1.0)):
            side = _clipped(corners, sign * values)
            if len(side) > 2:
                color = ground + 0.20 * (self._colors[kind] - ground)
                ink.polygons(self._pixels(side)[None], np.array([[*color, 1.0]]))
        ends = _crossings(corners, values)
        if len(ends) == 2:
            places = self._pixels(ends)
            ink.line(places, 2.2 * self._line, self._style.ink)

    def _paint_trails(self, ink: Ink, snapshot: float) -> None:
        reach = max(_TRAIL_SHARE * (self._count - 1), 1.0)
        steps = np.linspace(max(0.0, snapshot - reach), snapshot, _TRAIL)
        if steps[-1] <= steps[0]:
            return
        stack = np.stack(
            [self._pixels(self._space.places(float(at), self._samples.x)) for at in steps]
        )
        parted = np.full((stack.shape[1], _TRAIL + 1, 2), np.nan)
        parted[:, :_TRAIL] = stack.swapaxes(0, 1)
        for kind, fill in enumerate(self._fills):
            some = parted[self._samples.y == kind].reshape(-1, 2)
            if len(some):
                ink.line(some, 1.3 * self._line, fill, alpha=0.5)

    def _pixels(self, places: FloatArray) -> FloatArray:
        view, body = self._space.view, self._body
        x = (places[:, 0] - view.x_min) / view.width * body.width
        y = (view.y_max - places[:, 1]) / view.height * body.height
        return np.column_stack([x, y])


def _project(activations: npt.NDArray[np.float32], axes: Principal | None) -> FloatArray:
    values = activations.astype(np.float64)
    if axes is None:
        return values
    with np.errstate(all="ignore"):  # what overflows has no place
        return axes.project(values)


def _view(low: FloatArray, high: FloatArray) -> Viewport:
    """Leave a margin around all that is ever shown; of a single place, too."""
    if not np.isfinite([low, high]).all():
        low, high = np.zeros(2), np.ones(2)
    size = high - low
    size = np.maximum(size, max(float(size.max()) * 1e-2, 1e-3))
    middle, half = (low + high) / 2, size * (0.5 + _MARGIN)
    return Viewport(
        float(middle[0] - half[0]), float(middle[0] + half[0]),
        float(middle[1] - half[1]), float(middle[1] + half[1]),
    )  # fmt: skip


def _clipped(corners: FloatArray, values: FloatArray) -> FloatArray:
    """Cut a polygon down to where values at its corners, linear between, are positive."""
    kept: list[FloatArray] = []
    for index, (corner, value) in enumerate(zip(corners, values, strict=True)):
        following = (index + 1) % len(corners)
        if value > 0:
            kept.append(corner)
        if (value > 0) != (values[following] > 0):
            share = value / (value - values[following])
            kept.append(corner + share * (corners[following] - corner))
    return np.array(kept)


def _crossings(corners: FloatArray, values: FloatArray) -> FloatArray:
    """Find where a polygon's sides pass zero."""
    found: list[FloatArray] = []
    for index, (corner, value) in enumerate(zip(corners, values, strict=True)):
        following = (index + 1) % len(corners)
        if (value > 0) != (values[following] > 0):
            share = value / (value - values[following])
            found.append(corner + share * (corners[following] - corner))
    return np.array(found)
