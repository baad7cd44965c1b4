"""The decision boundary: probabilities over the plane, the 0.5 line, points and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator

from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.recording import Recording
from epochreel.render.field import BandPainter, NodeGrid
from epochreel.render.isoline import Stroke, find_isoline
from epochreel.render.layout import Slot, tick_gap
from epochreel.render.panels import LegendEntry, Outline, PanelDrawing
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Color, Style, TypeScale
from epochreel.render.text import (
    NumberSlot,
    format_metric,
    number_width,
    points,
    shorten,
    text_width,
)
from epochreel.render.timeline import Moment

__all__ = ["BoundaryPanel"]

MOST_POINTS = 2000
"""More points than this are a soup: a fixed sample of them is drawn, and the legend says so."""

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
    bands : int
        Number of colour steps over probabilities in [0, 1].
    show_points : {"test", "train", "none"}
        Which points of the dataset are drawn.
    """

    model: str
    title: str | None = None
    subtitle: str | None = None
    bands: int = 25
    show_points: Literal["test", "train", "none"] = "test"

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
        viewport = recording.dataset.viewport
        tick_labels = _tick_labels(_ticks(viewport.y_min, viewport.y_max))
        samples = _points(recording.dataset, self.show_points)
        entries: tuple[LegendEntry, ...] = ()
        if samples is not None:
            entries = _legend(recording.dataset, style)
        return Outline(
            tick_width=max(
                text_width(label, scale.small)
                for label in (*tick_labels, _side_label(recording.dataset, scale))
            ),
            title_width=text_width(self._lead(recording, inf, title_size), title_size, "semibold")
            + number_width("0" * _digits(recording), title_size, "semibold"),
            numbers_width=_numbers_width(recording, scale),
            subtitle=self.subtitle is not None,
            legend=entries,
            legend_note="" if samples is None else samples[2],
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Draw axes, points and fixed text once."""
        recording = stage.recordings[self.model]
        style, scale = stage.style, stage.layout.scale
        _draw_axes(stage, slot, recording.dataset)
        over = stage.axes(slot.body, over=True)
        _frame_axes(over, recording.dataset.viewport, stage)
        samples = _points(recording.dataset, self.show_points)
        if samples is not None:
            _draw_points(over, samples[0], samples[1], recording.dataset.classes, stage, slot)

        left = float(slot.body.left)
        room = float(slot.body.width)
        if slot.strip is None:
            room -= _numbers_width(recording, scale) + scale.title
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
        return _BoundaryDrawing(
            recording=recording,
            model=self.model,
            slot=slot,
            grid=grid,
            bands=self.bands,
            field=BandPainter(grid, style.band_colors(self.bands)),
            stroke=Stroke(
                body.width,
                body.height,
                core_px=2.2 * scale.line,
                halo_px=4.8 * scale.line,
                core=style.isoline,
                halo=style.halo,
            ),
            counter=counter,
            counter_digits=_digits(recording),
            numbers=_build_numbers(stage, slot, recording),
        )

    def _lead(self, recording: Recording, room: float, size_px: float) -> str:
        """Text before the counter, as published: ``NumPy Model - It: ``.

        A name too long for the room, in pixels, is cut; the counter never is.
        """
        rest = " - It: " if recording.unit == "update" else " - Epoch: "
        room -= number_width("0" * _digits(recording), size_px, "semibold")
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
    counter: NumberSlot
    counter_digits: int
    numbers: tuple[tuple[str, NumberSlot], ...]

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint field, line and digits."""
        snapshot = moment.snapshots[self.model]
        recording, body, grid = self.recording, self.slot.body, self.grid

        def predict(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            return recording.logits(snapshot, places)[:, 0]

        nodes = grid.sample(predict, self.bands)
        box = canvas[body.top : body.bottom, body.left : body.right]
        self.field.paint(nodes, box)
        line = find_isoline(grid.x_px, grid.y_px, grid.along_zero(nodes, predict))
        self.stroke.draw(line, box)
        count = recording.updates if recording.unit == "update" else recording.epochs
        self.counter.draw(canvas, f"{int(count[snapshot]):0{self.counter_digits}d}")
        for key, number in self.numbers:
            number.draw(canvas, _number_text(key, float(recording.metrics[key][snapshot])))


def _step(size: tuple[int, int]) -> int:
    """Pixels between the nodes of the field's grid: 8 at 1600×1200, finer on smaller frames."""
    return 8 if min(size) >= 900 else 4 if min(size) >= 300 else 2


def _digits(recording: Recording) -> int:
    """Width of the counter: five digits as published, more where the training is longer."""
    last = recording.updates if recording.unit == "update" else recording.epochs
    return max(5, len(str(int(last[-1]))))


def _number_keys(recording: Recording) -> tuple[str, ...]:
    """Metrics shown: on the test split, or on the training data where there is none."""
    split = "test" if "test_accuracy" in recording.metrics else "train"
    return f"{split}_accuracy", f"{split}_loss"


def _number_text(key: str, value: float) -> str:
    """Write a metric: accuracy with three decimals, a loss with six characters."""
    return f"{value:.3f}" if key.endswith("accuracy") else format_metric(value)


def _number_width(key: str, size_px: float) -> float:
    return number_width("0.000" if key.endswith("accuracy") else "0.0000", size_px, "semibold")


def _label(key: str) -> str:
    return key.replace("_", " ")


def _column(key: str, scale: TypeScale, size_px: float) -> tuple[str, float]:
    """Label of a number and the width of both on one line."""
    label = _label(key)
    gap = 0.45 * scale.small
    return label, text_width(label, scale.small) + gap + _number_width(key, size_px)


def _numbers_width(recording: Recording, scale: TypeScale) -> float:
    """Width of all numbers on one line, with a space before each."""
    widths = [_column(key, scale, scale.body)[1] for key in _number_keys(recording)]
    return sum(widths) + scale.body * len(widths)


def _build_numbers(
    stage: Stage, slot: Slot, recording: Recording
) -> tuple[tuple[str, NumberSlot], ...]:
    """Place the numbers: beneath the plot, or right-aligned on the title's line."""
    style, scale = stage.style, stage.layout.scale
    keys = _number_keys(recording)
    numbers: list[tuple[str, NumberSlot]] = []
    if slot.strip is not None:
        for index, key in enumerate(keys):
            x = slot.strip.left + index * slot.strip.width / len(keys)
            label_baseline = slot.strip.top + scale.small
            stage.text(x, label_baseline, _label(key), scale.small, style.muted)
            baseline = label_baseline + 0.42 * scale.small + 0.75 * scale.title
            slot_ = stage.number(x, baseline, scale.title, style.ink, weight="semibold")
            numbers.append((key, slot_))
        return tuple(numbers)
    right = float(slot.body.right)
    for key in reversed(keys):
        label, width = _column(key, scale, scale.body)
        stage.text(right - width, slot.title_baseline, label, scale.small, style.muted)
        x = right - _number_width(key, scale.body)
        slot_ = stage.number(x, slot.title_baseline, scale.body, style.ink, weight="semibold")
        numbers.append((key, slot_))
        right -= width + scale.body
    return tuple(numbers)


def _points(
    dataset: Dataset, which: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], str] | None:
    """Points to draw, their classes and what the legend says of them."""
    if which == "none":
        return None
    test = which == "test" and len(dataset.y_test) > 0
    x, y = (dataset.x_test, dataset.y_test) if test else (dataset.x_train, dataset.y_train)
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


def _draw_axes(stage: Stage, slot: Slot, dataset: Dataset) -> None:
    """Write tick labels outside of the box, and each axis's name between two of them."""
    style, scale, body = stage.style, stage.layout.scale, slot.body
    viewport = dataset.viewport
    axes = stage.axes(body)
    axes.set_axis_off()
    gap = tick_gap(scale)
    x_baseline = body.bottom + gap + 0.74 * scale.small
    ticks = _ticks(viewport.x_min, viewport.x_max)
    to_x = body.width / viewport.width
    places = [body.left + (tick - viewport.x_min) * to_x for tick in ticks]
    for place, label in zip(places, _tick_labels(ticks), strict=True):
        half = text_width(label, scale.small) / 2
        place = min(max(place, body.left + half), body.right - half)
        stage.text(place, x_baseline, label, scale.small, style.muted, align="center")
    middle = _middle_gap(places, body.left, body.right)
    gap_px = (places[1] - places[0]) if len(places) > 1 else float(body.width)
    widest = max((text_width(label, scale.small) for label in _tick_labels(ticks)), default=0.0)
    name = shorten(dataset.feature_names[0], gap_px - widest - scale.small, scale.small)
    stage.text(middle, x_baseline, name, scale.small, style.ink, align="center")

    ticks = _ticks(viewport.y_min, viewport.y_max)
    to_y = body.height / viewport.height
    drop = 0.35 * scale.small  # from a line's middle to its baseline
    places = [body.bottom - (tick - viewport.y_min) * to_y for tick in ticks]
    for place, label in zip(places, _tick_labels(ticks), strict=True):
        place = min(max(place, body.top + drop), body.bottom - drop)
        stage.text(body.left - gap, place + drop, label, scale.small, style.muted, align="right")
    middle = _middle_gap(places, body.top, body.bottom)
    stage.text(
        body.left - gap,
        middle + drop,
        _side_label(dataset, scale),
        scale.small,
        style.ink,
        align="right",
    )


def _frame_axes(axes: Any, viewport: Viewport, stage: Stage) -> None:
    """Spines, tick marks and the style's grid, above the field."""
    style, line = stage.style, stage.layout.scale.line
    axes.set_xlim(viewport.x_min, viewport.x_max)
    axes.set_ylim(viewport.y_min, viewport.y_max)
    axes.set_xticks(_ticks(viewport.x_min, viewport.x_max))
    axes.set_yticks(_ticks(viewport.y_min, viewport.y_max))
    axes.tick_params(
        length=points(4 * line),
        width=points(line),
        labelbottom=False,
        labelleft=False,
        color=rgb(style.axis),
    )
    if style.grid:
        axes.grid(True, linewidth=points(line))
    else:
        axes.grid(False)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_linewidth(points(line))
        spine.set_color(rgb(style.axis))


def _ticks(low: float, high: float) -> list[float]:
    found = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = (high - low) * 1e-9
    return [float(tick) for tick in found if low - slack <= tick <= high + slack]


def _tick_labels(ticks: list[float]) -> list[str]:
    """Write all ticks with as many decimals as the one that needs most."""
    decimals = 0
    while decimals < 8 and any(
        abs(tick - round(tick, decimals)) > 1e-9 * max(1.0, abs(tick)) for tick in ticks
    ):
        decimals += 1
    labels = [f"{tick:.{decimals}f}" for tick in ticks]
    if max(map(len, labels)) > 8:
        labels = [f"{tick:.3g}" for tick in ticks]
    return [label.replace("-", "\N{MINUS SIGN}") for label in labels]


def _side_label(dataset: Dataset, scale: TypeScale) -> str:
    """Name of the second feature, cut where it would push the plot aside."""
    return shorten(dataset.feature_names[1], 6 * scale.small, scale.small)


def _middle_gap(places: list[float], low: float, high: float) -> float:
    """Middle of that gap between ticks which is nearest to the axis's own middle."""
    centre = (low + high) / 2
    if len(places) < 2:
        return centre
    gaps = [(a + b) / 2 for a, b in zip(places[:-1], places[1:], strict=True)]
    return min(gaps, key=lambda gap: (abs(gap - centre), gap))
