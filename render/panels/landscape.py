"""The loss around the way that trainings take, with the ways so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import Dataset, FloatArray, Viewport
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording
from epochreel.render.descent import MOST_SAMPLES, DescentPlane, LossGrid, find_plane, loss_grid
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Rect, Slot
from epochreel.render.panels import LegendEntry, Outline, PanelDrawing
from epochreel.render.panels.axes import draw_axes, frame_axes, tick_width
from epochreel.render.panels.class_points import named_axes
from epochreel.render.panels.heading import draw_heading
from epochreel.render.panels.needs import layered
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Color, Style, TypeScale
from epochreel.render.text import points, text_width
from epochreel.render.timeline import Moment

__all__ = ["LandscapePanel"]

NODES = 41
"""Losses are computed at so many places along each side: 1681 networks, once for a film."""

BANDS = 16
_DEEPEST = 3e-4
"""Of the highest loss that is told apart; what is lower has the colour of the lowest band."""
_HIGHEST = 12.0
"""Times the highest loss of a training; what is higher has the colour of the highest band."""

_AXES = {"pca": ("PC 1", "PC 2"), "random": ("d₁", "d₂")}
"""Names of the axes: principal components, or random directions."""


@dataclass(frozen=True)
class LandscapePanel:
    """Options of the loss-landscape panel.

    Attributes
    ----------
    models : sequence of str
        Recordings to show, all of one architecture and on the same data.
    title, subtitle : str or None
        Heading; ``Loss landscape`` and how much of the paths' variance the plane holds, when left
        out.
    directions : {"pca", "random"}
        What the plane is spanned by: the principal components of the snapshots, or random
        directions, normalised unit by unit.
    seed : int
        Of the random ones.
    """

    models: Sequence[str]
    title: str | None = None
    subtitle: str | None = None
    directions: Literal["pca", "random"] = "pca"
    seed: int = 0

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants; refuse models that have no landscape in common."""
        shown = [recordings[name] for name in self.models]
        _refuse(self.models, shown)
        colors = style.series_colors(len(shown))
        entries = tuple(
            LegendEntry(name, "o", color, style.ground)
            for name, color in zip(self.models, colors, strict=True)
        )
        widest = named_axes(
            Viewport(-12.5, 12.5, -12.5, 12.5), _AXES[self.directions]
        )  # as wide as ticks get
        return Outline(
            tick_width=tick_width(widest, scale),
            title_width=text_width(self.title or "Loss landscape", title_size, "semibold"),
            subtitle=True,
            legend=entries if len(entries) > 1 else (),
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Find the plane, compute the loss on it, and draw it once."""
        shown = [stage.recordings[name] for name in self.models]
        plane = find_plane(shown, self.directions, self.seed)
        style, scale = stage.style, stage.layout.scale
        bar = 4.6 * scale.small
        plot = replace(slot.body, width=max(1, round(slot.body.width - bar)))
        grid = loss_grid(
            shown[0], plane, nodes=NODES, least=1.0 if self.directions == "random" else 0.0,
            shape=plot.height / plot.width,
        )  # fmt: skip
        said = self.subtitle or _said(self.directions, plane, shown[0].dataset, grid)
        draw_heading(stage, slot, self.title or "Loss landscape", said, title_size)
        axes = named_axes(grid.view, _AXES[self.directions])
        draw_axes(stage, replace(slot, body=plot), axes)
        levels = _levels(grid, shown)
        _draw_losses(stage, plot, grid, levels)
        _draw_bar(
            stage, Rect(plot.right, plot.top, slot.body.right - plot.right, plot.height), levels
        )
        colors = style.series_colors(len(shown))
        places = [_places(path, grid.view, plot) for path in plane.paths]
        return _LandscapeDrawing(plot, stage, tuple(self.models), places, colors)


class _LandscapeDrawing(InkDrawing):
    """The paths so far, over the landscape."""

    def __init__(
        self,
        rect: Rect,
        stage: Stage,
        models: tuple[str, ...],
        places: Sequence[FloatArray],
        colors: Sequence[Color],
    ) -> None:
        super().__init__(rect, stage.style.ground)
        # the shortest last: where two take the same way, the longer one is seen beyond it
        self._paths = sorted(
            zip(models, places, colors, strict=True), key=lambda path: -_length(path[1])
        )
        self._style, self._line = stage.style, stage.layout.scale.line
        self._size = 0.0155 * min(rect.width, rect.height) + 2 * self._line

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Draw start and end, each path up to where its training is, and its head."""
        ground, line, size = self._style.ground, self._line, self._size
        walked = [
            (_so_far(places, moment.snapshots[name]), places, color)
            for name, places, color in self._paths
        ]
        for _, places, color in walked:
            ink.markers(places[-1:], 0.8 * size, color, color, marker="x", ring_px=1.6 * line)
        for path, _, color in walked:
            ink.line(path, 4.6 * line, ground, alpha=0.75)
            ink.line(path, 2.2 * line, color)
        for _, places, color in walked:
            ink.markers(places[:1], 0.9 * size, ground, color, ring_px=1.6 * line)
        for path, _, color in walked:
            ink.markers(path[-1:], 1.25 * size, color, ground, ring_px=1.6 * line)


def _refuse(names: Sequence[str], recordings: Sequence[Recording]) -> None:
    if not names:
        raise InvalidInputError("panels: 'landscape' needs at least one model, got none")
    first = layered(recordings[0], "landscape")
    for name, recording in zip(names[1:], recordings[1:], strict=True):
        if layered(recording, "landscape").architecture != first.architecture:
            raise InvalidInputError(
                f"panels: 'landscape' needs models of one architecture, "
                f"{name!r} isn't built as {names[0]!r}"
            )
        if not _same_data(recording.dataset, recordings[0].dataset):
            raise InvalidInputError(
                f"panels: 'landscape' needs models of the same data, "
                f"{name!r} learned from others than {names[0]!r}"
            )
    if not len(recordings[0].dataset.y_train):
        raise InvalidInputError(
            "panels: 'landscape' needs the training data, which the recording of "
            f"{names[0]!r} doesn't have"
        )


def _same_data(one: Dataset, other: Dataset) -> bool:
    return np.array_equal(one.x_train, other.x_train) and np.array_equal(one.y_train, other.y_train)


def _said(directions: str, plane: DescentPlane, dataset: Dataset, grid: LossGrid) -> str:
    """Say what the picture leaves out."""
    whose = "path's" if len(plane.paths) == 1 else "paths'"
    percent = math.floor(100 * plane.explained + 1e-9)  # not 100 % where it isn't all
    share = f"{percent} %" if percent or not plane.explained else "less than 1 %"
    words = f"{share} of the {whose} variance in this plane"
    if directions == "random":
        words += " of random directions"
    if dataset.task == "regression":
        words += "; loss: mean squared error"
    count = len(dataset.y_train)
    if count > MOST_SAMPLES:
        words += f"; loss of {MOST_SAMPLES} of {count} training points"
    if not np.isfinite(grid.losses).all():
        words += "; hatched: not finite"
    return words


def _levels(grid: LossGrid, recordings: Sequence[Recording]) -> FloatArray:
    """Choose the edges of the bands, evenly on a logarithmic scale; they hold for all the film."""
    losses = grid.losses[np.isfinite(grid.losses) & (grid.losses > 0)]
    if not len(losses):
        return np.geomspace(0.1, 1.0, BANDS + 1)
    reached = np.concatenate([recording.metrics["train_loss"] for recording in recordings])
    reached = reached[np.isfinite(reached)]
    high = float(losses.max())
    if len(reached):
        high = min(high, _HIGHEST * float(reached.max()))
    low = min(max(float(losses.min()), _DEEPEST * high), 0.9 * high)
    return np.geomspace(low, high, BANDS + 1)


def _band_colors(style: Style) -> npt.NDArray[np.float64]:
    """From near the ground, where the loss is low, to a quiet tint far from any path's colour."""
    ground = np.array(rgb(style.ground))
    dark = ground.sum() < 1.5
    tint = np.array((0.40, 0.47, 0.60) if dark else (0.60, 0.66, 0.75))
    share = np.linspace(0.10, 1.0, BANDS)[:, None]
    return ground + share * (tint - ground)


def _draw_losses(stage: Stage, plot: Rect, grid: LossGrid, levels: FloatArray) -> None:
    style, line = stage.style, stage.layout.scale.line
    axes = stage.axes(plot)
    view = grid.view
    known = np.isfinite(grid.losses)
    if not known.all():
        _hatch(axes, plot, stage)
    logs = np.full(grid.losses.shape, np.nan)
    # below and above all levels there is one colour; the logarithm of nothing is far below
    logs[known] = np.log(np.maximum(grid.losses[known], 1e-3 * levels[0]))
    masked: Any = np.ma.masked_invalid(logs)
    x = np.linspace(view.x_min, view.x_max, NODES)
    y = np.linspace(view.y_min, view.y_max, NODES)
    edges = np.log(levels)
    colors = [tuple(color) for color in _band_colors(style)]
    axes.contourf(
        x, y, masked, levels=edges, colors=[colors[0], *colors, colors[-1]], extend="both"
    )
    axes.contour(
        x, y, masked, levels=edges[1:-1], colors=[rgb(style.ink)], linewidths=points(0.6 * line),
        linestyles="solid", alpha=0.20,
    )  # fmt: skip
    frame_axes(axes, view, stage)
    axes.grid(False)


def _hatch(axes: Any, plot: Rect, stage: Stage) -> None:
    """Hatch all of the ground, which shows where there is no loss."""
    line, step = stage.layout.scale.line, 0.8 * stage.layout.scale.small
    starts = np.arange(-plot.height, plot.width, step) / plot.width
    rise = plot.height / plot.width
    places = np.full((len(starts), 3, 2), np.nan)
    places[:, 0] = np.column_stack([starts, np.zeros(len(starts))])
    places[:, 1] = np.column_stack([starts + rise, np.ones(len(starts))])
    axes.plot(
        *places.reshape(-1, 2).T, transform=axes.transAxes, color=rgb(stage.style.axis),
        linewidth=points(line), zorder=0.5,
    )  # fmt: skip


def _draw_bar(stage: Stage, rect: Rect, levels: FloatArray) -> None:
    """Draw the scale of the loss at the right, with a few round numbers."""
    style, scale = stage.style, stage.layout.scale
    small = scale.small
    width = max(2, round(0.7 * small))
    top = rect.top + round(1.6 * small)
    bar = Rect(rect.left + round(0.9 * small), top, width, max(1, rect.bottom - top))
    axes: Any = stage.axes(bar)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, BANDS)
    colors = _band_colors(style)
    axes.imshow(colors[::-1, None], extent=(0, 1, 0, BANDS), aspect="auto", interpolation="nearest")
    for spine in axes.spines.values():
        spine.set_linewidth(points(scale.line))
        spine.set_color(rgb(style.axis))
    stage.text(float(bar.left), rect.top + 0.8 * small, "loss", small, style.ink)
    low, high = math.log(levels[0]), math.log(levels[-1])
    for value in _round_losses(float(levels[0]), float(levels[-1])):
        place = bar.bottom - (math.log(value) - low) / (high - low) * bar.height
        stage.text(bar.right + 0.45 * small, place + 0.35 * small, f"{value:g}", small, style.muted)


def _round_losses(low: float, high: float) -> list[float]:
    """Choose at most six round numbers that lie well inside."""
    margin = (high / low) ** 0.03
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for factors in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7)):
        tried = [factor * 10.0**power for power in decades for factor in factors]
        inside = [value for value in tried if low * margin <= value <= high / margin]
        if len(inside) <= 6:
            found = inside
        if len(found) >= 3:
            break
    return found or [float(f"{math.sqrt(low * high):.1g}")]


def _length(path: FloatArray) -> float:
    return float(np.hypot(*np.diff(path, axis=0).T).sum())


def _places(path: FloatArray, view: Viewport, plot: Rect) -> FloatArray:
    """Find pixels of places on the plane."""
    x = (path[:, 0] - view.x_min) / view.width * plot.width
    y = (view.y_max - path[:, 1]) / view.height * plot.height
    return np.column_stack([x, y])


def _so_far(places: FloatArray, snapshot: float) -> FloatArray:
    """Cut a path off where the training is; between two snapshots it goes straight."""
    whole = int(snapshot)
    share = snapshot - whole
    if not share:
        return places[: whole + 1]
    head = (1 - share) * places[whole] + share * places[whole + 1]
    return np.concatenate([places[: whole + 1], head[None]])
