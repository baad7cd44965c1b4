"""How many frames a film has, how fast they follow, and which are shown longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from epochreel.nn.dataset import FloatArray
from epochreel.nn.errors import InvalidInputError, unknown_name
from epochreel.render.alignment import Track

__all__ = ["HOLD_UNITS", "Hold", "hold_places", "settle_rate"]

DEFAULT_FPS = 20
HIGHEST_FPS = 60
HOLD_UNITS = ("update", "epoch", "second")

_CLOSE = 1e-6


@dataclass(frozen=True)
class Hold:
    """A moment that is shown longer.

    Attributes
    ----------
    at : float
        When: the first moment at which any model has got as far. What is never reached is held at
        the end, and the timeline says so.
    seconds : float
        How much longer.
    unit : {"update", "epoch", "second"}
        What `at` counts; seconds are those of the film, without any holds.
    """

    at: float
    seconds: float
    unit: str = "update"

    def __post_init__(self) -> None:
        """Check."""
        if self.unit not in HOLD_UNITS:
            raise unknown_name("hold.unit", self.unit, HOLD_UNITS)
        for key in ("at", "seconds"):
            value = getattr(self, key)
            if not (np.isfinite(value) and value >= 0):
                raise InvalidInputError(f"hold.{key}: must be ≥ 0, got {value}")

    @property
    def when(self) -> str:
        """Its moment in a few words."""
        return f"{self.at:g} s" if self.unit == "second" else f"{self.unit} {self.at:g}"


def settle_rate(
    frames: int | None, fps: int | None, duration_s: float | None
) -> tuple[int | None, int]:
    """Let the third follow from any two.

    Parameters
    ----------
    frames : int, optional
        Distinct frames, holds not counted.
    fps : int, optional
        Frames per second; 20 when neither it nor the other two say.
    duration_s : float, optional
        Seconds, holds not counted.

    Returns
    -------
    frames : int or None
        None where neither `frames` nor `duration_s` is given.
    fps : int

    Raises
    ------
    InvalidInputError
        When all three are given, or they don't go together.
    """
    if fps is not None and fps < 1:
        raise InvalidInputError(f"timeline.fps: must be ≥ 1, got {fps}")
    if frames is not None and frames < 1:
        raise InvalidInputError(f"timeline.frames: must be ≥ 1, got {frames}")
    if duration_s is None:
        return frames, fps or DEFAULT_FPS
    if not (np.isfinite(duration_s) and duration_s > 0):
        raise InvalidInputError(f"timeline.duration: must be > 0, got {duration_s}")
    if frames is None:
        rate = fps or DEFAULT_FPS
        return max(1, round(duration_s * rate)), rate
    if fps is not None:
        raise InvalidInputError(
            "timeline.duration: must be left out where frames and fps are given "
            f"(they make {frames / fps:g} s), got {duration_s:g}"
        )
    rate = round(frames / duration_s)
    if abs(frames / duration_s - rate) > _CLOSE or not 1 <= rate <= HIGHEST_FPS:
        raise InvalidInputError(
            f"timeline.duration: must give a whole number of frames per second from 1 to "
            f"{HIGHEST_FPS}, got {frames} frames in {duration_s:g} s, "
            f"{frames / duration_s:.4g} a second"
        )
    return frames, rate


def hold_places(
    holds: Sequence[Hold],
    tracks: Mapping[str, Track],
    positions: Mapping[str, FloatArray],
    fps: int,
) -> list[int | None]:
    """Find the moment that each hold means.

    Parameters
    ----------
    holds : sequence of Hold
    tracks : mapping
        Track by model name.
    positions : mapping of (moments,) arrays
        Where each model stands at each moment.
    fps : int

    Returns
    -------
    list of int or None
        None where the film never gets as far.
    """
    last = len(next(iter(positions.values()))) - 1

    def first(hold: Hold) -> int | None:
        if hold.unit == "second":
            place = round(hold.at * fps)
            return place if place <= last else None
        places: list[int] = []
        for name, track in tracks.items():
            series = track.updates if hold.unit == "update" else track.epochs
            values = np.interp(positions[name], track.positions, series)
            places.append(int(np.searchsorted(values, hold.at - _CLOSE)))
        return min((place for place in places if place <= last), default=None)

    return [first(hold) for hold in holds]
