"""Which moment of each recording a frame of the film shows, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording

__all__ = ["Moment", "Timeline", "plan_timeline"]


@dataclass(frozen=True)
class Moment:
    """One distinct picture of the film.

    Attributes
    ----------
    index : int
        Its number, from 0.
    snapshots : mapping
        Index of the snapshot to show, by model name.
    repeats : int
        How many frames long it is shown, at least 1.
    """

    index: int
    snapshots: Mapping[str, int]
    repeats: int


@dataclass(frozen=True)
class Timeline:
    """The film's moments in order, at a fixed frame rate."""

    fps: int
    moments: tuple[Moment, ...]

    @property
    def frame_count(self) -> int:
        """Frames of the finished film, holds included."""
        return sum(moment.repeats for moment in self.moments)

    @property
    def duration_s(self) -> float:
        """Length of the film in seconds."""
        return self.frame_count / self.fps

    @classmethod
    def build(
        cls,
        recordings: Mapping[str, Recording],
        *,
        fps: int = 20,
        hold_first_s: float = 0.0,
        hold_last_s: float = 0.0,
        max_frames: int | None = None,
    ) -> Timeline:
        """Plan a film of some recordings; see :func:`plan_timeline`."""
        counts = {name: len(recording.updates) for name, recording in recordings.items()}
        return plan_timeline(
            counts,
            fps=fps,
            hold_first_s=hold_first_s,
            hold_last_s=hold_last_s,
            max_frames=max_frames,
        )


def plan_timeline(
    snapshot_counts: Mapping[str, int],
    *,
    fps: int = 20,
    hold_first_s: float = 0.0,
    hold_last_s: float = 0.0,
    max_frames: int | None = None,
) -> Timeline:
    """Give each snapshot a frame.

    Models are aligned by snapshot: frame k shows snapshot k of each, and a model with fewer
    snapshots (one whose training stopped early, for instance) stays on its last.

    Parameters
    ----------
    snapshot_counts : mapping
        Number of snapshots by model name.
    fps : int
        Frames per second.
    hold_first_s, hold_last_s : float
        How much longer the first and the last frame are shown, in seconds.
    max_frames : int, optional
        Upper bound on distinct frames; snapshots are then skipped evenly, never the first or last.

    Returns
    -------
    Timeline

    Raises
    ------
    InvalidInputError
        When there is nothing to show.
    """
    longest = max(snapshot_counts.values(), default=0)
    if longest < 1:
        raise InvalidInputError("timeline: needs at least one recording with a snapshot, got none")
    if fps < 1:
        raise InvalidInputError(f"timeline.fps: must be ≥ 1, got {fps}")
    frames = longest if max_frames is None else min(longest, max(1, max_frames))
    moments: list[Moment] = []
    for index in range(frames):
        # a single frame shows the end of the training, which is what a still is for
        shown = longest - 1 if frames == 1 else round(index * (longest - 1) / (frames - 1))
        repeats = 1
        if index == 0:
            repeats += round(hold_first_s * fps)
        if index == frames - 1:
            repeats += round(hold_last_s * fps)
        snapshots = {name: min(shown, count - 1) for name, count in snapshot_counts.items()}
        moments.append(Moment(index, snapshots, repeats))
    return Timeline(fps, tuple(moments))
