"""Points of the data as panels show them: which ones, in what colours, with what markers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from epochreel.nn.dataset import Dataset, FloatArray, IntArray, Viewport
from epochreel.render.panels import LegendEntry
from epochreel.render.style import Color, Style

__all__ = [
    "MARKERS",
    "Samples",
    "choose_samples",
    "class_fills",
    "class_legend",
    "marker_share",
    "marker_size",
    "named_axes",
]

MARKERS = ("o", "D", "^", "s", "v", "P", "X", "p", "<", ">")
"""Of the classes, in their order; as in the boundary panel."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples that are drawn, their classes, and what the legend says of them."""

    x: FloatArray
    y: IntArray
    note: str


def choose_samples(dataset: Dataset, which: str, most: int) -> Samples | None:
    """Take the test or training points, an even share of them where there are too many.

    Parameters
    ----------
    dataset : Dataset
    which : {"test", "train", "none"}
        The training points stand in for a test split that isn't there.
    most : int
        More points than this are a soup.
    """
    if which == "none":
        return None
    test = which == "test" and len(dataset.y_test) > 0
    x, y = (dataset.x_test, dataset.y_test) if test else (dataset.x_train, dataset.y_train)
    if not len(y):  # a recording may have no samples
        return None
    name = "test points" if test else "training points"
    if len(y) <= most:
        return Samples(x, y, name)
    chosen = np.linspace(0, len(y) - 1, most).astype(np.intp)
    return Samples(x[chosen], y[chosen], f"{most} of {len(y)} {name}")


def class_fills(style: Style, classes: int) -> list[Color]:
    """Class colours, lifted towards white so that a point leads on a field of its own colour."""
    lifted = np.rint(style.class_colors(classes) * 0.55 + 255 * 0.45).astype(int)
    return [(int(r), int(g), int(b)) for r, g, b in lifted]


def class_legend(dataset: Dataset, style: Style) -> tuple[LegendEntry, ...]:
    """Make an entry for each class."""
    fills = class_fills(style, dataset.classes)
    return tuple(
        LegendEntry(name, MARKERS[index % len(MARKERS)], fill, style.isoline)
        for index, (name, fill) in enumerate(zip(dataset.class_names, fills, strict=True))
    )


def marker_size(marker: str, short: int, count: int, least: float = 0.0) -> float:
    """Choose a marker's size in pixels on a plot whose short side is `short`.

    Smaller where there are more of them, but not below `least`; a diamond is as large as a disc to
    the eye.
    """
    size = max(least, short * min(0.0235, 0.0235 * (150 / max(count, 1)) ** 0.35))
    return size * marker_share(marker)


def marker_share(marker: str) -> float:
    """Give the share of a disc's size at which a marker looks as large: a diamond's is less."""
    return 0.86 if marker == "D" else 1.0


def named_axes(viewport: Viewport, names: tuple[str, str]) -> Dataset:
    """Give axes over something else than two features a viewport and names, as of data."""
    nothing = np.empty((0, 2))
    none = np.empty(0, np.int64)
    return Dataset(
        name="axes", x_train=nothing, y_train=none, x_test=nothing, y_test=none,
        viewport=viewport, feature_names=names,
    )  # fmt: skip
