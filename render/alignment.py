"""What is the same for all models at a moment of the film, and where each then stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from epochreel.nn.dataset import FloatArray
from epochreel.nn.recording import Recording

__all__ = ["ALIGNMENTS", "Track", "follow", "leading"]


@dataclass(frozen=True, eq=False)
class Track:
    """When the snapshots of one training were taken; three arrays of shape (snapshots,)."""

    updates: FloatArray
    epochs: FloatArray
    seconds: FloatArray

    @classmethod
    def of(cls, recording: Recording) -> Track:
        """Take it from a recording."""
        return cls(recording.updates.astype(np.float64), recording.epochs, recording.seconds)

    @classmethod
    def of_count(cls, snapshots: int) -> Track:
        """Stand in for a training that hasn't begun: one update, epoch and second a snapshot."""
        steps = np.arange(snapshots, dtype=np.float64)
        return cls(steps, steps, steps)

    def __len__(self) -> int:
        """Return the number of snapshots."""
        return len(self.updates)

    @property
    def positions(self) -> FloatArray:
        """Of each snapshot its number, from 0."""
        return np.arange(len(self), dtype=np.float64)


def _progress(track: Track) -> FloatArray:
    done = track.updates - track.updates[0]
    return done / max(float(done[-1]), 1.0)


ALIGNMENTS: Mapping[str, Callable[[Track], FloatArray]] = MappingProxyType(
    {
        "snapshots": lambda track: track.positions,
        "updates": lambda track: track.updates,
        "epochs": lambda track: track.epochs,
        "seconds": lambda track: track.seconds,
        "progress": _progress,
    }
)
"""What a model has reached at each of its snapshots: a clock that all models share."""


def leading(tracks: Mapping[str, Track], align: str) -> str:
    """Name the model whose training goes on longest; of equal ones, that of most snapshots."""
    clock = ALIGNMENTS[align]
    return max(tracks, key=lambda name: (clock(tracks[name])[-1], len(tracks[name])))


def follow(
    tracks: Mapping[str, Track], align: str, lead: str, places: FloatArray
) -> dict[str, FloatArray]:
    """Find where every model stands when the leading one stands at `places`.

    Parameters
    ----------
    tracks : mapping
        Track by model name.
    align : str
        A key of ALIGNMENTS.
    lead : str
        The leading model.
    places : (moments,) array
        Its positions among its snapshots, not falling.

    Returns
    -------
    dict of (moments,) arrays
        Positions by model name; a model that has ended stays on its last snapshot.
    """
    clock = ALIGNMENTS[align]
    leader = tracks[lead]
    times = np.interp(places, leader.positions, clock(leader))
    return {
        name: places if name == lead else np.interp(times, clock(track), track.positions)
        for name, track in tracks.items()
    }
