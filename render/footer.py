"""The one small line at the foot of a frame: what the markers are, what one frame means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from epochreel.nn.dataset import FloatArray
from epochreel.nn.recording import Recording
from epochreel.render.panels import LegendEntry, Outline
from epochreel.render.stage import Stage, rgb
from epochreel.render.text import points, shorten, text_width
from epochreel.render.timeline import Timeline

__all__ = ["draw_footer", "pace_note"]

_EVENNESS = {
    "log": "updates on a logarithmic scale",
    "even_change": "each frame changes the field about equally",
}
"""Paces at which no one number of updates lies between frames."""

_ALIGNED = {
    "updates": "update",
    "epochs": "epoch",
    "seconds": "second of training",
    "progress": "share of their training",
}


_EXACT = 1e-3
_SOMEWHAT = 0.25
"""Steps that differ by no more than this part of their mean are told as one number."""


def pace_note(recordings: Mapping[str, Recording], timeline: Timeline) -> str:
    """Say how much training lies between two frames of each model, and what is the same for all.

    Films of models side by side that don't say this compare what can't be compared.
    """
    steps = {name: _step(recording, name, timeline) for name, recording in recordings.items()}
    words = [_EVENNESS[timeline.pace]] if timeline.pace in _EVENNESS else []
    if not words:
        if len(set(steps.values())) == 1:
            words = [f"each frame {next(iter(steps.values()))}"]
        else:
            words = ["each frame: " + ",  ".join(f"{name} {step}" for name, step in steps.items())]
    if len(recordings) > 1 and timeline.align != "snapshots":
        words.append(f"all at the same {_ALIGNED[timeline.align]}")
    return "  ·  ".join(words)


def draw_footer(
    stage: Stage, outlines: Sequence[Outline], title: str | None, timeline: Timeline
) -> None:
    """Write the legend at the left and the notes at the right, as far as there is room."""
    layout, style = stage.layout, stage.style
    scale, baseline = layout.scale, layout.footer_baseline
    left, right = layout.left, layout.right
    entries: dict[LegendEntry, None] = {}
    notes: dict[str, None] = {}
    # what a note is about stands last, beside it
    for outline in sorted(outlines, key=lambda outline: bool(outline.legend_note)):
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
            x += width + 1.1 * scale.small
    stopped = [
        f"{name}: {recording.stopped}"
        for name, recording in stage.recordings.items()
        if recording.stopped
    ]
    pace = pace_note(stage.recordings, timeline)
    first = [title] if title else []
    for parts in ([*stopped, *first, pace], [*stopped, pace], [pace], stopped):
        text = "  ·  ".join(parts)
        if text and x + scale.body + text_width(text, scale.small) <= right:
            stage.text(right, baseline, text, scale.small, style.muted, align="right")
            return


def _step(recording: Recording, name: str, timeline: Timeline) -> str:
    """Training between neighbouring frames, in the words of a viewer."""
    if len(recording) == 1 or len(timeline.moments) == 1:
        return "the whole training"
    shown = [moment.snapshots[name] for moment in timeline.moments]
    places = np.array(shown[: shown.index(shown[-1]) + 1])  # afterwards it stays on its last
    updates = _typical(places, recording.updates, "update")
    if recording.unit == "update":
        return updates
    return f"{_typical(places, recording.epochs, 'epoch')} = {updates}"


def _typical(places: FloatArray, series: NDArray[Any], noun: str) -> str:
    """Write the steps from frame to frame, such as ``50 updates``; a last, smaller one is left out.

    Steps that differ somewhat, or a rounded number, are ``about 256 updates``, which is their mean;
    steps that differ more, as where snapshots don't lie evenly, are ``50 to 100 updates``.
    """
    steps = np.diff(np.interp(places, np.arange(len(series)), series))
    if len(steps) > 1 and steps[-1] < steps[:-1].min():
        steps = steps[:-1]
    low, mean, high = float(steps.min()), float(steps.mean()), float(steps.max())
    if high - low > _SOMEWHAT * mean:
        shown = f"{_digits(low)} to {_digits(high)}"
    else:
        exact = high - low < _EXACT and abs(mean - float(_digits(mean))) < _EXACT
        shown = f"{'' if exact else 'about '}{_digits(mean)}"
    return f"{shown} {noun}{'s' if shown != '1' else ''}"


def _digits(number: float) -> str:
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"


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
