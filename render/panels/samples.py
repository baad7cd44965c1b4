"""Samples on a plane: a colour and a marker for each class, a cross on those that are mistaken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import Dataset, FloatArray, IntArray
from epochreel.nn.recording import Recording
from epochreel.render.isoline import Pieces
from epochreel.render.layout import Rect
from epochreel.render.panels import LegendEntry, class_points
from epochreel.render.planes import Plane
from epochreel.render.predicting import classes_of
from epochreel.render.stage import Stage, rgb
from epochreel.render.stroke import Stroke
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import points

__all__ = ["Crosses", "Group", "Shown", "choose_samples", "draw_samples", "samples_legend"]

Shown = Literal["test", "train", "both", "none"]

MOST_POINTS = 2000
"""More points than this are a soup: a fixed sample of them is drawn, and the legend says so."""

_SMALLER = 0.62
"""Of training points beside test points, over the size of these."""

_FAINT = 0.55


@dataclass(frozen=True, eq=False)
class Group:
    """Samples of one split.

    Attributes
    ----------
    x : (samples, features) array of float64
    y : (samples,) array of int64
    note : str
        What the legend says of them.
    lesser : bool
        Whether they stand behind others, smaller and fainter.
    """

    x: FloatArray
    y: IntArray
    note: str
    lesser: bool = False

    @property
    def scale(self) -> float:
        """How large they are beside those that aren't lesser."""
        return _SMALLER if self.lesser else 1.0


def choose_samples(dataset: Dataset, shown: Shown) -> tuple[Group, ...]:
    """Choose what is drawn, the lesser first; without a test split, training samples.

    A recording may have no samples at all.
    """
    if shown == "none":
        return ()
    both = shown == "both" and len(dataset.y_test) > 0
    first = class_points.choose_samples(
        dataset, "train" if shown == "train" else "test", MOST_POINTS
    )
    groups = (Group(first.x, first.y, first.note),) if first is not None else ()
    behind = class_points.choose_samples(dataset, "train", MOST_POINTS) if both else None
    if behind is None:
        return groups
    return (Group(behind.x, behind.y, f"small: {behind.note}", lesser=True), *groups)


def samples_legend(
    dataset: Dataset, groups: tuple[Group, ...], style: Style, *, errors: bool
) -> tuple[tuple[LegendEntry, ...], str]:
    """Say which marker is which class, and what they all are."""
    if not groups:
        return (), ""
    entries = list(class_points.class_legend(dataset, style))
    if errors:
        entries.append(LegendEntry("misclassified", "x", style.ink, style.ink))
    return tuple(entries), ", ".join(group.note for group in reversed(groups))


def _diameter(group: Group, body: Rect) -> float:
    """Size in pixels: smaller where there are more of them, so that the field still shows."""
    short = min(body.width, body.height)
    size = class_points.marker_size("o", short, len(group.y))
    return size * group.scale


def draw_samples(
    axes: Any, groups: tuple[Group, ...], plane: Plane, dataset: Dataset, stage: Stage, body: Rect
) -> None:
    """Draw points that stay where they are on axes over a plane."""
    fills = class_points.class_fills(stage.style, dataset.classes)
    for order, group in enumerate(groups):
        places, diameter = plane.project(group.x), _diameter(group, body)
        for kind in range(dataset.classes):
            marker = class_points.MARKERS[kind % len(class_points.MARKERS)]
            chosen = places[group.y == kind]
            axes.scatter(
                chosen[:, 0],
                chosen[:, 1],
                s=(points(diameter) * class_points.marker_share(marker)) ** 2,
                marker=marker,
                color=[rgb(fills[kind])],
                edgecolors=[rgb(stage.style.isoline)],
                linewidths=points(max(1.0, 0.09 * diameter)),
                alpha=_FAINT if group.lesser else None,
                clip_on=True,
                zorder=3 + order,
            )


class Crosses:
    """Marks the samples that a model takes for another class.

    Parameters
    ----------
    recording : Recording
    groups : tuple of Group
    plane : Plane
    body : Rect
        The plot, in pixels of the frame.
    style : Style
    scale : TypeScale
    """

    def __init__(
        self,
        recording: Recording,
        groups: tuple[Group, ...],
        plane: Plane,
        body: Rect,
        style: Style,
        scale: TypeScale,
    ) -> None:
        self._recording = recording
        self._x = np.concatenate([group.x for group in groups])
        self._y = np.concatenate([group.y for group in groups])
        view, places = plane.viewport, plane.project(self._x)
        to_px = np.array([body.width / view.width, -body.height / view.height])
        middles = (places - [view.x_min, view.y_max]) * to_px
        sizes = np.concatenate([np.full(len(group.y), _diameter(group, body)) for group in groups])
        reach = 0.62 * sizes[:, None]
        ends = np.array([[[-1, -1], [1, 1]], [[-1, 1], [1, -1]]])  # strokes, ends, x and y
        self._strokes = middles[:, None, None] + reach[:, None, None] * ends
        self._ends = np.cumsum([len(group.y) for group in groups])[:-1]
        self._pens = [_pen(group, body, style, scale) for group in groups]

    def wrong(self, snapshot: float) -> npt.NDArray[np.bool_]:
        """Tell which of the samples are misclassified at a snapshot, the lesser first."""
        return classes_of(self._recording, snapshot, self._x) != self._y

    def draw(self, box: npt.NDArray[np.uint8], snapshot: float) -> None:
        """Paint the crosses of a snapshot over the plot, (height, width, 4)."""
        for pen, pieces in zip(self._pens, self._pieces(snapshot), strict=True):
            pen.draw(pieces, box)

    def add_paths(self, axes: Any, snapshot: float) -> None:
        """Add them as vectors to axes that count in pixels."""
        for pen, pieces in zip(self._pens, self._pieces(snapshot), strict=True):
            if len(pieces):
                pen.add_path(axes, pieces)

    def _pieces(self, snapshot: float) -> list[Pieces]:
        """Give the strokes of each group."""
        wrong = np.split(self.wrong(snapshot), self._ends)
        every = np.split(self._strokes, self._ends)
        return [some[chosen].reshape(-1, 2, 2) for some, chosen in zip(every, wrong, strict=True)]


def _pen(group: Group, body: Rect, style: Style, scale: TypeScale) -> Stroke:
    """Choose what crosses are drawn with: thinner on the lesser points, which stand behind."""
    core = max(1.6 * scale.line * group.scale, 0.16 * _diameter(group, body))
    return Stroke(
        body.width,
        body.height,
        core_px=core,
        halo_px=core + 2.2 * scale.line * group.scale,
        core=style.isoline,
        halo=style.halo,
    )
