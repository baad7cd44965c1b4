"""The ``[[captions]]`` tables of a scene file: words, and when they are shown."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from epochreel.scenes import limits
from epochreel.scenes.values import Name, Spec, one_line, problem

__all__ = ["WHEN", "CaptionSpec"]

WHEN = ("update", "epoch", "time", "event")
"""Keys that say when a caption is shown; each caption has exactly one."""


def _known_event(value: str) -> str:
    from epochreel.nn.errors import InvalidInputError
    from epochreel.render.events import parse_event

    try:
        parse_event(value)
    except InvalidInputError as error:
        raise problem(str(error).removeprefix("event: ")) from error
    return value


class CaptionSpec(Spec):
    """A ``[[captions]]`` table; times are seconds of the film."""

    text: Annotated[str, Field(max_length=limits.MAX_CAPTION), AfterValidator(one_line)]
    update: Annotated[int, Field(ge=0)] | None = None
    epoch: Annotated[float, Field(ge=0)] | None = None
    time: Annotated[float, Field(ge=0)] | None = None
    event: Annotated[str, AfterValidator(_known_event)] | None = None
    model: Name | None = None
    duration: Annotated[float, Field(gt=0, le=limits.MAX_HOLD_S)] | None = None
    fade: Annotated[float, Field(ge=0, le=limits.MAX_FADE_S)] = 0.3
    hold: Annotated[float, Field(ge=0, le=limits.MAX_HOLD_S)] = 0.0

    @model_validator(mode="after")
    def _has_one_moment(self) -> Self:
        given = [key for key in WHEN if getattr(self, key) is not None]
        if len(given) != 1:
            raise problem(
                f"must have exactly one of {', '.join(WHEN)}, got {' and '.join(given) or 'none'}"
            )
        return self
