"""What each unit sees: its activation over the plane, and how the next layer mixes these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.patches import Rectangle

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Layered, Recording
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Slot, tick_gap
from epochreel.render.panels import LegendEntry, OneModel, Outline, PanelDrawing
from epochreel.render.panels.class_points import (
    MARKERS,
    choose_samples,
    class_fills,
    class_legend,
    marker_size,
)
from epochreel.render.panels.columns import label_columns, name_inputs
from epochreel.render.panels.heading import draw_heading
from epochreel.render.panels.needs import layered
from epochreel.render.panels.outcome import Outcome
from epochreel.render.panels.signs import Signs, weight_lines
from epochreel.render.panels.tiles import CoarseGrid, Tiles, place_tiles
from epochreel.render.panels.units import (
    Places,
    choose_units,
    greatest,
    labels_of,
    shown_weights,
    spread,
)
from epochreel.render.pixels import pack
from epochreel.render.predicting import needs_classes
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import points, shorten, text_width
from epochreel.render.timeline import Moment

__all__ = ["HiddenUnitsPanel"]

_MOST_POINTS = 600
"""On a field of half the panel's height more would hide it."""

_CLIPPED = 0.995
_LOOKED_AT = 24
_ENTRIES = 511
"""Colours of the scale, odd so that zero is one of them."""


@dataclass(frozen=True)
class HiddenUnitsPanel(OneModel):
    """Options of the panel of all units' fields.

    Attributes
    ----------
    model : str
        Name of the recording to show.
    title, subtitle : str or None
        Heading; ``Hidden units``, and what their fields are, when left out.
    units : int
        How many units of a layer are shown at most; of wider layers, those with the greatest
        weights at the end.
    show_points : {"test", "train", "none"}
        Which points of the dataset are drawn on the output.
    """

    title: str | None = None
    subtitle: str | None = None
    units: int = 6
    show_points: str = "test"

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants."""
        recording = recordings[self.model]
        needs_classes(recording, "hidden_units")
        layered(recording, "hidden_units")
        data, signs = recording.dataset, Signs.of_style(style)
        if data.features != 2:
            raise InvalidInputError(
                f"panels: 'hidden_units' needs data of 2 features, got {data.features}"
            )
        names = [shorten(name, 6 * scale.small, scale.small) for name in data.feature_names]
        samples = choose_samples(data, self.show_points, _MOST_POINTS)
        return Outline(
            tick_width=max(text_width(name, scale.small) for name in names),
            title_width=text_width(self.title or "Hidden units", title_size, "semibold"),
            subtitle=True,
            foot=2.3 * scale.small + tick_gap(scale),
            legend=(
                *(
                    LegendEntry(label, "s", Signs.bytes_of(color), Signs.bytes_of(color))
                    for label, color in (("weights > 0", signs.above), ("weights < 0", signs.below))
                ),
                *(() if samples is None else class_legend(data, style)),
            ),
            legend_note="" if samples is None else samples.note,
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Choose the units, settle all scales, write what never changes."""
        recording = stage.recordings[self.model]
        model, scale = layered(recording, "hidden_units"), stage.layout.scale
        subtitle = self.subtitle or f"{self.model}: what each unit makes of every point"
        draw_heading(stage, slot, self.title or "Hidden units", subtitle, title_size)
        sizes = [2, *(spec.output_dim for spec in model.architecture)]
        room = min(self.units, max(2, int(slot.body.height / (2.6 * scale.small))))
        most = [*(min(size, room) for size in sizes[:-1]), sizes[-1]]
        units = choose_units(model, len(recording) - 1, most)
        tiles = place_tiles(slot.body, scale, sizes[:-1], units[:-1])
        labels = labels_of(model, units)
        middles = [float(corners[0, 0]) + tiles.side / 2 for corners in tiles.corners]
        label_columns(stage, slot, middles, labels[:-1], tiles.pitch)
        out = tiles.output
        middle = out.left + out.width / 2
        label_columns(stage, slot, [middle], labels[-1:], out.width)
        names = [recording.dataset.feature_names[int(unit)] for unit in units[0]]
        name_inputs(stage, slot, names, tiles.middles(0)[:, 1])
        self._frame(stage, slot, tiles, recording)
        return _HiddenUnitsDrawing(self.model, recording, model, units, tiles, stage, slot)

    def _frame(self, stage: Stage, slot: Slot, tiles: Tiles, recording: Recording) -> None:
        """Draw edges, dots and the data's points above all that changes."""
        style, scale, body = stage.style, stage.layout.scale, slot.body
        axes: Any = stage.axes(body, over=True)
        axes.set_axis_off()
        axes.set_xlim(0, body.width)
        axes.set_ylim(body.height, 0)
        edge: dict[str, Any] = {
            "fill": False,
            "edgecolor": rgb(style.axis),
            "linewidth": points(scale.line),
        }
        for corner in np.concatenate(tiles.corners):
            axes.add_patch(Rectangle((corner[0], corner[1]), tiles.side, tiles.side, **edge))
        out = tiles.output
        axes.add_patch(
            Rectangle((out.left, out.top), out.width - 0.5 * scale.line, out.height, **edge)
        )
        if len(tiles.dots):
            size = points(0.22 * scale.small) ** 2
            axes.scatter(*tiles.dots.T, s=size, color=[rgb(style.muted)], linewidths=0)
        samples = choose_samples(recording.dataset, self.show_points, _MOST_POINTS)
        if samples is None:
            return
        view = recording.dataset.viewport
        where = replace(out, left=body.left + out.left, top=body.top + out.top)
        plot: Any = stage.axes(where, over=True)
        plot.set_axis_off()
        plot.set_xlim(view.x_min, view.x_max)
        plot.set_ylim(view.y_min, view.y_max)
        classes = recording.dataset.classes
        for kind, fill in enumerate(class_fills(style, classes)):
            marker = MARKERS[kind % len(MARKERS)]
            size = 1.25 * marker_size(marker, out.height, len(samples.y))
            chosen = samples.x[samples.y == kind]
            plot.scatter(
                chosen[:, 0], chosen[:, 1], s=points(size) ** 2, marker=marker, color=[rgb(fill)],
                edgecolors=[rgb(style.isoline)], linewidths=points(max(1.0, 0.09 * size)),
            )  # fmt: skip


class _HiddenUnitsDrawing(InkDrawing):
    def __init__(
        self,
        name: str,
        recording: Recording,
        model: Layered,
        units: list[Places],
        tiles: Tiles,
        stage: Stage,
        slot: Slot,
    ) -> None:
        super().__init__(slot.body, stage.style.ground)
        self._name, self._model, self._units, self._tiles = name, model, units, tiles
        self._scale, self._ground = stage.layout.scale, np.array(rgb(stage.style.ground))
        self._signs = Signs.of_style(stage.style)
        self._table = pack(self._signs.table(_ENTRIES))
        self._grid = CoarseGrid(recording.dataset.viewport, tiles.side)
        self._outcome = Outcome(recording, tiles.output, stage.style, stage.layout)
        looked_at = spread(len(recording), _LOOKED_AT)
        weights = [shown_weights(model.layers(at), units) for at in looked_at]
        self._greatest = greatest((part for parts in weights for part in parts), _CLIPPED)
        fields = [self._fields(at) for at in looked_at]
        self._full = [greatest(layer, _CLIPPED) for layer in zip(*fields, strict=True)]
        self._segments = tiles.segments(len(units[-1]))
        inputs = self._grid.points[:, units[0]]
        self._inputs = self._pictures(inputs, np.abs(inputs).max(axis=0))

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Draw weights, then each unit's field, then the network's own."""
        snapshot = moment.snapshots[self._name]
        weights = shown_weights(self._model.layers(snapshot), self._units)
        sizes = np.concatenate([part.T.ravel() for part in weights]) / self._greatest
        order, widths, colors = weight_lines(
            sizes, 0.055 * self._tiles.side + 1.5 * self._scale.line, self._scale.line,
            self._signs, self._ground,
        )  # fmt: skip
        ink.lines(self._segments[order], widths, colors)
        pictures = [self._inputs]
        for field, full in zip(self._fields(snapshot), self._full, strict=True):
            pictures.append(self._pictures(field, full))
        for corners, column in zip(self._tiles.corners, pictures, strict=True):
            for (left, top), picture in zip(corners, column, strict=True):
                ink.image(picture, int(left), int(top))
        self._outcome.paint(ink, snapshot)

    def _fields(self, snapshot: float) -> list[npt.NDArray[np.float32]]:
        """Predict what the shown units of each hidden layer give, (points, units)."""
        found = self._model.activations(snapshot, self._grid.points)
        return [
            values[:, shown] for values, shown in zip(found[:-1], self._units[1:-1], strict=True)
        ]

    def _pictures(self, values: npt.NDArray[np.floating[Any]], full: Any) -> npt.NDArray[np.uint8]:
        """Colour (points, units) values as (units, side, side, 4); `full` is their greatest."""
        shares = np.clip(np.nan_to_num(values / full, posinf=1.0, neginf=-1.0), -1, 1)
        half = _ENTRIES // 2
        level = self._grid.upscaled(shares) * half
        level += half + 0.5
        colored = self._table[level.astype(np.int16)]
        return colored.view(np.uint8).reshape(*level.shape, 4)
