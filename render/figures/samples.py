"""The dataset: training points, and test points with a ring, over the plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from epochreel.nn.dataset import Dataset
from epochreel.nn.errors import InvalidInputError
from epochreel.render.figures.sheet import PAD, Sheet, em_width, sheet
from epochreel.render.panels.class_points import MARKERS, class_fills, marker_share
from epochreel.render.stage import rgb
from epochreel.render.style import Color, Style

__all__ = ["dataset"]

MOST_POINTS = 2000


def dataset(
    data: Dataset,
    *,
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw a dataset of two features: training points small, test points with a ring.

    Parameters
    ----------
    data : Dataset
    ax, style, width
        As in :func:`~epochreel.render.figures.architecture`.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``child_axes`` has the points.

    Raises
    ------
    InvalidInputError
        For data without samples, or of other than two features.
    """
    if data.features != 2:
        raise InvalidInputError(f"dataset: must have 2 features to be drawn, got {data.features}")
    if not len(data.y_train) and not len(data.y_test):
        raise InvalidInputError("dataset: must have samples, got none")
    view = data.viewport
    ratio = view.height / view.width

    def need(across: float) -> float:
        high = min((across - 2 * PAD - 4.0) * ratio, 30.0)
        return 2 * PAD + 2.0 + high + 3.4

    on = sheet(ax, style, width, need)
    high = on.height - 2 * PAD - 2.0 - 3.4
    wide = min(on.width - 2 * PAD - 4.0, high / ratio)
    high = min(high, wide * ratio)
    left = (on.width - wide - 4.0) / 2 + 3.2
    inner = on.plot(left, PAD + 2.0, wide, high)
    inner.set_xlim(view.x_min, view.x_max)
    inner.set_ylim(view.y_min, view.y_max)
    name = data.feature_names
    on.text(left + wide / 2, PAD + 2.0 + high + 2.9, name[0], 0.95)
    on.text(left - 2.2, PAD + 2.0 + high / 2 + 0.3, name[1], 0.95, align="right")
    fills = class_fills(on.style, data.classes)
    splits = [("training", data.x_train, data.y_train), ("test", data.x_test, data.y_test)]
    for split, x, y in splits:
        if not len(y):
            continue
        chosen = np.arange(len(y))
        if len(y) > MOST_POINTS:
            chosen = np.linspace(0, len(y) - 1, MOST_POINTS).astype(np.intp)
        for kind in range(data.classes):
            rows = chosen[y[chosen] == kind]
            _scatter(on, inner, x[rows], kind, fills[kind], split, wide, len(chosen))
    _draw_key(on, data, fills, left, wide)
    return on.axes


def _diameter(wide: float, count: int) -> float:
    return min(0.95, 0.02 * wide) * min(1.0, (250 / max(count, 1)) ** 0.25)


def _scatter(
    on: Sheet, inner: Any, points: Any, kind: int, fill: Color, split: str, wide: float, count: int
) -> None:
    test = split == "test"
    size = _diameter(wide, count) * on.em * (1.25 if test else 0.9)
    marker = MARKERS[kind % len(MARKERS)]
    inner.scatter(
        points[:, 0], points[:, 1], s=(size * marker_share(marker)) ** 2,
        marker=marker, color=[rgb(fill)], linewidths=on.line * (1.5 if test else 0.5),
        edgecolors=[rgb(on.style.ink) if test else rgb(on.style.axis)], zorder=4 if test else 3,
        label=f"{split} {kind}",
    )  # fmt: skip


def _draw_key(on: Sheet, data: Dataset, fills: list[Color], left: float, wide: float) -> None:
    """Write what colours and rings mean, above the plot."""
    counts = [f"{len(data.y_train)} for training"]
    if len(data.y_test):
        counts.append(f"{len(data.y_test)} for testing, ringed")
    words = ", ".join(counts)
    on.text(left + wide, PAD + 0.9, words, 0.85, on.style.muted, align="right")
    x, room = left, wide - em_width(words, 0.85) - 1.0
    for kind, (name, fill) in enumerate(zip(data.class_names, fills, strict=True)):
        long = 1.15 + em_width(name, 0.85)
        if x + long > left + room:
            break
        marker = MARKERS[kind % len(MARKERS)]
        size = 0.7 * on.em * marker_share(marker)
        on.axes.scatter(
            [x + 0.4], [PAD + 0.6], s=size**2, marker=marker,
            color=[rgb(fill)], edgecolors=[rgb(on.style.axis)], linewidths=0.5 * on.line, zorder=4,
            clip_on=False,
        )  # fmt: skip
        on.text(x + 1.15, PAD + 0.9, name, 0.85, align="left")
        x += long + 1.0
