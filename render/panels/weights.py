"""All weights of a network: how they are spread in each layer, or each for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from epochreel.nn.recording import Layered, Recording
from epochreel.render.layout import Slot, tick_gap
from epochreel.render.panels import LegendEntry, OneModel, Outline, PanelDrawing
from epochreel.render.panels.heading import draw_heading
from epochreel.render.panels.heatmaps import HeatmapDrawing
from epochreel.render.panels.needs import layered
from epochreel.render.panels.ridges import RidgeDrawing, row_labels
from epochreel.render.panels.signs import Signs
from epochreel.render.stage import Stage
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import text_width

__all__ = ["WeightsPanel"]


@dataclass(frozen=True)
class WeightsPanel(OneModel):
    """Options of the panel of all weights.

    Attributes
    ----------
    model : str
        Name of the recording to show.
    title, subtitle : str or None
        Heading; ``Weights``, and how many there are, when left out.
    view : {"ridges", "matrix"}
        A distribution for each layer, with earlier ones behind it; or every weight and bias as a
        cell, a row for each unit.
    """

    title: str | None = None
    subtitle: str | None = None
    view: Literal["ridges", "matrix"] = "ridges"

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants."""
        model, signs = layered(recordings[self.model], "weights"), Signs.of_style(style)
        ridges = self.view == "ridges"
        labels = [label for pair in row_labels(model) for label in pair]
        return Outline(
            tick_width=max(text_width(label, scale.small) for label in labels) if ridges else 0.0,
            title_width=text_width(self.title or "Weights", title_size, "semibold"),
            subtitle=True,
            foot=(1.0 if ridges else 2.3) * scale.small + tick_gap(scale),
            legend=tuple(
                LegendEntry(label, "s", Signs.bytes_of(color), Signs.bytes_of(color))
                for label, color in (("weights > 0", signs.above), ("weights < 0", signs.below))
            )
            if ridges
            else (),
        )

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Look through the whole recording, settle all scales, write what never changes."""
        recording = stage.recordings[self.model]
        model = layered(recording, "weights")
        subtitle = self.subtitle or f"{self.model}: {_told(model, self.view)}"
        draw_heading(stage, slot, self.title or "Weights", subtitle, title_size)
        kind = RidgeDrawing if self.view == "ridges" else HeatmapDrawing
        return kind(self.model, recording, model, stage, slot)


def _told(model: Layered, view: str) -> str:
    weights = sum(spec.input_dim * spec.output_dim for spec in model.architecture)
    if view == "ridges":
        return f"{weights} weights, earlier ones behind"
    biases = sum(spec.output_dim for spec in model.architecture)
    return f"{weights} weights, {biases} biases, a row for each unit"
