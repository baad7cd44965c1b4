"""Where the units of a network stand: a column for its inputs and for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from epochreel.nn.dataset import FloatArray
from epochreel.render.layout import Rect, Slot, tick_gap
from epochreel.render.panels.units import Places
from epochreel.render.stage import Stage
from epochreel.render.style import TypeScale
from epochreel.render.text import shorten, text_width

__all__ = ["Columns", "draw_labels", "label_columns", "name_inputs", "place_columns"]


@dataclass(frozen=True, eq=False)
class Columns:
    """Places in pixels from the upper left of the panel's body.

    Attributes
    ----------
    units : list of (shown,) array
        Which units of the inputs and of each layer are shown.
    places : list of (shown, 2) array
        Middles of their discs.
    dots : (dots, 2) array
        What stands for the units that aren't.
    radius, widest : float
        Of a disc; of a line.
    readings : list of (x, baseline) or None
        Where what the outputs say is written.
    """

    units: Sequence[Places]
    places: Sequence[FloatArray]
    dots: FloatArray
    radius: float
    widest: float
    readings: Sequence[tuple[float, float]] | None

    def segments(self) -> FloatArray:
        """Lines from disc to disc, (lines, 2, 2): of each layer, from each input to each unit."""
        reach = np.array([0.6 * self.radius, 0.0])  # their ends lie beneath the discs
        lines = [
            np.stack(
                [
                    np.repeat(before + reach, len(here), axis=0),
                    np.tile(here - reach, (len(before), 1)),
                ],
                axis=1,
            )
            for before, here in zip(self.places[:-1], self.places[1:], strict=True)
        ]
        return np.concatenate(lines)


def place_columns(
    body: Rect,
    scale: TypeScale,
    sizes: Sequence[int],
    units: Sequence[Places],
    outputs: Sequence[str],
    *,
    readings: bool,
    numbers: bool,
) -> Columns:
    """Spread columns over a body.

    Parameters
    ----------
    body : Rect
    scale : TypeScale
    sizes : sequence of int
        Units of the inputs and of each layer.
    units : sequence of array
        Those that are shown.
    outputs : sequence of str
        Names of the outputs, which stand at the right of theirs.
    readings : bool
        Whether what they say is written there, too.
    numbers : bool
        Whether discs leave room for a number beneath each.
    """
    rows = max(len(u) + (len(u) < size) for u, size in zip(units, sizes, strict=True))
    height = body.height - scale.small * numbers  # the lowest disc has its number beneath, too
    pitch = height / rows
    names = max(text_width(name, scale.small) for name in outputs)
    if readings:
        names = max(names, text_width("\N{MINUS SIGN}0.000", scale.small, "semibold"))
    room = body.width - names - 0.5 * scale.small
    steps = len(sizes) - 1
    radius = min(0.36 * pitch, 0.15 * room / max(steps, 1), 2.0 * scale.small)
    if numbers:
        radius = min(radius, max(0.5 * (pitch - 1.1 * scale.small), 0.22 * pitch))
    xs = np.linspace(radius + scale.line, room - radius, steps + 1)
    places: list[FloatArray] = []
    dots: list[FloatArray] = []
    for x, shown, size in zip(xs, units, sizes, strict=True):
        slots = len(shown) + (len(shown) < size)
        step = min(height / slots, 1.5 * pitch)
        ys = height / 2 + (np.arange(slots) - (slots - 1) / 2) * step
        places.append(np.column_stack([np.full(len(shown), x), ys[: len(shown)]]))
        if slots > len(shown):
            apart = min(0.5 * scale.small, 0.25 * step)
            middle = ys[-1] - 0.1 * step
            dots.append(np.column_stack([np.full(3, x), middle + apart * np.arange(-1, 2)]))
    at: list[tuple[float, float]] | None = None
    last = places[-1]
    tight = len(last) > 1 and last[1, 1] - last[0, 1] < 2.6 * scale.small
    if readings and not tight:
        beside = float(xs[-1]) + radius + 0.5 * scale.small
        at = [(beside, float(y) + 1.1 * scale.small) for _, y in last]
    return Columns(
        units, places, np.concatenate(dots) if dots else np.zeros((0, 2)), radius,
        0.34 * radius, at,
    )  # fmt: skip


def draw_labels(
    stage: Stage,
    slot: Slot,
    columns: Columns,
    labels: Sequence[tuple[str, str]],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> None:
    """Write what each column is beneath it, and names beside inputs and outputs."""
    style, scale, body = stage.style, stage.layout.scale, slot.body
    xs = [float(places[0, 0]) for places in columns.places]
    label_columns(stage, slot, xs, labels, xs[1] - xs[0])
    name_inputs(stage, slot, inputs, columns.places[0][:, 1])
    beside = body.left + xs[-1] + columns.radius + 0.5 * scale.small
    rise = (0.15 if columns.readings is not None else -0.35) * scale.small
    for name, (_, y) in zip(outputs, columns.places[-1], strict=True):
        stage.text(beside, body.top + y - rise, name, scale.small, style.muted)


def label_columns(
    stage: Stage, slot: Slot, xs: Sequence[float], labels: Sequence[tuple[str, str]], pitch: float
) -> None:
    """Write two lines beneath each column, which stand `pitch` pixels apart."""
    style, scale, body = stage.style, stage.layout.scale, slot.body
    below = body.bottom + tick_gap(scale) + 0.74 * scale.small
    for x, pair in zip(xs, labels, strict=True):
        count, kind = (shorten(text, 0.96 * pitch, scale.small) for text in pair)
        half = max(text_width(text, scale.small) for text in (count, kind)) / 2
        x = min(max(body.left + x, slot.cell.left + half), body.right - half)
        stage.text(x, below, count, scale.small, style.ink, align="center")
        stage.text(x, below + 1.25 * scale.small, kind, scale.small, style.muted, align="center")


def name_inputs(stage: Stage, slot: Slot, names: Sequence[str], ys: FloatArray) -> None:
    """Write names beside the body, at heights within it."""
    scale, body = stage.layout.scale, slot.body
    for name, y in zip(names, ys, strict=True):
        name = shorten(name, 6 * scale.small, scale.small)
        left, baseline = body.left - tick_gap(scale), body.top + float(y) + 0.35 * scale.small
        stage.text(left, baseline, name, scale.small, stage.style.muted, align="right")
