"""How the weights of each layer are spread, now and before: ridges that recede as they age."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator

from epochreel.nn.dataset import FloatArray
from epochreel.nn.recording import Layered, Recording
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Slot, tick_gap
from epochreel.render.panels.dead import DeadUnits
from epochreel.render.panels.signs import Signs
from epochreel.render.panels.units import greatest, spread
from epochreel.render.stage import Stage, rgb
from epochreel.render.text import points, text_width
from epochreel.render.timeline import Moment

__all__ = ["RidgeDrawing", "densities", "row_labels"]

_BINS = 128
_MOST_LOOKED_AT = 240
_PAST = 9
"""Moments whose ridges stay, spread evenly over the recording."""

_ROOM = 1.25
"""From zero to the end of the axis, over the greatest weight: its hill has a foot beyond it."""

_HEIGHT, _DEPTH = 0.56, 0.34
"""Of the highest ridge, and of the whole past behind it, over the height of a row."""


def row_labels(model: Layered) -> list[tuple[str, str]]:
    """Name each layer, and say the shape of its weights."""
    last = len(model.architecture) - 1
    return [
        (
            "Output" if index == last else f"Layer {index + 1}",
            f"{spec.output_dim} × {spec.input_dim}",
        )
        for index, spec in enumerate(model.architecture)
    ]


def densities(
    rows: npt.NDArray[np.floating], reach: float, bins: int = _BINS
) -> npt.NDArray[np.float32]:
    """Estimate how numbers are spread from −reach to reach.

    Counts in bins, smoothed by a Gaussian as wide as for normal numbers is best, the narrowest of
    all rows.

    Parameters
    ----------
    rows : (moments, numbers) array
    reach : float
    bins : int

    Returns
    -------
    (moments, bins) array
        The area of each is 1, in bins, where nothing lies beyond.

    Source: Silverman's rule, B. W. Silverman, Density Estimation, 1986, section 3.4.
    """
    width = 2 * reach / bins
    places = np.floor((rows + reach) / width).astype(np.int64)
    places = np.clip(places, -1, bins) + 1  # what lies beyond is counted aside
    moments = np.repeat(np.arange(len(rows)), rows.shape[1])
    flat = np.bincount(moments * (bins + 2) + places.ravel(), minlength=len(rows) * (bins + 2))
    counts = flat.reshape(len(rows), bins + 2)[:, 1:-1] / rows.shape[1]
    narrowest = float(rows.std(axis=1, dtype=np.float64).min())
    sigma = min(max(1.06 * narrowest * rows.shape[1] ** -0.2 / width, 1.2), 5.0)
    offsets = np.arange(bins)[:, None] - np.arange(bins)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= np.sqrt(2 * np.pi) * sigma
    return (counts @ kernel).astype(np.float32)


class RidgeDrawing(InkDrawing):
    """A row for each layer: the present in front, the past behind it.

    Parameters
    ----------
    name : str
        Of the recording.
    recording : Recording
    model : Layered
        The same.
    stage : Stage
    slot : Slot
    """

    def __init__(
        self, name: str, recording: Recording, model: Layered, stage: Stage, slot: Slot
    ) -> None:
        super().__init__(slot.body, stage.style.ground)
        self._name, self._body = name, slot.body
        self._style, self._scale = stage.style, stage.layout.scale
        self._signs = Signs.of_style(stage.style)
        self._last = max(1, len(recording) - 1)
        self._places = spread(len(recording), _MOST_LOOKED_AT)
        looked_at = [[weights.ravel() for weights, _ in model.layers(at)] for at in self._places]
        layers = [np.stack(rows) for rows in zip(*looked_at, strict=True)]
        self._reach = _ROOM * greatest(layers)
        found = [densities(rows, self._reach) for rows in layers]
        # a row's height is its highest ridge ever: areas of one row can be compared, not of two
        self._ridges = [rows / max(float(rows.max()), 1e-9) for rows in found]
        self._dead = DeadUnits(model, recording.dataset.x_train)
        self._units = [spec.output_dim for spec in model.architecture]
        self._x = (np.arange(_BINS) + 0.5) / _BINS * self._body.width
        self._rows = self._body.height / len(layers)
        self._foot = max(0.5, 0.008 * self._rows)  # lower than this a hill is not drawn
        self._still(stage, slot, model)

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Draw each row from the far past to the present."""
        snapshot = moment.snapshots[self._name]
        past = [at for at in np.arange(_PAST) * self._last / _PAST if at < snapshot]
        dead = self._dead(snapshot)
        for row in range(len(self._ridges)):
            base = (row + 1) * self._rows - 0.04 * self._rows
            for at in past:
                age = (snapshot - at) / self._last
                self._ridge(ink, row, self._density(row, at), base - age * _DEPTH * self._rows, age)
            self._ridge(ink, row, self._density(row, snapshot), base, 0.0)
            count = int(dead[row].sum())
            if count:
                text = f"{count} of {self._units[row]} dead"
                right, baseline = float(self._body.width), base - 0.45 * self._scale.small
                ink.text(right, baseline, text, self._scale.small, self._style.ink, align="right")

    def _ridge(self, ink: Ink, row: int, density: FloatArray, base: float, age: float) -> None:
        heights = base - density * _HEIGHT * self._rows
        ground = np.array(rgb(self._style.ground))
        near = 0.85 if age == 0 else 0.34 * (1 - 0.6 * age)
        half = _BINS // 2
        middle = (heights[half - 1] + heights[half]) / 2
        centre = self._body.width / 2
        for side, color in (
            (slice(None, half), self._signs.below),
            (slice(half, None), self._signs.above),
        ):
            x, y = self._x[side], heights[side]
            seen = np.flatnonzero(base - y > self._foot)
            if not len(seen):
                continue
            x, y = x[seen[0] : seen[-1] + 1], y[seen[0] : seen[-1] + 1]
            top = np.column_stack([x, y])
            inner = [[centre, middle], [centre, base]]
            if side.start is None:
                corners = np.vstack([[[x[0], base]], top, inner])
            else:
                corners = np.vstack([inner[::-1], top, [[x[-1], base]]])
            fill = ground + near * (color - ground)
            ink.polygons(corners[None], np.array([[*fill, 1.0]]))
        seen = np.flatnonzero(base - heights > self._foot)
        if len(seen):
            line = np.column_stack([self._x, heights])[seen[0] : seen[-1] + 1]
            if age == 0:
                ink.line(line, 1.6 * self._scale.line, self._style.ink)
            else:
                shade = 0.62 * (1 - 0.55 * age)
                mix = ground + shade * (np.array(rgb(self._style.muted)) - ground)
                ink.line(line, 0.8 * self._scale.line, Signs.bytes_of(mix))

    def _density(self, row: int, at: float) -> FloatArray:
        """Interpolate between the moments that were looked at."""
        ridges, place = (
            self._ridges[row],
            float(np.interp(at, self._places, range(len(self._places)))),
        )
        before = min(int(place), len(ridges) - 1)
        after = min(before + 1, len(ridges) - 1)
        share = place - before
        return (1 - share) * ridges[before].astype(float) + share * ridges[after]

    def _still(self, stage: Stage, slot: Slot, model: Layered) -> None:
        """Write names of rows and the axis; draw baselines and the line of zero."""
        style, scale, body = self._style, self._scale, self._body
        axes = stage.axes(body)
        axes.set_axis_off()
        axes.set_xlim(0, body.width)
        axes.set_ylim(body.height, 0)
        for row, (name, shape) in enumerate(row_labels(model)):
            base = (row + 1) * self._rows - 0.04 * self._rows
            axes.plot(
                [0, body.width], [base, base], color=rgb(style.axis), linewidth=points(scale.line)
            )
            left, baseline = body.left - tick_gap(scale), body.top + base
            two = self._rows > 2.9 * scale.small
            rise = 1.25 * scale.small if two else 0.0
            stage.text(left, baseline - rise, name, scale.small, style.ink, align="right")
            if two:
                stage.text(left, baseline, shape, scale.small, style.muted, align="right")
        below = body.bottom + tick_gap(scale) + 0.5 * scale.small
        ticks = MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10], symmetric=True).tick_values(
            -self._reach, self._reach
        )
        for tick in ticks:
            if abs(tick) <= self._reach:
                x = (tick / self._reach + 1) / 2 * body.width
                strong = abs(tick) < 1e-9 * self._reach
                axes.plot(
                    [x, x], [0, body.height], color=rgb(style.axis), alpha=0.8 if strong else 0.3,
                    linewidth=points(scale.line),
                )  # fmt: skip
                label = f"{0.0 if strong else tick:g}".replace("-", "\N{MINUS SIGN}")
                half = text_width(label, scale.small) / 2
                place = min(max(body.left + x, body.left + half), body.right - half)
                stage.text(place, below, label, scale.small, style.muted, align="center")
