"""What a panel must be able to ask of a recording, said in one line where it can't."""

from __future__ import annotations

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Layered, Recording

__all__ = ["layered", "plane_of_two"]


def layered(recording: Recording, kind: str) -> Layered:
    """Give a recording as one that knows its layers.

    Parameters
    ----------
    recording : Recording
    kind : str
        What the panel is called.

    Raises
    ------
    InvalidInputError
        For a recording of predictions alone.
    """
    if isinstance(recording, Layered):
        return recording
    raise InvalidInputError(
        f"panels: {kind!r} needs the layers of {recording.name!r}, which its recording doesn't have"
    )


def plane_of_two(recording: Recording, kind: str) -> None:
    """Refuse data that aren't points of a plane."""
    features = recording.dataset.features
    if features != 2:
        raise InvalidInputError(
            f"panels: {kind!r} needs data of 2 features, got {features} of {recording.name!r}"
        )
