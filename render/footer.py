"""The one small line at the foot of a frame: what the markers are, what one frame means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.lines import Line2D

from epochreel.nn.recording import Recording
from epochreel.render.panels import LegendEntry, Outline
from epochreel.render.stage import Stage, rgb
from epochreel.render.text import points, shorten, text_width

__all__ = ["draw_footer", "pace_note"]


def pace_note(recordings: Mapping[str, Recording]) -> str:
    """Say how much training lies between two frames of each model.

    Films of models side by side that don't say this compare what can't be compared.
    """
    steps = {name: _step(recording) for name, recording in recordings.items()}
    if len(set(steps.values())) == 1:
        return f"each frame {next(iter(steps.values()))}"
    return "each frame: " + ",  ".join(f"{name} {step}" for name, step in steps.items())


def draw_footer(stage: Stage, outlines: Sequence[Outline], title: str | None) -> None:
    """Write the legend at the left and the notes at the right, as far as there is room."""
    layout, style = stage.layout, stage.style
    scale, baseline = layout.scale, layout.footer_baseline
    left = float(min(slot.body.left for slot in layout.slots))
    right = float(max(slot.body.right for slot in layout.slots))
    entries: dict[LegendEntry, None] = {}
    notes: dict[str, None] = {}
    for outline in outlines:
        entries.update(dict.fromkeys(outline.legend))
        if outline.legend_note:
            notes[outline.legend_note] = None
    x = left
    for index, entry in enumerate(entries):
        # each may take its share of what room is left, so that long names are cut, not left out
        share = (right - x) / (len(entries) - index)
        x = _draw_entry(stage, entry, x, baseline, min(x + share, right))
    for note in notes:
        width = text_width(note, scale.small)
        if x + width <= right:
            stage.text(x, baseline, note, scale.small, style.muted)
            x += width
    stopped = [
        f"{name}: {recording.stopped}"
        for name, recording in stage.recordings.items()
        if recording.stopped
    ]
    pace = pace_note(stage.recordings)
    first = [title] if title else []
    for parts in ([*stopped, *first, pace], [*stopped, pace], [pace], stopped):
        text = "  ·  ".join(parts)
        if text and x + scale.body + text_width(text, scale.small) <= right:
            stage.text(right, baseline, text, scale.small, style.muted, align="right")
            return


def _step(recording: Recording) -> str:
    """Training between neighbouring snapshots, in the words of a viewer."""
    updates = np.diff(recording.updates)
    if not len(updates):
        return "the whole training"
    typical = int(np.median(updates))
    if recording.unit == "update":
        return f"{typical} update{'s' if typical != 1 else ''}"
    epochs = float(np.median(np.diff(recording.epochs)))
    return f"{epochs:g} epoch{'s' if epochs != 1 else ''} = {typical} updates"


def _draw_entry(stage: Stage, entry: LegendEntry, x: float, baseline: float, right: float) -> float:
    """Draw one marker with its label; return where the next one starts."""
    scale = stage.layout.scale
    width, height = stage.layout.size
    marker = 0.72 * scale.small
    label_x = x + marker + 0.35 * scale.small
    label = shorten(entry.label, right - label_x, scale.small)
    end = label_x + text_width(label, scale.small)
    stage.under.add_artist(
        Line2D(
            [(x + marker / 2) / width],
            [1 - (baseline - 0.35 * scale.small) / height],
            marker=entry.marker,
            markersize=points(marker * (0.82 if entry.marker == "D" else 1.0)),
            markerfacecolor=rgb(entry.fill),
            markeredgecolor=rgb(entry.ring),
            markeredgewidth=points(max(1.0, 0.09 * marker)),
            linestyle="none",
        )
    )
    stage.text(label_x, baseline, label, scale.small, stage.style.ink)
    return end + 1.1 * scale.small
