"""Which moment of each training a frame of the film shows, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypedDict, Unpack

import numpy as np

from epochreel.nn.dataset import FloatArray, IntArray
from epochreel.nn.errors import InvalidInputError, unknown_name
from epochreel.nn.recording import Recording, reached
from epochreel.render.alignment import ALIGNMENTS, Track, follow, leading
from epochreel.render.easing import EASINGS
from epochreel.render.pacing import PACES, Walk, field_steps
from epochreel.render.rate import Hold, hold_places, settle_rate

__all__ = ["Hold", "Moment", "Timeline", "TimelineOptions", "plan_timeline"]

_CLOSE = 1e-6
"""A position this close to a snapshot is that snapshot: rounding must not cost a prediction."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One distinct picture of the film.

    Attributes
    ----------
    index : int
        Its number, from 0.
    snapshots : mapping
        By model name, which snapshot to show. 3.25 is a quarter of the way from 3 to 4.
    repeats : int
        How many frames long it is shown, at least 1.
    """

    index: int
    snapshots: Mapping[str, float]
    repeats: int


class TimelineOptions(TypedDict, total=False):
    """What shapes a timeline; see :func:`plan_timeline`."""

    fps: int | None
    frames: int | None
    duration_s: float | None
    hold_first_s: float
    hold_last_s: float
    holds: Sequence[Hold]
    max_frames: int | None
    pace: str
    easing: str
    tween: bool | None
    align: str


@dataclass(frozen=True)
class Timeline:
    """The film's moments in order, at a fixed frame rate.

    Attributes
    ----------
    fps : int
        Frames per second.
    moments : tuple of Moment
    pace, align : str
        How it was planned: keys of PACES and ALIGNMENTS.
    updates : mapping
        By model name, the updates at each of its snapshots; empty in a plan from mere counts.
    notes : tuple of str
        Which holds rest on the last moment, because the film never gets to theirs; in a plan from
        mere counts, of those at a second only.
    """

    fps: int
    moments: tuple[Moment, ...]
    pace: str = "snapshots"
    align: str = "snapshots"
    updates: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    notes: tuple[str, ...] = ()

    @property
    def frame_count(self) -> int:
        """Frames of the finished film, holds included."""
        return sum(moment.repeats for moment in self.moments)

    @property
    def duration_s(self) -> float:
        """Length of the film in seconds."""
        return self.frame_count / self.fps

    @cached_property
    def moment_starts(self) -> IntArray:
        """Film frame at which each moment starts, (moments,)."""
        repeats = np.array([moment.repeats for moment in self.moments], np.int64)
        return np.cumsum(repeats) - repeats

    def frame_of(self, model: str, update: int) -> int | None:
        """Find the first film frame, holds included, at which a model has done `update` updates.

        Parameters
        ----------
        model : str
        update : int

        Returns
        -------
        int or None
            None where it never gets there.

        Raises
        ------
        InvalidInputError
            For a model whose updates aren't known.
        """
        if model not in self.updates:
            raise unknown_name("model", model, self.updates)
        updates = np.array(self.updates[model], np.int64)
        for moment in self.moments:
            if reached(updates, moment.snapshots[model]) >= update:
                return int(self.moment_starts[moment.index])
        return None

    def split(self, frames: Iterable[int]) -> Timeline:
        """Cut moments at film frames: the same film, where something may change during a hold.

        Parameters
        ----------
        frames : iterable of int
            A moment starts at each of them, from 0 to :attr:`frame_count`.

        Returns
        -------
        Timeline

        Raises
        ------
        InvalidInputError
            For a frame outside of the film.
        """
        ends = set((*self.moment_starts.tolist(), self.frame_count))
        for frame in frames:
            if not 0 <= frame <= self.frame_count:
                raise InvalidInputError(
                    f"frames: must be from 0 to {self.frame_count}, got {frame}"
                )
            ends.add(frame)
        starts = sorted(ends)
        shown: list[int] = (
            np.searchsorted(self.moment_starts, starts[:-1], side="right") - 1
        ).tolist()
        moments = tuple(
            Moment(index, self.moments[source].snapshots, starts[index + 1] - starts[index])
            for index, source in enumerate(shown)
        )
        return replace(self, moments=moments)

    @classmethod
    def build(
        cls, recordings: Mapping[str, Recording], **options: Unpack[TimelineOptions]
    ) -> Timeline:
        """Plan a film of some recordings; see :func:`plan_timeline` for what can be asked for."""
        tracks = {name: Track.of(recording) for name, recording in recordings.items()}
        return _plan(tracks, recordings, options)


def plan_timeline(
    snapshot_counts: Mapping[str, int], **options: Unpack[TimelineOptions]
) -> Timeline:
    """Plan a film before its trainings: how many frames it has, and how long it is.

    :meth:`Timeline.build` gives as many frames. Where they lie is final for the default pace and
    alignment only, since any other depends on what the trainings do.

    Parameters
    ----------
    snapshot_counts : mapping
        Number of snapshots by model name.
    fps, frames, duration_s : optional
        Any two of frames per second (20 when left out), distinct frames, and seconds; the third
        follows. Without `frames` and `duration_s` there is a frame for each snapshot.
    hold_first_s, hold_last_s : float
        How much longer the first and the last frame are shown, in seconds.
    holds : sequence of Hold
        Other moments that are shown longer. All holds come on top of `duration_s`.
    max_frames : int, optional
        Upper bound on distinct frames.
    pace : str
        A key of PACES: frames evenly spaced over ``"snapshots"`` (the default), over updates
        (``"linear"``), over their logarithm (``"log"``), or so that the field changes by about the
        same amount from one to the next (``"even_change"``).
    easing : str
        A key of EASINGS: how the film gets under way and comes to rest.
    tween : bool, optional
        Whether moments between two snapshots show a network between the two; otherwise they show
        the one before. When left out, they do unless there's a whole snapshot for each frame.
    align : str
        A key of ALIGNMENTS: what is the same for all models at a moment. A model that has ended
        stays on its last snapshot.

    Returns
    -------
    Timeline

    Raises
    ------
    InvalidInputError
        When there is nothing to show, or what is asked for doesn't exist or go together.
    """
    tracks = {name: Track.of_count(count) for name, count in snapshot_counts.items()}
    return _plan(tracks, None, options)


def _plan(
    tracks: Mapping[str, Track],
    recordings: Mapping[str, Recording] | None,
    options: TimelineOptions,
) -> Timeline:
    pace, align = options.get("pace", "snapshots"), options.get("align", "snapshots")
    easing, tween = options.get("easing", "linear"), options.get("tween")
    for key, name, known in (
        ("pace", pace, PACES), ("align", align, ALIGNMENTS), ("easing", easing, EASINGS),
    ):  # fmt: skip
        if name not in known:
            raise unknown_name(f"timeline.{key}", name, known)
    longest = max((len(track) for track in tracks.values()), default=0)
    if not tracks or min(map(len, tracks.values())) < 1:
        raise InvalidInputError("timeline: needs at least one recording with a snapshot, got none")
    frames, fps = settle_rate(options.get("frames"), options.get("fps"), options.get("duration_s"))
    most = options.get("max_frames")
    count = longest if frames is None else frames
    count = count if most is None else min(count, max(1, most))
    if tween is None:
        plain = pace == align == "snapshots" and easing == "linear"
        tween = not (plain and count <= longest)

    # a single frame shows the end of the training, which is what a still is for
    alpha = np.arange(count) / (count - 1) if count > 1 else np.ones(1)
    alpha = EASINGS[easing](alpha)
    lead = leading(tracks, align)

    def stand(places: FloatArray) -> dict[str, FloatArray]:
        stands = follow(tracks, align, lead, places)
        return {name: _settled(stand, tween=bool(tween)) for name, stand in stands.items()}

    def walk(places: FloatArray) -> FloatArray:
        if recordings is None:
            return np.ones(len(places) - 1)
        return field_steps(recordings, stand(places))

    positions = stand(_places(pace, alpha, tracks[lead], walk))
    if count > 1:
        for places in positions.values():
            places[0] = 0
    repeats = np.ones(count, np.int64)
    repeats[0] += round(options.get("hold_first_s", 0.0) * fps)
    repeats[-1] += round(options.get("hold_last_s", 0.0) * fps)
    holds = options.get("holds", ())
    places = hold_places(holds, tracks, positions, fps)
    notes: list[str] = []
    for index, (hold, place) in enumerate(zip(holds, places, strict=True)):
        repeats[-1 if place is None else place] += round(hold.seconds * fps)
        if place is None and (recordings is not None or hold.unit == "second"):
            notes.append(
                f"timeline.holds[{index}]: {hold.when} never comes; the last frame is held"
            )

    columns = [places.tolist() for places in positions.values()]
    moments = tuple(
        Moment(index, dict(zip(positions, row, strict=True)), shown)
        for index, (row, shown) in enumerate(
            zip(zip(*columns, strict=True), repeats.tolist(), strict=True)
        )
    )
    updates = {name: tuple(each.updates.tolist()) for name, each in (recordings or {}).items()}
    return Timeline(fps, moments, pace, align, updates, tuple(notes))


def _places(pace: str, alpha: FloatArray, track: Track, walk: Walk) -> FloatArray:
    """Positions of the leading model, (moments,), never falling."""
    if len(track) == 1:
        return np.zeros(len(alpha))
    return np.maximum.accumulate(np.clip(PACES[pace](alpha, track, walk), 0, len(track) - 1))


def _settled(places: FloatArray, *, tween: bool) -> FloatArray:
    """Move what is as good as whole onto its snapshot, and without tweening everything."""
    nearest = np.rint(places)
    places = np.where(np.abs(places - nearest) < _CLOSE, nearest, places)
    return places if tween else np.floor(places)
