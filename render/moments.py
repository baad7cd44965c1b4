"""Which moment of a film is meant: ``last``, ``0.5``, ``12 s``, ``update:500``, an event."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording
from epochreel.render.events import Event, parse_event

if TYPE_CHECKING:
    from epochreel.render.film import Film

__all__ = ["MOMENT_WORDS", "At", "moment_at", "parse_at"]

MOMENT_WORDS = (
    "'first', 'last', a share of the film from 0 to 1, or like '12s', 'update:500', 'epoch:20' "
    "or 'accuracy >= 0.9'"
)

_AT = re.compile(
    r"(?P<share>[\d.]+)|(?P<time>[\d.]+) *s|(?P<unit>update|epoch): *(?P<count>[\d.]+)"
)


@dataclass(frozen=True)
class At:
    """A moment that is asked for.

    Attributes
    ----------
    unit : {"share", "time", "update", "epoch", "event"}
        What `value` counts: 1 is all of the film, or seconds of it, or updates, or epochs.
    value : float
    event : Event or None
        What happens then, where `unit` is ``"event"``.
    """

    unit: str
    value: float = 0.0
    event: Event | None = None


def parse_at(at: str) -> At:
    """Read which moment is meant.

    Parameters
    ----------
    at : str
        ``"first"``, ``"last"``, a share of the film such as ``"0.5"``, a time such as ``"12s"``,
        ``"update:500"``, ``"epoch:20"``, or an event such as ``"accuracy >= 0.9"`` (see
        :func:`~epochreel.render.events.parse_event`).

    Returns
    -------
    At

    Raises
    ------
    InvalidInputError
        For anything else.
    """
    words = {"first": "0", "last": "1"}.get(at, at).strip()
    found = _AT.fullmatch(words)
    try:
        if found is None:
            return At("event", event=parse_event(words))
        unit = found["unit"] or ("time" if found["time"] else "share")
        value = float(found["count"] or found["time"] or found["share"])
    except ValueError:  # InvalidInputError is one
        value, unit = -1.0, ""
    if value < 0 or (unit == "share" and value > 1):
        raise InvalidInputError(f"at: must be {MOMENT_WORDS}, got {at!r}")
    return At(unit, value)


def moment_at(film: Film, at: str) -> int:
    """Find the number of the distinct frame that shows a moment.

    Parameters
    ----------
    film : Film
    at : str
        See :func:`parse_at`. An update, an epoch or an event is that of the film's first model; the
        first frame that is as far is taken, or, where the film pauses there, the one in which a
        caption has faded in.

    Raises
    ------
    InvalidInputError
        For a moment that means nothing, is past the film's end, or never comes.
    """
    asked = parse_at(at)
    ends = np.cumsum([moment.repeats for moment in film.timeline.moments])
    if asked.unit == "share":
        return int(np.searchsorted(ends, round(asked.value * (ends[-1] - 1)), side="right"))
    if asked.unit == "time":
        frame = round(asked.value * film.fps)
        if frame > ends[-1]:
            raise InvalidInputError(
                f"at: must be at most {film.duration_s:g}s, the film's length, got {at!r}"
            )
        return int(np.searchsorted(ends, min(frame, ends[-1] - 1), side="right"))
    model, recording = next(iter(film.recordings.items()))
    position = _position(asked, recording, at)
    for index, moment in enumerate(film.timeline.moments):
        if moment.snapshots[model] >= position - 1e-9:
            return _clearest(film, index)
    return len(film.timeline.moments) - 1


def _clearest(film: Film, index: int) -> int:
    """Of the moments that show the same as this one, take that of the most opaque caption."""
    moments = film.timeline.moments
    shown = moments[index].snapshots
    same = takewhile(lambda moment: moment.snapshots == shown, moments[index:])
    return max((moment.index for moment in same), key=film.caption_opacity)


def _position(asked: At, recording: Recording, at: str) -> float:
    """Find the snapshot that is meant, or the place between two."""
    if asked.event is not None:
        snapshot = asked.event.first(recording)
        if snapshot is None:
            raise InvalidInputError(
                f"at: must be something that happens to {recording.name!r}, got {at!r}"
            )
        return float(snapshot)
    series = recording.updates if asked.unit == "update" else recording.epochs
    if asked.value > series[-1]:
        raise InvalidInputError(
            f"at: must be at most {asked.unit}:{series[-1]:g}, the last of {recording.name!r}, "
            f"got {at!r}"
        )
    return float(np.interp(asked.value, series, np.arange(len(series))))
