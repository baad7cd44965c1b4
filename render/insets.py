"""Insets: a panel on a plate of its own, above a part of another panel and above its points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.patches import Rectangle

from epochreel.render.areas import Inset
from epochreel.render.layout import LEADING, FrameLayout, Rect, Slot, tick_gap
from epochreel.render.panels import (
    GroundedDrawing,
    Outline,
    Panel,
    PanelDrawing,
    ToppedDrawing,
    VectorDrawing,
)
from epochreel.render.stage import Overlay, Stage, rgb
from epochreel.render.text import points
from epochreel.render.timeline import Moment

__all__ = ["InsetLayer", "inset_slots", "set_artists", "set_inset"]

_ABOVE_ALL = 20
"""In Matplotlib's order of drawing, text of the frame is at 3."""


def inset_slots(
    insets: Sequence[Inset], outlines: Sequence[Outline], layout: FrameLayout
) -> tuple[Slot, ...]:
    """Find where each inset stands: within its host's body, a little away from the edges."""
    return tuple(
        _slot(inset, outline, layout) for inset, outline in zip(insets, outlines, strict=True)
    )


def _slot(inset: Inset, outline: Outline, layout: FrameLayout) -> Slot:
    scale, body = layout.scale, layout.slots[inset.host].body
    away = round(0.7 * scale.small)
    width = max(1, round(inset.width * body.width))
    height = max(1, round(inset.height * body.height))
    down, across = inset.corner.split(" ")
    left = body.left + away if across == "left" else body.right - away - width
    top = body.top + away if down == "upper" else body.bottom - away - height
    cell = Rect(max(body.left, left), max(body.top, top), width, height)
    pad, title_size = 0.6 * scale.small, scale.body
    titled = bool(outline.title_width or outline.subtitle)
    head = pad
    if titled:
        head += title_size * LEADING + 1.35 * scale.small * outline.subtitle + 0.2 * scale.small
    side = pad + outline.tick_width + tick_gap(scale) * bool(outline.tick_width)
    foot = pad + (scale.small + tick_gap(scale) if outline.foot is None else outline.foot)
    inner = max(1, int(width - side - pad))
    numbers = outline.numbers_width
    strip = numbers > 0 and outline.title_width + numbers + scale.heading > inner
    one_line = outline.strip_width <= inner
    strip_height = scale.body if one_line else scale.small * 1.45 + scale.title * 1.05
    gap = (0.5 if one_line else 1.0) * scale.small
    lowest = height - foot - (strip_height + gap if strip else 0.0)
    plot = Rect(round(cell.left + side), round(cell.top + head), inner, max(1, int(lowest - head)))
    baseline = cell.top + pad + 0.95 * title_size
    strip_top = round(cell.bottom - pad - strip_height)
    return Slot(
        cell=cell,
        title_baseline=baseline,
        subtitle_baseline=baseline + 1.35 * scale.small,
        body=plot,
        strip=Rect(plot.left, strip_top, inner, max(1, int(strip_height))) if strip else None,
        one_line=one_line,
    )


@dataclass(frozen=True, eq=False)
class InsetLayer:
    """One inset, ready to be laid over any frame."""

    cell: Rect
    plate: npt.NDArray[np.uint8]
    drawing: PanelDrawing
    over: Overlay

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Lay the plate down and paint on it."""
        cell = self.cell
        canvas[cell.top : cell.bottom, cell.left : cell.right] = self.plate
        self.drawing.draw(canvas, moment)
        self.over.blend(canvas)
        if isinstance(self.drawing, ToppedDrawing):
            self.drawing.draw_top(canvas, moment)


def set_inset(stage: Stage, panel: Panel, slot: Slot) -> InsetLayer:
    """Draw once what never changes of an inset. Call inside ``style.context()``."""
    alone = replace(stage.layout, slots=(slot,))
    stage = replace(Stage.create(stage.style, alone, stage.recordings), shown=stage.shown)
    _draw_plate(stage, slot.cell)
    drawing = panel.build(stage, slot, stage.layout.scale.body)
    under, over = stage.render_under(), stage.render_over()
    cell = slot.cell
    inside = np.zeros(under.shape[:2], bool)
    inside[cell.top : cell.bottom, cell.left : cell.right] = True
    if isinstance(drawing, GroundedDrawing):
        drawing.rest_on(under)
    plate = under[cell.top : cell.bottom, cell.left : cell.right].copy()
    return InsetLayer(cell, plate, drawing, over.split(inside)[0])


def set_artists(stage: Stage, panel: Panel, slot: Slot, moment: Moment) -> None:
    """Add an inset as artists, above all that is on the stage's figure."""
    figure: Any = stage.under
    layer = figure.add_subfigure(figure.add_gridspec(1, 1)[0])
    layer.set_facecolor("none")
    layer.set_zorder(_ABOVE_ALL)
    own = replace(stage, layout=replace(stage.layout, slots=(slot,)), under=layer, over=layer)
    _draw_plate(own, slot.cell)
    drawing = panel.build(own, slot, stage.layout.scale.body)
    if isinstance(drawing, VectorDrawing):
        drawing.draw_artists(own, moment)


def _draw_plate(stage: Stage, cell: Rect) -> None:
    """Fill the cell with the ground's colour, and draw a hairline around it."""
    width, height = stage.layout.size
    line = stage.layout.scale.line
    stage.under.add_artist(
        Rectangle(
            ((cell.left + line / 2) / width, 1 - (cell.bottom - line / 2) / height),
            (cell.width - line) / width,
            (cell.height - line) / height,
            transform=stage.under.transSubfigure,
            facecolor=rgb(stage.style.ground),
            edgecolor=rgb(stage.style.axis),
            linewidth=points(line),
            zorder=-2,
        )
    )
