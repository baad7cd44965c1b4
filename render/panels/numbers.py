"""The numbers of a panel: what was measured of a model, and for how long it has been trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from epochreel.nn.errors import InvalidInputError, look_up
from epochreel.nn.recording import Recording
from epochreel.render.layout import Slot
from epochreel.render.numerals import format_metric
from epochreel.render.panels import NUMBERS
from epochreel.render.stage import Stage
from epochreel.render.style import TypeScale
from epochreel.render.text import NumberSlot, number_width, shorten, text_width

__all__ = [
    "Measure",
    "choose_numbers",
    "format_value",
    "numbers_width",
    "place_numbers",
    "strip_width",
]

_FIGURE_SPACE = "\N{FIGURE SPACE}"
"""As wide as a digit, so that digits stay where they are when one more stands before them."""

_ROOM = {"accuracy": "0.000", "r2": "-0.000"}
"""Characters as wide as a metric ever is, where that isn't four decimals."""

_LEAST_GAP = 0.6
"""Between two numbers on a line of their own, over the size of their type."""


@dataclass(frozen=True)
class Measure:
    """One number that a panel shows.

    Attributes
    ----------
    key : str
        A metric of the recording, or ``"seconds"``.
    label : str
    widest : str
        Characters as wide as the number ever is.
    room : str
        Characters as wide as the room that is kept for it, so that panels side by side match.
    """

    key: str
    label: str
    widest: str
    room: str

    def text(self, recording: Recording, snapshot: float) -> str:
        """Write the number at a snapshot: always as many characters.

        Between two snapshots nothing was measured, so the last that was still stands; time passes.
        """
        if self.key == "seconds":
            places = np.arange(len(recording))
            return _seconds(float(np.interp(snapshot, places, recording.seconds)), self.widest)
        value = float(recording.metrics[self.key][int(snapshot)])
        return format_value(self.key, value)

    def width(self, size_px: float) -> int:
        """Width of its room in pixels."""
        return number_width(self.room, size_px, "semibold")

    def line_width(self, scale: TypeScale) -> float:
        """Width of label and number on one line."""
        gap = 0.45 * scale.small
        return text_width(self.label, scale.small) + gap + self.width(scale.body)


def choose_numbers(recording: Recording, keys: Sequence[str] | None) -> tuple[Measure, ...]:
    """Settle which numbers are shown of a recording.

    Parameters
    ----------
    recording : Recording
    keys : sequence of str or None
        Of :data:`NUMBERS`; when left out, accuracy or R², and loss, as far as they are known: on
        the test split, or on the training data where there is none.

    Raises
    ------
    InvalidInputError
        For a number that this recording doesn't have.
    """
    if keys is None:
        split = "test" if any(key.startswith("test_") for key in recording.metrics) else "train"
        keys = [f"{split}_{metric}" for metric in ("accuracy", "r2", "loss")]
        keys = [key for key in keys if key in recording.metrics]
    measures: list[Measure] = []
    for key in keys:
        label = look_up("numbers", key, NUMBERS)
        if key == "seconds":
            last = float(recording.seconds[-1])
            # as many decimals as leave four digits
            decimals = 2 if last < 99.995 else 1 if last < 999.95 else 0
            widest = f"{last:.{decimals}f} s"
            room = max(widest, "00.00 s", key=len)
        elif key in recording.metrics:
            widest = room = _ROOM.get(key.partition("_")[2], "0.0000")
        else:
            raise InvalidInputError(f"numbers: recording {recording.name!r} has no {key!r}")
        measures.append(Measure(key, label, widest, room))
    return tuple(measures)


def format_value(key: str, value: float) -> str:
    """Write a metric, always as many characters for one key."""
    if key.endswith("accuracy"):
        return f"{value:.3f}"
    if key.endswith("r2"):  # without a lower bound: what is no fit at all needs no decimals
        shown = f"{value:.3f}" if value > -9.9995 else f"{max(value, -9999):.0f}"
        return shown.rjust(len(_ROOM["r2"]), _FIGURE_SPACE)
    return format_metric(value)


def numbers_width(measures: Sequence[Measure], scale: TypeScale) -> float:
    """Width of all numbers on one line, with a space before each."""
    return sum(measure.line_width(scale) + scale.body for measure in measures)


def strip_width(measures: Sequence[Measure], scale: TypeScale) -> float:
    """Width of all numbers on a line of their own, as near to one another as can be read."""
    gaps = _LEAST_GAP * scale.body * (len(measures) - 1)
    return sum(measure.line_width(scale) for measure in measures) + max(0.0, gaps)


def place_numbers(
    stage: Stage, slot: Slot, measures: Sequence[Measure]
) -> tuple[tuple[Measure, NumberSlot], ...]:
    """Write the labels and make room for the numbers.

    They stand right-aligned on the title's line, or in the strip beneath the plot.
    """
    if slot.strip is None:
        return _beside_title(stage, slot, measures)
    return (_on_one_line if slot.one_line else _in_columns)(stage, slot, measures)


def _beside_title(
    stage: Stage, slot: Slot, measures: Sequence[Measure]
) -> tuple[tuple[Measure, NumberSlot], ...]:
    scale, right = stage.layout.scale, float(slot.body.right)
    placed: list[tuple[Measure, NumberSlot]] = []
    for measure in reversed(measures):
        left = right - measure.line_width(scale)
        placed.append((measure, _on_line(stage, measure, left, slot.title_baseline)))
        right = left - scale.body
    return tuple(placed)


def _on_one_line(
    stage: Stage, slot: Slot, measures: Sequence[Measure]
) -> tuple[tuple[Measure, NumberSlot], ...]:
    scale, strip = stage.layout.scale, slot.strip or slot.body
    widths = [measure.line_width(scale) for measure in measures]
    gap = min(1.6 * scale.body, (strip.width - sum(widths)) / max(1, len(widths) - 1))
    baseline, x = strip.top + 0.8 * scale.body, float(strip.left)
    placed: list[tuple[Measure, NumberSlot]] = []
    for measure, width in zip(measures, widths, strict=True):
        placed.append((measure, _on_line(stage, measure, x, baseline)))
        x += width + gap
    return tuple(placed)


def _in_columns(
    stage: Stage, slot: Slot, measures: Sequence[Measure]
) -> tuple[tuple[Measure, NumberSlot], ...]:
    """Set numbers beneath their labels, in the largest type that has room."""
    style, scale, strip = stage.style, stage.layout.scale, slot.strip or slot.body
    for size_px in (scale.title, scale.heading, scale.body, scale.small):
        columns = _columns(measures, strip.width, size_px, scale)
        if columns:
            break
    else:
        columns = [strip.width / max(1, len(measures))] * len(measures)
    label_baseline = strip.top + scale.small
    baseline = label_baseline + 0.42 * scale.small + 0.75 * scale.title
    x = float(strip.left)
    placed: list[tuple[Measure, NumberSlot]] = []
    for measure, column in zip(measures, columns, strict=True):
        label = shorten(measure.label, column - 0.4 * scale.small, scale.small)
        stage.text(x, label_baseline, label, scale.small, style.muted)
        number = stage.number(x, baseline, size_px, style.ink, weight="semibold")
        placed.append((measure, number))
        x += column
    return tuple(placed)


def _columns(
    measures: Sequence[Measure], width: float, size_px: float, scale: TypeScale
) -> list[float]:
    """Divide a width: alike if each then has room, else as each needs; not at all if none does."""
    needs = [
        max(text_width(measure.label, scale.small), measure.width(size_px)) + 0.5 * scale.small
        for measure in measures
    ]
    if max(needs, default=0.0) * len(needs) <= width:
        return [width / len(needs)] * len(needs) if needs else []
    spare = (width - sum(needs)) / len(needs)
    return [need + spare for need in needs] if spare >= 0 else []


def _on_line(stage: Stage, measure: Measure, x: float, baseline: float) -> NumberSlot:
    """Write a label, and make room for its number behind it."""
    style, scale = stage.style, stage.layout.scale
    stage.text(x, baseline, measure.label, scale.small, style.muted)
    x += measure.line_width(scale) - measure.width(scale.body)
    return stage.number(x, baseline, scale.body, style.ink, weight="semibold")


def _seconds(value: float, widest: str) -> str:
    decimals = len(widest.partition(".")[2].removesuffix(" s"))
    return f"{value:.{decimals}f} s".rjust(len(widest), _FIGURE_SPACE)
