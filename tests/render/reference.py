"""A frame as Matplotlib alone draws it: slowly, in one figure, nothing kept between frames.

Every pixel of the field is predicted at its centre, the 0.5 line is a contour path with a wider
stroke beneath as its halo, and digits are ordinary text. Only where things stand is the film's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from epochreel.nn.recording import reached
from epochreel.render import Film
from epochreel.render.footer import draw_footer
from epochreel.render.layout import Rect
from epochreel.render.numerals import format_metric
from epochreel.render.panels.boundary import BoundaryPanel
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Color
from epochreel.render.text import DPI, NumberSlot, font_properties, points


@dataclass(frozen=True)
class PlacedNumber:
    """Where a number goes, and in what type."""

    slot: NumberSlot
    baseline: float
    size_px: float
    color: Color
    weight: str


@dataclass(frozen=True, eq=False)
class OneFigure(Stage):
    """A stage whose two figures are one, so that Matplotlib composes everything itself."""

    placed: list[PlacedNumber] = field(default_factory=list)

    def number(self, x, baseline, size_px, color, *, weight="normal"):
        slot = super().number(x, baseline, size_px, color, weight=weight)
        self.placed.append(PlacedNumber(slot, baseline, size_px, color, weight))
        return slot

    def write(self, place: PlacedNumber, text: str) -> None:
        """Set each character by itself: columns of whole pixels are what keeps a counter still."""
        width, height = self.layout.size
        x = place.slot.left
        for character in text:
            self.under.text(
                x / width,
                1 - round(place.baseline) / height,
                character.replace("-", "\N{MINUS SIGN}"),
                fontproperties=font_properties(place.size_px, place.weight),
                color=rgb(place.color),
                ha="left",
                va="baseline",
            )
            x += place.slot.width(character)


def pixel_centres(film: Film, panel: int = 0, *, finer: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Places on the feature plane of the plot's pixel centres: x (width,), y (height,).

    With `finer`, of so many parts of each pixel in either direction.
    """
    body = film.layout.slots[panel].body
    view = film.recordings[film.panels[panel].models[0]].dataset.viewport
    columns, rows = finer * body.width, finer * body.height
    x = view.x_min + (np.arange(columns) + 0.5) / columns * view.width
    y = view.y_max - (np.arange(rows) + 0.5) / rows * view.height
    return x, y


def logits_at_pixels(film: Film, index: int, *, finer: int = 1) -> np.ndarray:
    """Logits at the centre of every pixel of a one-panel film's plot, (height, width)."""
    model = film.panels[0].models[0]
    x, y = pixel_centres(film, finer=finer)
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    snapshot = film.timeline.moments[index].snapshots[model]
    parts = np.array_split(places, max(1, len(places) // 50_000))
    found = [film.recordings[model].logits(snapshot, part)[:, 0] for part in parts]
    return np.concatenate(found).reshape(len(y), len(x))


def draw_reference(
    film: Film,
    index: int,
    *,
    line: bool = True,
    logits: np.ndarray | None = None,
    finer: int = 1,
) -> np.ndarray:
    """Draw frame `index` of a film with one boundary panel: RGB, (height, width, 3).

    The line is found between the centres of pixels, or of `finer` parts of them.
    """
    (panel,), (slot,) = film.panels, film.layout.slots
    if not isinstance(panel, BoundaryPanel) or not isinstance(panel.bands, int):
        raise TypeError("the reference knows one boundary panel with bands")
    recording, style, layout = film.recordings[panel.model], film.style, film.layout
    logits = logits_at_pixels(film, index) if logits is None else logits
    with style.context():
        size = (layout.size[0] / DPI, layout.size[1] / DPI)
        figure: Any = Figure(figsize=size, dpi=DPI)
        stage = OneFigure(style, layout, film.recordings, figure, figure)
        outline = panel.outline(film.recordings, style, layout.scale, layout.scale.title)
        draw_footer(stage, [outline], film.title, film.timeline)
        panel.build(stage, slot, layout.scale.title)
        axes = figure.axes[-1]
        _draw_field(axes, film, panel.bands, logits)
        if line:
            nodes = logits if finer == 1 else logits_at_pixels(film, index, finer=finer)
            _draw_line(axes, film, nodes, finer)
        snapshot = film.timeline.moments[index].snapshots[panel.model]
        counter, *numbers = stage.placed
        count = recording.updates if recording.unit == "update" else recording.epochs
        stage.write(counter, f"{reached(count, snapshot):05d}")
        for key, place in zip(_keys_in_order(slot.strip), numbers, strict=True):
            value = float(recording.metrics[key][int(snapshot)])
            text = f"{value:.3f}" if key.endswith("accuracy") else format_metric(value)
            stage.write(place, text)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _keys_in_order(strip: Rect | None) -> tuple[str, ...]:
    """Metrics as they are placed: from the right beside a title, from the left beneath a plot."""
    keys = ("test_accuracy", "test_loss")
    return keys if strip is not None else keys[::-1]


def _draw_field(axes: Any, film: Film, bands: int, logits: np.ndarray) -> None:
    view = film.recordings[film.panels[0].models[0]].dataset.viewport
    probability = 1 / (1 + np.exp(-np.clip(logits.astype(float), -700, 700)))
    level = np.minimum((bands * probability).astype(int), bands - 1)
    extent = (view.x_min, view.x_max, view.y_min, view.y_max)
    axes.imshow(
        film.style.band_colors(bands)[level],
        extent=extent,
        aspect="auto",
        interpolation="nearest",
        zorder=0.1,
    )
    axes.set_xlim(view.x_min, view.x_max)
    axes.set_ylim(view.y_min, view.y_max)


def _draw_line(axes: Any, film: Film, logits: np.ndarray, finer: int) -> None:
    if logits.min() < 0 < logits.max():
        x, y = pixel_centres(film, finer=finer)
        scale = film.layout.scale
        for width_px, color in ((4.8, film.style.halo), (2.2, film.style.isoline)):
            axes.contour(
                x,
                y,
                logits,
                levels=[0.0],
                colors=[rgb(color)],
                linewidths=points(width_px * scale.line),
                zorder=0.2,
            ).set(capstyle="round", joinstyle="round")
