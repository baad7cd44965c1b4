"""What the tables of a scene are made of: their base, and values with a rule of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from epochreel.scenes import limits
from epochreel.scenes.messages import Path, count, describe, one_of

__all__ = [
    "Description",
    "Entries",
    "Name",
    "Seed",
    "SomeEntries",
    "Spec",
    "Title",
    "choice",
    "deeper",
    "entries_of",
    "numbers",
    "one_line",
    "problem",
]

Item = TypeVar("Item")


class Spec(BaseModel):
    """Base of every table of a scene: immutable, no unknown keys, no conversion between types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def problem(message: str, path: Path = ()) -> PydanticCustomError:
    """Make an error to raise from a validator.

    Parameters
    ----------
    message : str
        What is allowed and what came, without the key.
    path : tuple of str or int
        Where it is, seen from the table that is validated.

    Returns
    -------
    PydanticCustomError
        Recognised, and put into the project's form, by :mod:`epochreel.scenes.problems`.
    """
    # as context, because a template would interpret braces that came from the user
    return PydanticCustomError("scene", "{message}", {"message": message, "path": path})


def deeper(error: PydanticCustomError, path: Path) -> PydanticCustomError:
    """Say of a problem that its table stands at `path`."""
    context = error.context or {}
    return problem(str(context["message"]), (*path, *context["path"]))


def choice(known: Callable[[], Iterable[str]]) -> AfterValidator:
    """Accept only names that a table knows when the scene is read.

    Parameters
    ----------
    known : callable
        Gives the names. It is called on use, so that reading the schema loads no stage.
    """

    def check(value: str) -> str:
        names = list(known())
        if value not in names:
            raise problem(one_of(value, names))
        return value

    return AfterValidator(check)


def numbers(meaning: str, length: int) -> BeforeValidator:
    """Accept an array of exactly so many entries; what each must be is checked after."""
    return BeforeValidator(lambda value: entries_of(value, meaning, length))


def entries_of(value: Any, meaning: str, length: int) -> tuple[Any, ...]:
    """Take exactly so many entries of an array, or raise a problem."""
    entries = cast("list[Any]", value) if isinstance(value, (list, tuple)) else None
    if entries is None or len(entries) != length:
        raise problem(f"must be {meaning}, got {describe(cast('object', value))}")
    return tuple(entries)


def one_line(value: str) -> str:
    """Accept one line of printable text that isn't blank."""
    if not value.strip():
        raise problem("must not be blank")
    if not value.isprintable():
        raise problem(f"must be one line of printable text, got {describe(value)}")
    return value


def _plain_text(value: str) -> str:
    if not all(char.isprintable() or char in "\n\r\t" for char in value):
        raise problem(f"must be printable text, got {describe(value)}")
    return value


Name = Annotated[str, Field(max_length=limits.MAX_NAME), AfterValidator(one_line)]
Title = Annotated[str, Field(max_length=limits.MAX_TITLE), AfterValidator(one_line)]
Description = Annotated[str, Field(max_length=limits.MAX_DESCRIPTION), AfterValidator(_plain_text)]
Seed = Annotated[int, Field(ge=0, le=limits.MAX_SEED)]


def _not_empty(value: tuple[Item, ...]) -> tuple[Item, ...]:
    # pydantic's own bound counts valid entries only: it would refuse an array for one bad entry
    if not value:
        raise problem("must have at least 1 entry, got an empty array")
    return value


# TOML has arrays where the schema has tuples
Entries = Annotated[tuple[Item, ...], Strict(False)]
SomeEntries = Annotated[tuple[Item, ...], Strict(False), AfterValidator(_not_empty)]


def unique_index(names: Iterable[str]) -> tuple[int, int] | None:
    """Find the first name that stands a second time: (its index, the index of the first)."""
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in seen:
            return index, seen[name]
        seen[name] = index
    return None


def at_most(number: int, bound: int, noun: str) -> str | None:
    """Say that there is too much of something, or nothing."""
    return None if number <= bound else f"must be at most {count(bound, noun)}, got {number}"
