"""Every weight and bias of a network as a cell: a matrix for each layer, its biases beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import FloatArray
from epochreel.nn.recording import Layered, Recording
from epochreel.render.ink import Ink, InkDrawing
from epochreel.render.layout import Rect, Slot, tick_gap
from epochreel.render.panels.dead import DeadUnits
from epochreel.render.panels.signs import Signs
from epochreel.render.panels.units import greatest, spread
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import TypeScale
from epochreel.render.text import points, text_width
from epochreel.render.timeline import Moment

__all__ = ["HeatmapDrawing", "fitted"]

_CLIPPED = 0.995
_ENTRIES = 511
"""Colours of the scale, odd so that zero is one of them."""


def fitted(
    cells: npt.NDArray[np.floating[Any]], height: int, width: int
) -> npt.NDArray[np.floating[Any]]:
    """Spread (rows, columns) cells over (height, width) pixels.

    Where there are more cells than pixels, a pixel is the mean of those that fall on it.
    """
    for axis, size in enumerate((height, width)):
        count = cells.shape[axis]
        if count > size:
            starts = np.arange(size) * count // size
            lengths = np.diff([*starts, count])
            sums = np.add.reduceat(cells, starts, axis=axis)
            cells = sums / (lengths[:, None] if axis == 0 else lengths)
        else:
            cells = np.take(cells, np.arange(size) * count // size, axis=axis)
    return cells


@dataclass(frozen=True)
class _Block:
    """Where a layer's weights and biases stand, in pixels of the body."""

    top: int
    height: int
    left: int
    width: int
    bias_left: int
    bias_width: int


class HeatmapDrawing(InkDrawing):
    """Matrices of all layers beside one another.

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
        self._name, self._model, self._body = name, model, slot.body
        self._style, self._scale = stage.style, stage.layout.scale
        self._table = Signs.of_style(stage.style).table(_ENTRIES)
        self._dead = DeadUnits(model, recording.dataset.x_train)
        looked_at = [model.layers(at) for at in spread(len(recording))]
        self._full = greatest(
            (part for layers in looked_at for pair in layers for part in pair), _CLIPPED
        )
        self._blocks = _place(model, slot.body, stage.layout.scale)
        self._still(stage, slot)

    def paint(self, ink: Ink, moment: Moment) -> None:
        """Lay down the cells; mark and count what is dead."""
        snapshot = moment.snapshots[self._name]
        dead, scale = self._dead(snapshot), self._scale
        layers = self._model.layers(snapshot)
        for block, (weights, biases), gone in zip(self._blocks, layers, dead, strict=True):
            ink.image(self._colored(weights, block.height, block.width), block.left, block.top)
            column = self._colored(biases[:, None], block.height, block.bias_width)
            ink.image(column, block.bias_left, block.top)
            rows = np.flatnonzero(gone)
            if not len(rows):
                continue
            cell = block.height / len(gone)
            small = scale.small
            size = min(0.5 * small, max(cell, 0.28 * small))
            beside = np.full(len(rows), block.left - 0.45 * small)
            self._mark(ink, np.column_stack([beside, block.top + (rows + 0.5) * cell]), size)
            text = f"{len(rows)} dead"
            half = text_width(text, small) / 2 + 0.4 * small
            right = block.bias_left + block.bias_width
            x = min(max((block.left + right) / 2, half), self._body.width - half) + 0.4 * small
            baseline = self._body.height - 0.25 * small
            ink.text(x, baseline, text, small, self._style.ink, align="center")
            self._mark(
                ink, np.array([[x - half - 0.1 * small, baseline - 0.35 * small]]), 0.5 * small
            )

    def _mark(self, ink: Ink, places: FloatArray, size: float) -> None:
        ink.markers(places, size, self._style.ink, self._style.ink, marker=">", ring_px=0.0)

    def _colored(
        self, cells: npt.NDArray[np.floating[Any]], height: int, width: int
    ) -> npt.NDArray[np.uint8]:
        shares = np.clip(fitted(cells, height, width) / self._full, -1, 1)
        return self._table[np.rint((shares + 1) * (_ENTRIES // 2)).astype(np.intp)]

    def _still(self, stage: Stage, slot: Slot) -> None:
        """Write shapes beneath the matrices, and draw the scale of colours at the right."""
        style, scale, body = self._style, self._scale, self._body
        below = body.bottom + tick_gap(scale) + 0.74 * scale.small
        labels = _labels(self._model)
        for index, (block, label) in enumerate(zip(self._blocks, labels, strict=True)):
            x = body.left + (block.left + block.bias_left + block.bias_width) / 2
            stage.text(
                x, below, f"W{index + 1}, b{index + 1}", scale.small, style.ink, align="center"
            )
            stage.text(
                x, below + 1.25 * scale.small, label, scale.small, style.muted, align="center"
            )
        height = round(min(0.6 * body.height, 14 * scale.small))
        width = round(0.6 * scale.small)
        bar = Rect(body.right - width, body.top + (body.height - height) // 2, width, height)
        axes = stage.axes(bar)
        axes.imshow(self._table[::-1, None], aspect="auto", interpolation="bilinear")
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_linewidth(points(scale.line))
            spine.set_color(rgb(style.axis))
        for share, y in ((1, bar.top), (0, (bar.top + bar.bottom) / 2), (-1, bar.bottom)):
            text = _tick(share * self._full)
            left = bar.left - 0.4 * scale.small
            stage.text(left, y + 0.35 * scale.small, text, scale.small, style.muted, align="right")


def _tick(number: float) -> str:
    return f"{number:.2g}".replace("-", "\N{MINUS SIGN}")


def _labels(model: Layered) -> list[str]:
    return [f"{spec.output_dim} × {spec.input_dim}" for spec in model.architecture]


def _place(model: Layered, body: Rect, scale: TypeScale) -> list[_Block]:
    """Share the body among layers: wide layers have more room, but not as much as they'd need."""
    small = scale.small
    gap, apart, bias = 1.3 * small, 0.25 * small, round(max(3.0, 0.5 * small))
    bar = 0.6 * small + 0.4 * small + text_width("\N{MINUS SIGN}0.00", small) + small
    room = body.width - bar - gap * len(model.architecture)
    room -= (bias + apart) * len(model.architecture)
    least = [text_width(label, small) - bias - apart for label in _labels(model)]
    wishes = np.array([spec.input_dim**0.6 for spec in model.architecture])
    widths = np.maximum(wishes / wishes.sum() * room, least)
    loose = widths > least
    if widths.sum() > room and loose.any():  # what the narrow ones take, the others give
        free = room - widths[~loose].sum()
        widths[loose] = np.maximum(wishes[loose] / wishes[loose].sum() * free, 4.0)
    tallest = body.height - 1.7 * small
    units = np.array([spec.output_dim**0.6 for spec in model.architecture])
    heights = np.maximum(units / units.max() * tallest, 1.2 * small)
    blocks: list[_Block] = []
    left = gap
    for width, height in zip(widths, heights, strict=True):
        at, wide, high = round(left), max(2, round(width)), max(2, round(height))
        bias_left = round(at + wide + apart)
        blocks.append(_Block(round((tallest - high) / 2), high, at, wide, bias_left, bias))
        left = bias_left + bias + gap
    return blocks
