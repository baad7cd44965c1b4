"""Plots of one number over another: scales, round ticks, quiet axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import FloatArray
from epochreel.render.layout import Rect, tick_gap
from epochreel.render.panels.axes import round_ticks, tick_labels
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import TypeScale
from epochreel.render.text import points, shorten, text_width

__all__ = ["Plot", "Scale", "draw_plot_axes", "side_width"]


@dataclass(frozen=True)
class Scale:
    """From numbers to shares of an axis.

    Attributes
    ----------
    low, high : float
        Its ends; greater than 0 where it is logarithmic.
    log : bool
    """

    low: float
    high: float
    log: bool = False

    def shares(self, values: npt.ArrayLike) -> FloatArray:
        """Place numbers between 0 and 1; NaN where a logarithmic axis has no place for one."""
        numbers = np.asarray(values, np.float64)
        if not self.log:
            return (numbers - self.low) / (self.high - self.low)
        with np.errstate(all="ignore"):
            logs = np.where(numbers > 0, np.log(numbers), np.nan)
        low, high = math.log(self.low), math.log(self.high)
        return (logs - low) / (high - low)

    def ticks(self) -> list[float]:
        """Choose a few round numbers."""
        if not self.log:
            return round_ticks(self.low, self.high)
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        step = max(1, -(-(last - first) // 5))
        decades = [10.0**power for power in range(first, last + 1, step)]
        if len(decades) >= 3:
            return decades
        finer = [
            factor * 10.0**power
            for power in range(first - 1, last + 1)
            for factor in ((1, 3) if decades else (1, 2, 5))
        ]
        found = [tick for tick in finer if self.low <= tick <= self.high]
        return found if len(found) > 1 else round_ticks(self.low, self.high)

    def labels(self) -> list[str]:
        """Write the ticks."""
        ticks = self.ticks()
        return [_power(tick) for tick in ticks] if self.log else tick_labels(ticks)


def _power(tick: float) -> str:
    """Write a tick of a logarithmic axis as short as it can be read at a glance."""
    if 1e-4 <= tick < 1e5:
        return f"{tick:.10f}".rstrip("0").rstrip(".")
    return f"{tick:.0e}".replace("e-0", "e-").replace("e+0", "e").replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Plot:
    """Two axes in a rectangle.

    Attributes
    ----------
    rect : Rect
        In pixels of the frame.
    x, y : Scale
    pad : float
        Pixels from the axes to their ends, so that a marker on one isn't cut.
    right : float
        Pixels at the right that are kept for what stands beside the lines.
    """

    rect: Rect
    x: Scale
    y: Scale
    pad: float = 0.0
    right: float = 0.0

    @property
    def inner_width(self) -> float:
        """Pixels from the least x to the greatest."""
        return max(1.0, self.rect.width - self.right - 2 * self.pad)

    def x_px(self, values: npt.ArrayLike) -> FloatArray:
        """Columns of numbers, in pixels from the rectangle's left edge."""
        return self.pad + self.x.shares(values) * self.inner_width

    def y_px(self, values: npt.ArrayLike) -> FloatArray:
        """Rows of numbers, in pixels from the rectangle's upper edge."""
        height = max(1.0, self.rect.height - 2 * self.pad)
        return self.pad + (1 - self.y.shares(values)) * height

    def places(self, x: npt.ArrayLike, y: npt.ArrayLike) -> FloatArray:
        """Places of points, (points, 2)."""
        return np.column_stack([self.x_px(x), self.y_px(y)])


def side_width(scale: Scale, sizes: TypeScale, name: str = "") -> float:
    """Width in pixels of the widest text beside the axis."""
    words = [*scale.labels(), shorten(name, 6 * sizes.small, sizes.small)]
    return max((text_width(word, sizes.small) for word in words), default=0.0)


def draw_plot_axes(stage: Stage, plot: Plot, x_name: str, y_name: str = "") -> None:
    """Draw two spines, faint lines at the ticks of y, labels, and names between two of them."""
    style, sizes, rect = stage.style, stage.layout.scale, plot.rect
    axes: Any = stage.axes(rect)
    axes.set_xlim(0, rect.width)
    axes.set_ylim(rect.height, 0)
    axes.set_axis_off()
    line, end = sizes.line, rect.width - plot.right
    grid = {"color": rgb(style.muted), "alpha": 0.22, "linewidth": points(line)}
    spine = {"color": rgb(style.axis), "linewidth": points(line), "clip_on": False}
    y_ticks, x_ticks = plot.y.ticks(), plot.x.ticks()
    for row in plot.y_px(y_ticks):
        axes.plot([0, end], [row, row], **grid)
    for column in plot.x_px(x_ticks):
        axes.plot([column] * 2, [rect.height - 4 * line, rect.height], **spine)
    axes.plot([0, 0, end], [0, rect.height, rect.height], **spine)
    _label_rows(stage, plot, y_name)
    _label_columns(stage, plot, x_name)


def _label_rows(stage: Stage, plot: Plot, name: str) -> None:
    style, size, rect = stage.style, stage.layout.scale.small, plot.rect
    right, drop = rect.left - tick_gap(stage.layout.scale), 0.35 * size
    rows = rect.top + plot.y_px(plot.y.ticks())
    last = -math.inf
    for row, label in sorted(zip(rows.tolist(), plot.y.labels(), strict=True)):
        place = min(max(row, rect.top + drop), rect.bottom - drop)
        if place - last >= 1.15 * size:  # a low plot has no room for all of them
            stage.text(right, place + drop, label, size, style.muted, align="right")
            last = place
    if name:
        middle = _gap(rows.tolist(), rect.top, rect.bottom, 2.4 * size)
        if middle is not None:
            shown = shorten(name, 6 * size, size)
            stage.text(right, middle + drop, shown, size, style.ink, align="right")


def _label_columns(stage: Stage, plot: Plot, name: str) -> None:
    style, sizes, rect = stage.style, stage.layout.scale, plot.rect
    size, baseline = sizes.small, rect.bottom + tick_gap(sizes) + 0.74 * sizes.small
    shown = shorten(name, 0.45 * rect.width, size)
    stage.text(rect.right, baseline, shown, size, style.ink, align="right")
    free = rect.right - (text_width(shown, size) + 0.8 * size if shown else 0.0)
    columns = (rect.left + plot.x_px(plot.x.ticks())).tolist()
    spans: list[tuple[float, float, str]] = []
    for column, label in zip(columns, plot.x.labels(), strict=True):
        width = text_width(label, size)
        left = max(column - width / 2, float(rect.left))
        if left + width <= free:
            spans.append((left, left + width, label))
    # evenly: all of them, or every second, or third
    for step in range(1, len(spans) + 1):
        kept = spans[::step]
        if all(b[0] >= a[1] + 0.7 * size for a, b in zip(kept[:-1], kept[1:], strict=True)):
            for left, _, label in kept:
                stage.text(left, baseline, label, size, style.muted)
            return


def _gap(places: list[float], low: float, high: float, needed: float) -> float | None:
    """Middle of that gap between ticks, wide enough, which is nearest to the axis's own middle."""
    ordered, centre = sorted(places), (low + high) / 2
    gaps = [
        (before + after) / 2
        for before, after in zip(ordered[:-1], ordered[1:], strict=True)
        if after - before >= needed
    ]
    return min(gaps, key=lambda gap: (abs(gap - centre), gap), default=None)
