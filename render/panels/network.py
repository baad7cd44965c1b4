"""The network itself: its units, its weights as lines, and what it makes of a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epochreel.nn.recording import Layered, Recording
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Slot, tick_gap
from epochreel.render.panels import LegendEntry, OneModel, Outline, PanelDrawing
from epochreel.render.panels.columns import Columns, draw_labels, place_columns
from epochreel.render.panels.heading import draw_heading
from epochreel.render.panels.needs import layered
from epochreel.render.panels.numbering import Numbering
from epochreel.render.panels.sampling import Sampled, sample_of
from epochreel.render.panels.signs import Signs, weight_lines
from epochreel.render.panels.units import choose_units, greatest, labels_of, shown_weights, spread
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import points, shorten, text_width
from epochreel.render.timeline import Moment

__all__ = ["NetworkPanel"]

_CLIPPED = 0.995
"""So great a share of the weights is told apart by width; a few stragglers may be wider still."""


@dataclass(frozen=True)
class NetworkPanel(OneModel):
    """Options of the panel of units and weights.

    Attributes
    ----------
    model : str
        Name of the recording to show.
    title, subtitle : str or None
        Heading; ``Network``, and what its units are filled with, when left out.
    units : int
        How many units of a layer are shown at most; of wider layers, those with the greatest
        weights at the end.
    sample : int, sequence of float or None
        What the units are filled for: a number of a test point (of a training point where there are
        no test points), or a point; the mean over training points when left out.
    numbers : bool
        Whether weights and biases are written, where there is room.
    """

    title: str | None = None
    subtitle: str | None = None
    units: int = 8
    sample: int | Sequence[float] | None = None
    numbers: bool = False

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants."""
        recording = recordings[self.model]
        layered(recording, "network")
        sample_of(recording, self.sample)
        signs, features = Signs.of_style(style), recording.dataset.feature_names
        names = [shorten(name, 6 * scale.small, scale.small) for name in features]
        return Outline(
            tick_width=max(text_width(name, scale.small) for name in names),
            title_width=text_width(self.title or "Network", title_size, "semibold"),
            subtitle=True,
            foot=2.3 * scale.small + tick_gap(scale),
            legend=tuple(
                LegendEntry(label, "s", Signs.bytes_of(color), Signs.bytes_of(color))
                for label, color in (("weights > 0", signs.above), ("weights < 0", signs.below))
            ),
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Choose the units, settle all scales, write what never changes."""
        recording = stage.recordings[self.model]
        model, sampled = layered(recording, "network"), sample_of(recording, self.sample)
        count = sum((spec.input_dim + 1) * spec.output_dim for spec in model.architecture)
        counted = "" if sampled.single else f"{count} parameters, "
        numbers = "; numbers: weights and biases" if self.numbers else ""
        subtitle = self.subtitle or f"{self.model}: {counted}{sampled.words}{numbers}"
        draw_heading(stage, slot, self.title or "Network", subtitle, title_size)
        scale = stage.layout.scale
        sizes = [model.architecture[0].input_dim, *(spec.output_dim for spec in model.architecture)]
        room = min(self.units, max(3, int(slot.body.height / (1.7 * scale.small)) - 1))
        units = choose_units(model, len(recording) - 1, [min(size, room) for size in sizes])
        names = _outputs(recording)
        outputs = [shorten(names[int(unit)], 6 * scale.small, scale.small) for unit in units[-1]]
        columns = place_columns(
            slot.body, scale, sizes, units, outputs, readings=sampled.single, numbers=self.numbers
        )
        inputs = [recording.dataset.feature_names[int(unit)] for unit in units[0]]
        draw_labels(stage, slot, columns, labels_of(model, units), inputs, outputs)
        return _NetworkDrawing(self, recording, model, sampled, columns, stage, slot)


class _NetworkDrawing(InkDrawing):
    def __init__(
        self,
        panel: NetworkPanel,
        recording: Recording,
        model: Layered,
        sampled: Sampled,
        columns: Columns,
        stage: Stage,
        slot: Slot,
    ) -> None:
        super().__init__(slot.body, stage.style.ground)
        self._name, self._layers, self._sampled, self._columns = (
            panel.model,
            model,
            sampled,
            columns,
        )
        self._style, self._scale = stage.style, stage.layout.scale
        self._signs = Signs.of_style(stage.style)
        looked_at = spread(len(recording))
        weights = [shown_weights(model.layers(at), columns.units) for at in looked_at]
        self._greatest = greatest((part for parts in weights for part in parts), _CLIPPED)
        fills = [sampled.values(at) for at in looked_at]
        full = [
            greatest(values[layer][units] for values in fills)
            for layer, units in enumerate(columns.units)
        ]
        self._full = [1.0, *full[1:]]  # inputs are parts of their greatest size already
        self._segments = columns.segments()
        self._numbering: Numbering | None = None
        if panel.numbers:
            biases = [bias for at in looked_at for _, bias in model.layers(at)]
            top = max(greatest(part for parts in weights for part in parts), greatest(biases))
            self._numbering = Numbering.place(columns, weights[-1], top, stage.layout.scale)
        self._rings(stage)

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Draw weights from the least to the greatest, then the units, then numbers."""
        snapshot = moment.snapshots[self._name]
        layers, columns = self._layers.layers(snapshot), self._columns
        weights = shown_weights(layers, columns.units)
        sizes = np.concatenate([part.T.ravel() for part in weights]) / self._greatest
        ground = np.array(rgb(self._style.ground))
        order, widths, colors = weight_lines(
            sizes, columns.widest, self._scale.line, self._signs, ground
        )
        ink.lines(self._segments[order], widths, colors)
        values = self._sampled.values(snapshot)
        shares = [
            values[layer][units] / full
            for layer, (units, full) in enumerate(zip(columns.units, self._full, strict=True))
        ]
        fills = self._signs.mixed(np.concatenate(shares))
        opaque = np.column_stack([fills, np.ones(len(fills))])
        places = np.concatenate(columns.places)
        ink.discs(places, np.full(len(places), columns.radius), opaque, (0, 0, 0), 0.0)
        if self._numbering is not None:
            self._numbering.write(ink, weights, [bias for _, bias in layers], fills, self._style)
        if columns.readings is not None:
            for (x, baseline), value in zip(
                columns.readings, values[-1][columns.units[-1]], strict=True
            ):
                text = f"{value:.3f}".replace("-", "\N{MINUS SIGN}")
                ink.text(x, baseline, text, self._scale.small, self._style.ink, weight="semibold")

    def _rings(self, stage: Stage) -> None:
        """Draw the units' outlines and the dots of what is left out, above all that changes."""
        axes: Any = stage.axes(self._rect, over=True)
        axes.set_axis_off()
        axes.set_xlim(0, self._rect.width)
        axes.set_ylim(self._rect.height, 0)
        columns, line = self._columns, stage.layout.scale.line
        places = np.concatenate(columns.places)
        size = (2 * points(columns.radius)) ** 2
        axes.scatter(
            *places.T, s=size, facecolors="none", edgecolors=[rgb(stage.style.axis)],
            linewidths=points(1.4 * line),
        )  # fmt: skip
        if len(columns.dots):
            size = points(0.22 * stage.layout.scale.small) ** 2
            axes.scatter(*columns.dots.T, s=size, color=[rgb(stage.style.muted)], linewidths=0)


def _outputs(recording: Recording) -> list[str]:
    """Name what each output is of: the only one is of class 1."""
    names = list(recording.dataset.class_names)
    outputs = layered(recording, "network").architecture[-1].output_dim
    if outputs == 1:
        return names[1:2] or ["output"]
    return names if len(names) == outputs else [str(index) for index in range(outputs)]
