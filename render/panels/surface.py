"""The probability as a surface over the plane, seen from aside by a camera that slowly turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, pi
from typing import Literal

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import Dataset
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording
from epochreel.render.ink import AggInk, Ink, InkDrawing
from epochreel.render.layout import Slot
from epochreel.render.panels import OneModel, Outline, PanelDrawing
from epochreel.render.panels.axes import round_ticks, tick_labels
from epochreel.render.panels.class_points import (
    MARKERS,
    choose_samples,
    class_fills,
    class_legend,
    marker_size,
)
from epochreel.render.panels.heading import draw_heading
from epochreel.render.predicting import margin, needs_classes
from epochreel.render.relief import Relief
from epochreel.render.solid import Camera, Floats, HeightField, walls_shown, zero_line
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Color, Style, TypeScale
from epochreel.render.text import shorten, text_width
from epochreel.render.timeline import Moment

__all__ = ["SurfacePanel"]

MOST_POINTS = 300
"""Points with stems are a soup sooner than points on a plane."""

SMOOTH_BANDS = 256

_CORNER = 0.93
"""Ticks nearer to an end of their axis aren't labelled."""

_LIGHT = np.array([-0.45, -0.35, 0.82])
"""Where the light comes from; it stays with the box, so that turning changes no shade."""


@dataclass(frozen=True)
class SurfacePanel(OneModel):
    """Options of the surface panel.

    Attributes
    ----------
    model : str
        Name of the recording to show.
    title, subtitle : str or None
        Heading; the model's name, and what height means, when left out.
    bands : int or "smooth"
        Number of colour steps over probabilities in [0, 1].
    show_points : {"test", "train", "none"}
        Which points are drawn, at the height of their class, with a stem to the surface.
    azimuth, elevation : float
        From where the box is seen halfway through the film, in degrees.
    turn : float
        How far the camera goes round during the film, in degrees; 0 holds it still.
    """

    title: str | None = None
    subtitle: str | None = None
    bands: int | Literal["smooth"] = 25
    show_points: Literal["test", "train", "none"] = "test"
    azimuth: float = 30.0
    elevation: float = 28.0
    turn: float = 40.0

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants; refuse what has more than one height."""
        needs_classes(recordings[self.model], "surface")
        dataset = recordings[self.model].dataset
        if dataset.classes != 2:
            raise InvalidInputError(
                f"panels: 'surface' needs two classes, {self.model!r} has {dataset.classes}"
            )
        if dataset.features != 2:
            raise InvalidInputError(
                f"panels: 'surface' needs data of 2 features, got {dataset.features}"
            )
        samples = choose_samples(dataset, self.show_points, MOST_POINTS)
        return Outline(
            title_width=text_width(self.title or self.model, title_size, "semibold"),
            subtitle=True,
            foot=0.0,
            legend=() if samples is None else class_legend(dataset, style),
            legend_note="" if samples is None else samples.note,
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Write the heading; all else turns with the camera."""
        name = stage.recordings[self.model].dataset.class_names[1]
        said = f"height: probability of {name}"
        if self.show_points != "none":
            said += "; stems: each point's error"
        draw_heading(stage, slot, self.title or self.model, self.subtitle or said, title_size)
        return _SurfaceDrawing(self, stage, slot)


class _SurfaceDrawing(InkDrawing):
    def __init__(self, panel: SurfacePanel, stage: Stage, slot: Slot) -> None:
        super().__init__(slot.body, stage.style.ground)
        self._panel, self._last = panel, max(len(stage.shown) - 1, 1)
        self._recording = stage.recordings[panel.model]
        self._style, self._scale, body = stage.style, stage.layout.scale, slot.body
        dataset = self._recording.dataset
        rim = (3.4 * self._scale.small, 0.5 * self._scale.small, 2.2 * self._scale.small)
        self._camera = Camera.fitting(
            (body.width, body.height), panel.azimuth, abs(panel.turn) / 2, panel.elevation, rim
        )
        nodes = _nodes(self._camera.scale)
        self._axis = np.linspace(-1.0, 1.0, nodes)
        view = dataset.viewport
        across = view.x_min + (self._axis + 1) / 2 * view.width
        along = view.y_min + (self._axis + 1) / 2 * view.height
        self._places = np.stack(np.meshgrid(across, along), -1).reshape(-1, 2).astype(np.float32)
        bands = SMOOTH_BANDS if panel.bands == "smooth" else panel.bands
        self._relief = Relief(self._style.band_colors(bands))
        self._edges = _Edges(dataset, self._scale, self._camera.scale)
        self._points = _points(
            dataset, panel, self._style, min(body.width, body.height), self._scale.small
        )

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint it into a frame, all in one picture: a second one takes 3 ms to lay down."""
        self._ink.clear()
        self._paint(self._ink, self._ink, moment)
        self._ink.store(canvas)

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Lay what the surface may hide, and itself, down as a picture, the rest over it."""
        below = AggInk(self._rect, self._style.ground)
        below.clear()
        self._paint(below, ink, moment)

    def _paint(self, below: AggInk, ink: Ink, moment: Moment) -> None:
        """Paint the box from back to front: floor and walls, surface, line, points, names."""
        # what overflows is drawn as what it is: a probability of 0 or 1, or none
        with np.errstate(over="ignore", invalid="ignore"):
            found = margin(
                self._recording.logits(moment.snapshots[self._panel.model], self._places)
            )
            logits = found.astype(np.float64).reshape(len(self._axis), -1)
            field = HeightField(1.0 / (1.0 + np.exp(-logits)))
        camera = self._camera.turned(self._azimuth(moment))
        style, line = self._style, self._scale.line
        middle, reach = self._panel.azimuth, abs(self._panel.turn) / 2
        shown = walls_shown(camera.azimuth, middle - reach, middle + reach)
        self._edges.draw_behind(below, camera, style, line, shown)
        self._relief.paint(below.pixels, camera, logits, self._shades(field))
        if below is not ink:
            ink.image(below.pixels, 0, 0)
        half = self._line(camera, field, logits)
        ink.line(half, 4.4 * line, style.halo)
        ink.line(half, 2.0 * line, style.isoline)
        for group in self._points:
            group.draw(ink, camera, field, style, line)
        self._edges.name(ink, camera, style, self._scale, shown)

    def _azimuth(self, moment: Moment) -> float:
        """Set out gently and arrive gently."""
        share = min(moment.index / self._last, 1.0)
        return self._panel.azimuth + self._panel.turn * (0.5 - 0.5 * cos(pi * share) - 0.5)

    def _shades(self, field: HeightField) -> Floats:
        """Tell how each node lies to the light, in 0..1."""
        # a part of the slopes: at their full height sharp edges would be all light or all dark
        step = self._axis[1] - self._axis[0]
        slope_y, slope_x = (0.5 * slope for slope in np.gradient(field.heights, step))
        facing = _LIGHT[2] - slope_x * _LIGHT[0] - slope_y * _LIGHT[1]
        facing /= np.sqrt(1 + slope_x**2 + slope_y**2) * np.linalg.norm(_LIGHT)
        return np.clip(facing, 0, 1)

    def _line(self, camera: Camera, field: HeightField, logits: Floats) -> Floats:
        """Find the 0.5 line where it isn't hidden, its pieces parted by NaN, (places, 2)."""
        pieces = zero_line(logits, self._axis, self._axis)
        half = np.full(pieces.shape[:1], 0.5)
        middle = pieces.mean(axis=1)
        seen = ~field.hides(camera, middle[:, 0], middle[:, 1], half)
        pieces = pieces[seen]
        places = np.full((len(pieces), 3, 2), np.nan)
        places[:, :2] = camera.project(
            pieces[..., 0], pieces[..., 1], np.full(pieces.shape[:2], 0.5)
        )
        return places.reshape(-1, 2)


@dataclass(frozen=True, eq=False)
class _Points:
    """Points of one class, all at the same height."""

    x: Floats
    y: Floats
    height: float
    marker: str
    size_px: float
    fill: Color

    def draw(self, ink: Ink, camera: Camera, field: HeightField, style: Style, line: float) -> None:
        """Draw stems and markers; what the surface hides is faint, not gone: it is an error."""
        z = np.full(len(self.x), self.height)
        ends = field.at(self.x, self.y)
        hidden = field.hides(camera, self.x, self.y, z)
        top, bottom = camera.project(self.x, self.y, z), camera.project(self.x, self.y, ends)
        long = np.abs(ends - z) > 0.03
        for some, alpha in ((hidden, 0.35), (~hidden, 1.0)):
            stems = np.full((int((some & long).sum()), 3, 2), np.nan)
            stems[:, 0], stems[:, 1] = top[some & long], bottom[some & long]
            if len(stems):
                ink.line(stems.reshape(-1, 2), 1.2 * line, self.fill, alpha=0.75 * alpha)
            if some.any():
                ink.markers(
                    top[some], self.size_px, self.fill, style.isoline, marker=self.marker,
                    ring_px=max(1.0, 0.09 * self.size_px), alpha=alpha,
                )  # fmt: skip


@dataclass(frozen=True)
class _Label:
    """A line of text along an edge of the floor; measuring it takes longer than writing it."""

    text: str
    place: float
    width: float
    name: bool

    @classmethod
    def of(cls, text: str, place: float, size_px: float, *, name: bool = False) -> _Label:
        return cls(text, place, text_width(text, size_px), name)


class _Edges:
    """The box around the surface: floor, walls at the back, ticks and names at the front."""

    def __init__(self, dataset: Dataset, scale: TypeScale, camera_scale: float) -> None:
        view = dataset.viewport
        spans = ((view.x_min, view.x_max), (view.y_min, view.y_max))
        small = scale.small
        self._labels: list[list[_Label]] = []
        for name, (low, high) in zip(dataset.feature_names, spans, strict=True):
            ticks = round_ticks(low, high)
            places = [2 * (tick - low) / (high - low) - 1 for tick in ticks]
            labels = zip(places, tick_labels(ticks), strict=True)
            # at the corners the labels of two axes would stand on one another
            shown = [_Label.of(text, at, small) for at, text in labels if abs(at) < _CORNER]
            named = _Label.of(shorten(name, 9 * small, small), 0.0, small, name=True)
            room = camera_scale * (places[1] - places[0]) if len(places) > 1 else np.inf
            if room < 3.2 * small + named.width:
                shown = [*shown[:1], *shown[1:][-1:]]  # the name stands between the two
            gap = _middle_gap(np.array([label.place for label in shown]))
            self._labels.append([*shown, replace(named, place=gap)])

    def draw_behind(
        self, ink: Ink, camera: Camera, style: Style, line: float, shown: float
    ) -> None:
        """Draw the floor, and the two walls behind the surface with lines at three heights."""
        back_x, back_y = self._back(camera)
        floor = camera.project(*_columns([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]))
        ink.polygons(floor[None], _tint(style, 0.05))
        for wall in ([(back_x, -1), (back_x, 1)], [(-1, back_y), (1, back_y)]):
            (x0, y0), (x1, y1) = wall
            corners = [(x0, y0, 0), (x1, y1, 0), (x1, y1, 1), (x0, y0, 1)]
            ink.polygons(camera.project(*_columns(corners))[None], _tint(style, 0.025 * shown))
        for z in (0.0, 0.5, 1.0):
            ways = [(back_x, -back_y, z), (back_x, back_y, z), (-back_x, back_y, z)]
            ink.line(
                camera.project(*_columns(ways)), line, style.axis, alpha=0.35 * shown if z else 0.8
            )
        ink.line(
            camera.project(*_columns([(back_x, back_y, 0), (back_x, back_y, 1)])),
            line, style.axis, alpha=0.6 * shown,
        )  # fmt: skip
        front = [(back_x, -back_y, 0), (-back_x, -back_y, 0), (-back_x, back_y, 0)]
        ink.line(camera.project(*_columns(front)), line, style.axis, alpha=0.8)

    def name(self, ink: Ink, camera: Camera, style: Style, scale: TypeScale, shown: float) -> None:
        """Write ticks along the two lower edges at the front, and heights at the left."""
        back_x, back_y = self._back(camera)
        small = scale.small
        strong, quiet = (_faded(color, style.ground, shown) for color in (style.ink, style.muted))
        centre = camera.project(*_columns([(0, 0, 0)]))[0]
        for axis, edge in ((0, -back_y), (1, -back_x)):
            middle = camera.project(*_columns([(0, edge, 0) if axis == 0 else (edge, 0, 0)]))[0]
            out = (middle - centre) / max(float(np.hypot(*(middle - centre))), 1e-9)
            for label in self._labels[axis]:
                spot = (label.place, edge, 0.0) if axis == 0 else (edge, label.place, 0.0)
                x, y = camera.project(*_columns([spot]))[0]
                # away from the box, a longer one further: nothing jumps while it turns
                away = 1.15 * small + 0.5 * label.width * abs(float(out[0]))
                ink.text(
                    float(x + away * out[0]), float(y + away * out[1] + 0.35 * small),
                    label.text, small, strong if label.name else quiet, align="center",
                )  # fmt: skip
        # the wall's end that stands at the left
        ends = camera.project(*_columns([(back_x, -back_y, 0), (-back_x, back_y, 0)]))
        left = (back_x, -back_y) if ends[0][0] < ends[1][0] else (-back_x, back_y)
        for z, label in ((0.0, "0"), (0.5, "0.5"), (1.0, "1")):
            x, y = camera.project(*_columns([(*left, z)]))[0]
            ink.text(
                float(x - 0.6 * small), float(y + 0.35 * small), label, small, quiet,
                align="right",
            )  # fmt: skip

    @staticmethod
    def _back(camera: Camera) -> tuple[int, int]:
        along_x, along_y = camera.farthest_first()
        return -along_x, -along_y


def _columns(corners: Sequence[tuple[float, float, float]]) -> tuple[Floats, Floats, Floats]:
    x, y, z = np.array(corners, float).T
    return x, y, z


def _tint(style: Style, share: float) -> npt.NDArray[np.float64]:
    ground, ink = np.array(rgb(style.ground)), np.array(rgb(style.ink))
    return np.array([[*(ground + share * (ink - ground)), 1.0]])


def _faded(color: Color, ground: Color, shown: float) -> Color:
    # in eighths, since letters are kept for each colour that they were written in
    share = round(8 * shown) / 8
    red, green, blue = (
        round(below + share * (own - below)) for own, below in zip(color, ground, strict=True)
    )
    return red, green, blue


def _middle_gap(places: Floats) -> float:
    """Middle of the gap between ticks that is nearest to the axis's own middle."""
    if len(places) < 2:
        return 0.0
    gaps = (places[:-1] + places[1:]) / 2
    return float(gaps[np.argmin(np.abs(gaps))])


def _nodes(scale: float) -> int:
    """Nodes along each side: some 13 pixels apart at 1600×1200, nearer on small frames."""
    return int(np.clip(scale / 6, 32, 64)) + 1


def _points(
    dataset: Dataset, panel: SurfacePanel, style: Style, short: int, small: float
) -> list[_Points]:
    samples = choose_samples(dataset, panel.show_points, MOST_POINTS)
    if samples is None:
        return []
    view = dataset.viewport
    x = 2 * (samples.x[:, 0] - view.x_min) / view.width - 1
    y = 2 * (samples.x[:, 1] - view.y_min) / view.height - 1
    inside = (np.abs(x) <= 1) & (np.abs(y) <= 1)
    fills = class_fills(style, dataset.classes)
    groups: list[_Points] = []
    for kind in range(2):
        some = inside & (samples.y == kind)
        # from the back to the front for the camera's middle place
        order = np.argsort(-_depth(x[some], y[some], panel.azimuth))
        marker = MARKERS[kind]
        size = 0.8 * marker_size(marker, short, len(samples.y), 0.5 * small)
        groups.append(
            _Points(x[some][order], y[some][order], float(kind), marker, size, fills[kind])
        )
    return groups


def _depth(x: Floats, y: Floats, azimuth: float) -> Floats:
    turn = np.radians(azimuth)
    return x * np.sin(turn) + y * np.cos(turn)
