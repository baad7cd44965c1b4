"""What panels need of a recording beyond its predictions, or one clear line."""

from __future__ import annotations

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Layered, Recording

__all__ = ["layered"]


def layered(recording: Recording, kind: str) -> Layered:
    """Give a recording as one that knows its layers.

    Parameters
    ----------
    recording : Recording
    kind : str
        Of the panel that asks.

    Raises
    ------
    InvalidInputError
        Where only its predictions are known.
    """
    if not isinstance(recording, Layered):
        raise InvalidInputError(
            f"panels: {kind!r} needs the layers of {recording.name!r}, "
            "which its recording doesn't have"
        )
    return recording
