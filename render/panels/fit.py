"""A regression over one feature: the curve that bends to the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import Dataset, FloatArray
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Slot
from epochreel.render.panels import LegendEntry, OneModel, Outline, PanelDrawing
from epochreel.render.panels.heading import draw_heading
from epochreel.render.panels.numbers import (
    Measure,
    choose_numbers,
    numbers_width,
    place_numbers,
    strip_width,
)
from epochreel.render.panels.plotting import Plot, Scale, draw_plot_axes, side_width
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import NumberSlot, points, text_width
from epochreel.render.timeline import Moment

__all__ = ["FitPanel", "needs_one_feature"]

MOST_POINTS = 2000
"""More than that is a cloud without points."""
_STEP_PX = 2
"""Pixels between two places at which the model is asked."""


def needs_one_feature(recording: Recording) -> None:
    """Refuse what isn't a regression over one feature.

    Raises
    ------
    InvalidInputError
    """
    data = recording.dataset
    if data.task != "regression":
        raise InvalidInputError(
            f"panels: 'fit' needs a regression, and {recording.name!r} learns classes"
        )
    if data.features != 1:
        raise InvalidInputError(
            f"panels: 'fit' needs one feature, got {data.features} of {recording.name!r}"
        )


@dataclass(frozen=True)
class FitPanel(OneModel):
    """Options of the fit panel.

    Attributes
    ----------
    model : str
        Name of the recording to show.
    title, subtitle : str or None
        Heading; the model's name, and what is drawn, when left out.
    show_points : {"both", "train", "test", "none"}
        Which samples are drawn.
    residuals : bool
        Whether a thin line goes from each training point to the curve.
    truth : bool
        Whether the function without its noise is drawn where it is known, and a band of one
        standard deviation of that noise on either side.
    numbers : sequence of str or None
        Which of :data:`~epochreel.render.panels.NUMBERS` are shown; R² and loss when left out.
    """

    title: str | None = None
    subtitle: str | None = None
    show_points: Literal["both", "train", "test", "none"] = "both"
    residuals: bool = False
    truth: bool = True
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
        needs_one_feature(recording)
        measures = choose_numbers(recording, self.numbers)
        drawn = _samples(recording.dataset, self.show_points)
        return Outline(
            tick_width=side_width(_y_scale(recording.dataset), scale, _target(recording.dataset)),
            title_width=text_width(self._title, title_size, "semibold"),
            numbers_width=numbers_width(measures, scale),
            strip_width=strip_width(measures, scale),
            subtitle=True,
            legend=tuple(_entry(split, style) for split in drawn),
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Draw axes, points and what is known of the truth once."""
        recording = stage.recordings[self.model]
        data, sizes = recording.dataset, stage.layout.scale
        view = data.viewport
        plot = Plot(slot.body, Scale(view.x_min, view.x_max), _y_scale(data))
        measures = choose_numbers(recording, self.numbers)
        subtitle = self.subtitle or self._words(data)
        room = slot.body.width
        if slot.strip is None and measures:
            room -= round(numbers_width(measures, sizes) + sizes.body)
        draw_heading(stage, slot, self._title, subtitle, title_size, title_room=room)
        draw_plot_axes(stage, plot, data.feature_names[0], _target(data))
        if self.truth:
            _draw_truth(stage, plot, data)
        drawn = _samples(data, self.show_points)
        for split, (x, y) in drawn.items():
            _draw_points(stage, plot, split, x, y, sum(len(each[1]) for each in drawn.values()))
        pulled = _some(data.x_train, data.y_train) if self.residuals else None
        return _FitDrawing(
            self.model, recording, plot, pulled, place_numbers(stage, slot, measures), stage
        )

    @property
    def _title(self) -> str:
        return self.title or self.model

    def _words(self, data: Dataset) -> str:
        """Say what is drawn beside the curve."""
        words: list[str] = []
        if self.truth and data.target is not None and data.target.truth is not None:
            band = f" ± {data.target.noise:.2g} of noise" if data.target.noise else ""
            words.append(f"dashed: the truth{band}")
        if self.residuals:
            words.append("thin: residuals")
        return "; ".join(words) or f"{_target(data)} over {data.feature_names[0]}"


class _FitDrawing(InkDrawing):
    def __init__(
        self,
        model: str,
        recording: Recording,
        plot: Plot,
        pulled: tuple[FloatArray, FloatArray] | None,
        numbers: tuple[tuple[Measure, NumberSlot], ...],
        stage: Stage,
    ) -> None:
        super().__init__(plot.rect, stage.style.ground)
        self.model, self.recording, self.plot = model, recording, plot
        self.pulled, self.numbers = pulled, numbers
        self.style, self.line_px = stage.style, stage.layout.scale.line
        view = recording.dataset.viewport
        count = max(2, plot.rect.width // _STEP_PX + 1)
        self.x = np.linspace(view.x_min, view.x_max, count)
        self.columns = plot.x_px(self.x)

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint the curve, and set the numbers."""
        super().draw(canvas, moment)
        for measure, number in self.numbers:
            number.draw(canvas, measure.text(self.recording, moment.snapshots[self.model]))

    def draw_artists(self, stage: Stage, moment: Moment) -> None:
        """Add the same as artists."""
        super().draw_artists(stage, moment)
        for measure, number in self.numbers:
            stage.stamp(number, measure.text(self.recording, moment.snapshots[self.model]))

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Draw residuals beneath the curve, and the curve with a halo."""
        snapshot, line = moment.snapshots[self.model], self.line_px
        if self.pulled is not None:
            x, y = self.pulled
            ends = np.stack(
                [
                    self.plot.places(x[:, 0], y),
                    self.plot.places(x[:, 0], self._predict(snapshot, x)),
                ],
                axis=1,
            )
            ends = ends[np.isfinite(ends).all(axis=(1, 2))]
            color = np.tile((*rgb(self.style.muted), 0.75), (len(ends), 1))
            ink.lines(ends, np.full(len(ends), line), color)
        rows = self.plot.y_px(self._predict(snapshot, self.x[:, None]))
        # far outside of the plot is outside: Agg would count in fractions of a pixel up there
        rows = np.clip(rows, -10.0 * self.plot.rect.height, 11.0 * self.plot.rect.height)
        places = np.column_stack([self.columns, rows])
        ink.line(places, 6.0 * line, self.style.ground, alpha=0.7)
        ink.line(places, 3.2 * line, self.style.series_colors(2)[1])

    def _predict(self, snapshot: float, x: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):  # what overflows has no curve there
            y = self.recording.logits(snapshot, x)[:, 0].astype(np.float64)
        return np.where(np.isfinite(y), y, np.nan)


def _target(data: Dataset) -> str:
    return data.target.name if data.target is not None else "y"


def _y_scale(data: Dataset) -> Scale:
    return Scale(data.viewport.y_min, data.viewport.y_max)


def _samples(data: Dataset, which: str) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Give the samples to draw of each split, without those of a split that has none."""
    found = {"train": (data.x_train, data.y_train), "test": (data.x_test, data.y_test)}
    return {
        split: _some(x, y) for split, (x, y) in found.items() if which in (split, "both") and len(y)
    }


def _some(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    if len(y) <= MOST_POINTS:
        return x, y
    chosen = np.linspace(0, len(y) - 1, MOST_POINTS).astype(np.intp)
    return x[chosen], y[chosen]


def _entry(split: str, style: Style) -> LegendEntry:
    if split == "train":
        return LegendEntry("training points", "o", style.muted, style.ground)
    return LegendEntry("test points", "D", style.series_colors(1)[0], style.ground)


def _draw_points(
    stage: Stage, plot: Plot, split: str, x: FloatArray, y: FloatArray, count: int
) -> None:
    axes = _axes(stage, plot)
    short = min(plot.rect.width, plot.rect.height)
    diameter = short * min(0.021, 0.021 * (200 / max(count, 1)) ** 0.35)
    entry = _entry(split, stage.style)
    axes.plot(
        *plot.places(x[:, 0], y).T,
        linestyle="none",
        marker=entry.marker,
        markersize=points(diameter * (0.9 if entry.marker == "D" else 1.0)),
        markerfacecolor=rgb(entry.fill),
        markeredgecolor=rgb(entry.ring),
        markeredgewidth=points(max(0.8, 0.1 * diameter)),
        alpha=0.85,
    )


def _draw_truth(stage: Stage, plot: Plot, data: Dataset) -> None:
    target = data.target
    if target is None or target.truth is None:
        return
    axes, style, line = _axes(stage, plot), stage.style, stage.layout.scale.line
    x, y = target.truth.T
    columns, rows = plot.x_px(x), plot.y_px(y)
    if target.noise:
        axes.fill_between(
            columns,
            plot.y_px(y - target.noise),
            plot.y_px(y + target.noise),
            color=rgb(style.series_colors(1)[0]),
            alpha=0.16,
            linewidth=0,
        )
    dash = points(1) / points(1.4 * line)  # of Matplotlib's, in widths of the line
    axes.plot(
        columns,
        rows,
        color=rgb(style.muted),
        linewidth=points(1.4 * line),
        linestyle=(0, (6 * line * dash, 4 * line * dash)),
    )


def _axes(stage: Stage, plot: Plot) -> Any:
    axes = stage.axes(plot.rect)
    axes.set_axis_off()
    axes.set_xlim(0, plot.rect.width)
    axes.set_ylim(plot.rect.height, 0)
    return axes
