"""The line above all panels: the film's title, and the counter where no panel has one."""

from __future__ import annotations

from epochreel.render.composing import Composition
from epochreel.render.counter import Counter, counter_digits
from epochreel.render.stage import Stage
from epochreel.render.text import number_width, shorten, text_width

__all__ = ["draw_header"]


def draw_header(stage: Stage, composition: Composition, title: str | None) -> tuple[Counter, ...]:
    """Write the title; make room for the counter of the first model, if it is wanted."""
    layout, style = stage.layout, stage.style
    scale, baseline = layout.scale, layout.header_baseline
    if baseline is None:
        return ()
    right = layout.right
    counters: tuple[Counter, ...] = ()
    if composition.counted:
        name, recording = next(iter(stage.recordings.items()))
        digits = "0" * counter_digits(recording)
        x = right - number_width(digits, scale.title, "semibold")
        number = stage.number(x, baseline, scale.title, style.ink, weight="semibold")
        label = "It: " if recording.unit == "update" else "Epoch: "
        stage.text(x, baseline, label, scale.title, style.muted, align="right")
        right = x - text_width(label, scale.title) - scale.title
        counters = (Counter(name, recording, number),)
    if composition.titled and title is not None:
        stage.text(
            layout.left,
            baseline,
            shorten(title, right - layout.left, scale.title, "semibold"),
            scale.title,
            style.ink,
            weight="semibold",
        )
    return counters
