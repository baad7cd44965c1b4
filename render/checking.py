"""What a film can't be made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from epochreel.nn.errors import InvalidInputError, unknown_name
from epochreel.nn.recording import Recording
from epochreel.render.areas import Arrangement
from epochreel.render.panels import Panel

__all__ = ["LARGEST_SIZE", "SMALLEST_SIDE", "check_film"]

LARGEST_SIZE = (3840, 2160)
SMALLEST_SIDE = 16


def check_film(
    recordings: Mapping[str, Recording],
    panels: Sequence[Panel],
    size: tuple[int, int],
    columns: int | None,
    arrangement: Arrangement | None,
) -> None:
    """Refuse a size out of bounds, too few panels or too many, and models that aren't there.

    Raises
    ------
    InvalidInputError
    """
    if (
        min(size) < SMALLEST_SIDE
        or max(size) > max(LARGEST_SIZE)
        or (min(size) > min(LARGEST_SIZE))
    ):
        raise InvalidInputError(
            f"size: must be from {SMALLEST_SIDE}×{SMALLEST_SIDE} to "
            f"{LARGEST_SIZE[0]}×{LARGEST_SIZE[1]} px, got {size[0]}×{size[1]}"
        )
    if not panels:
        raise InvalidInputError("panels: needs at least one, got none")
    if columns is not None and not 1 <= columns <= len(panels):
        raise InvalidInputError(
            f"columns: must be from 1 to {len(panels)}, the number of panels, got {columns}"
        )
    if arrangement is not None:
        places = len(arrangement.places) + len(arrangement.insets)
        if places != len(panels):
            raise InvalidInputError(
                f"areas: must have a place for each of {len(panels)} panels, got {places}"
            )
    for panel in panels:
        for model in panel.models:
            if model not in recordings:
                raise unknown_name("panels.model", model, recordings)
