"""Axes of a plot over two features: round ticks, quiet labels, names between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from matplotlib.ticker import MaxNLocator

from epochreel.nn.dataset import Viewport
from epochreel.render.layout import Rect, Slot, tick_gap
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import TypeScale
from epochreel.render.text import points, shorten, text_width

__all__ = ["HasAxes", "draw_axes", "frame_axes", "round_ticks", "tick_labels", "tick_width"]


class HasAxes(Protocol):
    """A plane, or a dataset of two features."""

    @property
    def viewport(self) -> Viewport:
        """What is shown."""
        ...

    @property
    def feature_names(self) -> Sequence[str]:
        """Names of both axes."""
        ...


def draw_axes(stage: Stage, slot: Slot, plane: HasAxes) -> None:
    """Write tick labels outside of the box, and each axis's name between two of them."""
    body = slot.body
    axes = stage.axes(body)
    axes.set_axis_off()
    if slot.x_labels:
        _label_below(stage, body, plane)
    if slot.y_labels:
        _label_beside(stage, body, plane)


def _label_below(stage: Stage, body: Rect, plane: HasAxes) -> None:
    style, scale, viewport = stage.style, stage.layout.scale, plane.viewport
    x_baseline = body.bottom + tick_gap(scale) + 0.74 * scale.small
    ticks = round_ticks(viewport.x_min, viewport.x_max)
    to_x = body.width / viewport.width
    places = [body.left + (tick - viewport.x_min) * to_x for tick in ticks]
    labels = tick_labels(ticks)
    widest = max((text_width(label, scale.small) for label in labels), default=0.0)
    taken = widest + scale.small
    if len(places) > 3 and places[1] - places[0] - taken < text_width(
        plane.feature_names[0], scale.small
    ):
        # a name that is cut says less than every second number
        places, labels = places[::2], labels[::2]
    for place, label in zip(places, labels, strict=True):
        half = text_width(label, scale.small) / 2
        place = min(max(place, body.left + half), body.right - half)
        stage.text(place, x_baseline, label, scale.small, style.muted, align="center")
    middle = _middle_gap(places, body.left, body.right)
    gap_px = (places[1] - places[0]) if len(places) > 1 else float(body.width)
    name = shorten(plane.feature_names[0], gap_px - taken, scale.small)
    stage.text(middle, x_baseline, name, scale.small, style.ink, align="center")


def _label_beside(stage: Stage, body: Rect, plane: HasAxes) -> None:
    style, scale, viewport = stage.style, stage.layout.scale, plane.viewport
    gap = tick_gap(scale)
    ticks = round_ticks(viewport.y_min, viewport.y_max)
    to_y = body.height / viewport.height
    drop = 0.35 * scale.small  # from a line's middle to its baseline
    places = [body.bottom - (tick - viewport.y_min) * to_y for tick in ticks]
    for place, label in zip(places, tick_labels(ticks), strict=True):
        place = min(max(place, body.top + drop), body.bottom - drop)
        stage.text(body.left - gap, place + drop, label, scale.small, style.muted, align="right")
    middle = _middle_gap(places, body.top, body.bottom)
    stage.text(
        body.left - gap,
        middle + drop,
        _side_label(plane, scale),
        scale.small,
        style.ink,
        align="right",
    )


def frame_axes(axes: Any, viewport: Viewport, stage: Stage) -> None:
    """Spines, tick marks and the style's grid, above the field."""
    style, line = stage.style, stage.layout.scale.line
    axes.set_xlim(viewport.x_min, viewport.x_max)
    axes.set_ylim(viewport.y_min, viewport.y_max)
    axes.set_xticks(round_ticks(viewport.x_min, viewport.x_max))
    axes.set_yticks(round_ticks(viewport.y_min, viewport.y_max))
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


def round_ticks(low: float, high: float) -> list[float]:
    """Choose at most six round numbers from `low` to `high`."""
    found = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = (high - low) * 1e-9
    return [float(tick) for tick in found if low - slack <= tick <= high + slack]


def tick_labels(ticks: list[float]) -> list[str]:
    """Write all ticks with as many decimals as the one that needs most."""
    decimals = 0
    while decimals < 8 and any(
        abs(tick - round(tick, decimals)) > 1e-9 * max(1.0, abs(tick)) for tick in ticks
    ):
        decimals += 1
    labels = [f"{tick:.{decimals}f}" for tick in ticks]
    if max(map(len, labels), default=0) > 8:
        labels = [f"{tick:.3g}" for tick in ticks]
    return [label.replace("-", "\N{MINUS SIGN}") for label in labels]


def tick_width(plane: HasAxes, scale: TypeScale) -> float:
    """Width in pixels of the widest text beside the plot."""
    view = plane.viewport
    labels = tick_labels(round_ticks(view.y_min, view.y_max))
    return max(text_width(label, scale.small) for label in (*labels, _side_label(plane, scale)))


def _side_label(plane: HasAxes, scale: TypeScale) -> str:
    """Name of the second feature, cut where it would push the plot aside."""
    return shorten(plane.feature_names[1], 6 * scale.small, scale.small)


def _middle_gap(places: list[float], low: float, high: float) -> float:
    """Middle of that gap between ticks which is nearest to the axis's own middle."""
    centre = (low + high) / 2
    if len(places) < 2:
        return centre
    gaps = [(a + b) / 2 for a, b in zip(places[:-1], places[1:], strict=True)]
    return min(gaps, key=lambda gap: (abs(gap - centre), gap))
