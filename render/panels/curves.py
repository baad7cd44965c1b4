"""Curves of a training: loss, accuracy and the like, as far as it has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from epochreel.nn.dataset import FloatArray
from epochreel.nn.errors import InvalidInputError, look_up
from epochreel.nn.recording import Recording
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Slot
from epochreel.render.panels import Outline, PanelDrawing
from epochreel.render.panels.curve_lines import GrowingLine, value_scale
from epochreel.render.panels.head_labels import HeadLabels
from epochreel.render.panels.heading import draw_heading
from epochreel.render.panels.numbers import format_value
from epochreel.render.panels.plotting import Plot, Scale, draw_plot_axes, side_width
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Color, Style, TypeScale
from epochreel.render.text import points, text_width
from epochreel.render.timeline import Moment

__all__ = ["CURVES", "CurvesPanel"]

CURVES: Mapping[str, str] = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "r2": "R²",
    "gradient_norm": "Gradient norm",
    "learning_rate": "Learning rate",
}
"""What can be drawn, and what its panel is called. The last two are of no split."""

_OF_SPLITS = ("loss", "accuracy", "r2")
_SPLITS = {"train": "training", "test": "test"}


@dataclass(frozen=True)
class CurvesPanel:
    """Options of the curves panel.

    Attributes
    ----------
    models : tuple of str
        Names of the recordings whose curves are drawn.
    title, subtitle : str or None
        Heading; what is drawn, and which line is which, when left out.
    metric : str
        One of :data:`CURVES`.
    splits : {"both", "train", "test"}
        Samples that loss and accuracy are of.
    x : {"updates", "epochs", "seconds"}
        What they are drawn over.
    x_scale, y_scale : {"linear", "log"}
    future : {"none", "faint"}
        Whether what is still to come is hinted at.
    """

    models: tuple[str, ...]
    title: str | None = None
    subtitle: str | None = None
    metric: str = "loss"
    splits: Literal["both", "train", "test"] = "both"
    x: Literal["updates", "epochs", "seconds"] = "updates"
    x_scale: Literal["linear", "log"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"
    future: Literal["none", "faint"] = "none"

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants."""
        series = self._series(recordings)
        y_scale, _ = self._y(recordings, series)
        return Outline(
            tick_width=side_width(y_scale, scale),
            title_width=text_width(self._title, title_size, "semibold"),
            subtitle=True,
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Draw axes and heading once, and what is to come where it is hinted at."""
        recordings = stage.recordings
        series = self._series(recordings)
        y_scale, cut = self._y(recordings, series)
        sizes, body = stage.layout.scale, slot.body
        labels = HeadLabels.of(
            [(index, self._name(series[index], series)) for index in self._labelled(series)],
            self._widest(recordings, series),
            body.width,
            body.height,
            sizes,
        )
        plot = Plot(body, self._x(recordings), y_scale, 4 * sizes.line, labels.width)
        subtitle = self.subtitle or self._words(series, recordings, y_scale if cut else None)
        draw_heading(stage, slot, self._title, subtitle, title_size)
        draw_plot_axes(stage, plot, self.x)
        lines: list[_Line] = []
        for key in series:
            values = recordings[key.model].metrics[key.metric]
            dashed = key.split == "test" and self.splits == "both"
            line = GrowingLine.through(
                plot.places(getattr(recordings[key.model], self.x), values),
                dash_px=4.5 * sizes.line if dashed else 0.0,
            )
            color = _color(stage, key)
            lines.append(_Line(key, line, values, color, dashed))
            if self.future == "faint":
                _hint(stage, plot, line, color)
        return _CurvesDrawing(lines, labels, self._form(recordings, series), stage, slot)

    @property
    def _title(self) -> str:
        return self.title or look_up("metric", self.metric, CURVES)

    def _series(self, recordings: Mapping[str, Recording]) -> list[Curve]:
        """Settle which curves there are, the models in turn."""
        found: list[Curve] = []
        for model in self.models:
            known = recordings[model].metrics
            splits = ["train", "test"] if self.splits == "both" else [self.splits]
            if look_up("metric", self.metric, CURVES) and self.metric not in _OF_SPLITS:
                splits = [""]
            keys = [Curve(model, split, f"{split}_{self.metric}".lstrip("_")) for split in splits]
            own = [key for key in keys if key.metric in known]
            if not own:
                raise InvalidInputError(
                    f"panels: 'curves' needs {keys[0].metric!r} of {model!r}, "
                    "which its recording doesn't have"
                )
            found += own
        return found

    def _labelled(self, series: Sequence[Curve]) -> list[int]:
        """Choose which curves get a label: of several models one each, that of the test split."""
        if len(self.models) == 1:
            return list(range(len(series)))
        return list({key.model: index for index, key in enumerate(series)}.values())

    def _name(self, key: Curve, series: Sequence[Curve]) -> str:
        if len(self.models) > 1:
            return key.model
        return key.split if len(series) > 1 else ""

    def _x(self, recordings: Mapping[str, Recording]) -> Scale:
        counts = [np.asarray(getattr(recordings[name], self.x), float) for name in self.models]
        last = max(float(values[-1]) for values in counts)
        if self.x_scale == "linear":
            return Scale(0.0, last if last > 0 else 1.0)
        positive = [values[values > 0] for values in counts]
        first = min((float(values[0]) for values in positive if len(values)), default=1.0)
        return Scale(first, last if last > first else 2 * first, log=True)

    def _y(
        self, recordings: Mapping[str, Recording], series: Sequence[Curve]
    ) -> tuple[Scale, bool]:
        curves = [recordings[key.model].metrics[key.metric] for key in series]
        return value_scale(curves, self.metric, log=self.y_scale == "log")

    def _words(
        self, series: Sequence[Curve], recordings: Mapping[str, Recording], cut: Scale | None
    ) -> str:
        """Say which line is which, and what the axis leaves out."""
        splits = {key.split for key in series}
        if self.metric == "gradient_norm":
            words = "of the loss over all training points"
        elif self.metric == "learning_rate":
            words = "of the update that comes next"
        elif len(splits) > 1:
            words = "training (solid), test (dashed)"
        else:
            words = f"{_SPLITS[next(iter(splits))]} points"
        if len(self.models) == 1 < len(recordings):
            words = f"{self.models[0]}: {words}"
        if cut is not None:  # first, where it isn't cut off itself
            end, over = (cut.low, "below") if self.metric == "r2" else (cut.high, "above")
            minus = f"{end:.2g}".replace("-", "\N{MINUS SIGN}")
            words = f"cut off {over} {minus}; {words}"
        return words

    def _form(self, recordings: Mapping[str, Recording], series: Sequence[Curve]) -> Form:
        """Say how values are written, always as many characters."""
        values = np.concatenate([recordings[key.model].metrics[key.metric] for key in series])
        positive = values[values > 0]
        if self.y_scale == "log" and len(positive) and positive.min() < 5e-4:
            return lambda value: f"{value:.1e}".replace("-", "\N{MINUS SIGN}")
        if self.metric != "learning_rate":
            return lambda value: format_value(self.metric, value)
        greatest = float(values.max())
        decimals = min(7, max(1, 2 - floor(log10(greatest)))) if greatest > 0 else 1
        return lambda value: f"{value:.{decimals}f}"

    def _widest(self, recordings: Mapping[str, Recording], series: Sequence[Curve]) -> str:
        form = self._form(recordings, series)
        values = [recordings[key.model].metrics[key.metric] for key in series]
        return max((form(float(value)) for each in values for value in each[[0, -1]]), key=len)


class Curve(NamedTuple):
    """One curve: whose, on which samples (none where it is of no split), and its metric's key."""

    model: str
    split: str
    metric: str


Form: TypeAlias = Callable[[float], str]


class _Line(NamedTuple):
    key: Curve
    line: GrowingLine
    values: FloatArray
    color: Color
    dashed: bool


class _CurvesDrawing(InkDrawing):
    def __init__(
        self,
        lines: Sequence[_Line],
        labels: HeadLabels,
        form: Form,
        stage: Stage,
        slot: Slot,
    ) -> None:
        super().__init__(slot.body, stage.style.ground)
        self.lines, self.labels, self.form = lines, labels, form
        self.ground, self.line_px = stage.style.ground, stage.layout.scale.line
        self.tracks = labels.place(
            [
                {index: _row(lines[index], moment) for index in labels.names}
                for moment in stage.shown
            ]
        )

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Draw the past, then the heads, then what they say."""
        for line in self.lines:
            past = line.line.until(moment.snapshots[line.key.model])
            if len(past):
                width = (1.7 if line.dashed else 2.0) * self.line_px
                ink.line(past, width, line.color, alpha=0.85 if line.dashed else 1.0)
        heads: dict[int, tuple[FloatArray, str, Color]] = {}
        for index, line in enumerate(self.lines):
            snapshot = moment.snapshots[line.key.model]
            head = line.line.head(snapshot)
            if head is None:
                continue
            size = 6.5 if index in self.labels.names else 4.5
            ink.markers(
                head[None], size * self.line_px, line.color, self.ground, ring_px=1.2 * self.line_px
            )
            value = self.form(float(line.values[int(snapshot)]))
            heads[index] = (head, value, line.color)
        rows = self.labels.rows(
            self.tracks,
            moment.index,
            {index: float(head[1]) for index, (head, _, _) in heads.items()},
        )
        for index, row in rows.items():
            head, value, color = heads[index]
            self.labels.write(ink, index, float(head[0]), row, value, color, self.ground)


def _row(line: _Line, moment: Moment) -> float:
    head = line.line.head(moment.snapshots[line.key.model])
    return 0.0 if head is None else float(head[1])


def _color(stage: Stage, key: Curve) -> Color:
    """Give each model of the film a colour of its own; in a film of one, each split."""
    models = list(stage.recordings)
    if len(models) == 1:
        return stage.style.series_colors(2)[key.split == "test"]
    return stage.style.series_colors(len(models))[models.index(key.model)]


def _hint(stage: Stage, plot: Plot, line: GrowingLine, color: Color) -> None:
    """Draw all of a line faintly, once."""
    axes: Any = stage.axes(plot.rect)
    axes.set_axis_off()
    axes.set_xlim(0, plot.rect.width)
    axes.set_ylim(plot.rect.height, 0)
    times, places = line.dashes or (line.snapshots, line.places)
    del times
    width = points(1.4 * stage.layout.scale.line)
    axes.plot(*places.T, color=rgb(color), alpha=0.28, linewidth=width, solid_capstyle="round")
