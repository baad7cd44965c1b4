"""The ``[[outputs]]`` tables of a scene file: films, folders of frames and stills."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, Strict, field_validator, model_validator

from epochreel.nn.errors import InvalidInputError
from epochreel.scenes import limits
from epochreel.scenes.file_lengths import parse_length, refuse_length
from epochreel.scenes.filenames import refuse_file_name
from epochreel.scenes.messages import describe, did_you_mean, quoted
from epochreel.scenes.values import Spec, choice, entries_of, problem

__all__ = ["OutputSpec"]

(_MIN_W, _MAX_W), (_MIN_H, _MAX_H) = limits.SIZE_PX


def _qualities() -> Iterable[str]:
    from epochreel.render.writers import QUALITIES

    return dict.fromkeys(name for names in QUALITIES.values() for name in names)


def _moment(value: Any) -> Any:
    """Accept a moment in words, as ``epochreel still`` does, or an update's number."""
    from epochreel.render.moments import MOMENT_WORDS, parse_at

    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**9:
        return f"update:{value}"
    try:
        if isinstance(value, str):
            parse_at(value)
            return value
    except InvalidInputError:
        pass
    word = value.partition(":")[0] if isinstance(value, str) else value
    raise problem(
        f"must be an update such as 500, {MOMENT_WORDS}, got {describe(value)}"
        f"{did_you_mean(word, ['first', 'last', 'update', 'epoch'])}"
    )


SIZES = {"16:9": (1920, 1080), "4:3": (1600, 1200), "1:1": (1080, 1080), "9:16": (1080, 1920)}
"""Sizes that go by their proportions."""


def _size(value: Any) -> Any:
    """Accept a name of :data:`SIZES` for two numbers."""
    if isinstance(value, str):
        if value in SIZES:
            return SIZES[value]
        named = ", ".join(map(quoted, SIZES))
        raise problem(
            f"must be [width, height] in pixels or one of {named}, got {describe(value)}"
            f"{did_you_mean(value, SIZES)}"
        )
    return entries_of(value, "[width, height] in pixels", 2)


class OutputSpec(Spec):
    """An ``[[outputs]]`` table: one finished file, or a folder of frames."""

    file: str
    size: Annotated[
        tuple[
            Annotated[int, Field(ge=_MIN_W, le=_MAX_W)],
            Annotated[int, Field(ge=_MIN_H, le=_MAX_H)],
        ],
        Strict(False),
        BeforeValidator(_size),
    ] = (1600, 1200)
    quality: Annotated[str, choice(_qualities)] | None = None
    max_size: str | None = None
    at: Annotated[str, BeforeValidator(_moment)] | None = None

    @field_validator("file")
    @classmethod
    def _is_allowed(cls, value: str) -> str:
        from epochreel.render.writers import STILLS, WRITERS

        reason = refuse_file_name(value, [*WRITERS, *STILLS])
        if reason:
            raise problem(reason)
        return value

    @field_validator("max_size")
    @classmethod
    def _is_a_length(cls, value: str | None) -> str | None:
        reason = None if value is None else refuse_length(value)
        if reason:
            raise problem(f"{reason}, got {describe(value)}")
        return value

    @model_validator(mode="after")
    def _suits_the_format(self) -> Self:
        from epochreel.render.writers import FITTABLE, QUALITIES, STILLS

        suffix = PurePosixPath(self.file).suffix.lower()
        for key, value, formats in (
            ("quality", self.quality, QUALITIES),
            ("max_size", self.max_size, FITTABLE),
            ("at", self.at, STILLS),
        ):
            if value is not None and suffix not in formats:
                raise problem(
                    f"is for {' and '.join(formats)} only, got {quoted(value)} for "
                    f"{quoted(self.file)}",
                    (key,),
                )
        return self

    @property
    def max_bytes(self) -> int | None:
        """What `max_size` comes to."""
        return None if self.max_size is None else parse_length(self.max_size)

    @property
    def still(self) -> str | None:
        """Which moment the file shows; ``None`` for a film."""
        from epochreel.render.writers import STILLS, format_of

        return (self.at or "last") if format_of(PurePosixPath(self.file)) in STILLS else None
