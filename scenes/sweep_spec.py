"""The ``[sweep]`` table of a scene file: lists of values that make its variants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from typing import Annotated, Any, Self, cast

from pydantic import AfterValidator, Field, field_validator, model_validator

from epochreel.nn.errors import InvalidInputError
from epochreel.scenes import limits
from epochreel.scenes.messages import Path, count, describe, did_you_mean, dotted, quoted
from epochreel.scenes.overriding import parse_key
from epochreel.scenes.values import Spec, choice, one_line, problem

__all__ = ["FIELD", "SweepSpec"]

MODES = ("grid", "zip")

FIELD = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")
"""A place in a template: what stands there, and perhaps how it is written."""

_FORMAT = re.compile(r"0?[0-9]{0,2}(?:\.[0-9]{1,2})?[defg]?")


class SweepSpec(Spec):
    """A ``[sweep]`` table.

    `mode` "grid" has a variant for each combination of values, "zip" one for each place in the
    lists; `name` is a template.
    """

    mode: Annotated[str, choice(lambda: MODES)] = "grid"
    name: (
        Annotated[str, Field(max_length=limits.MAX_FILE_NAME), AfterValidator(one_line)] | None
    ) = None
    values: dict[str, Any]

    @field_validator("values")
    @classmethod
    def _are_lists(cls, table: dict[str, Any]) -> dict[str, Any]:
        found: dict[Path, Path] = {}
        for where, value in _leaves(table):
            key = _key(where)
            if not isinstance(value, list):
                raise problem(f"must be an array of values, got {describe(value)}", where)
            if not value:
                raise problem("must have at least 1 value, got an empty array", where)
            if key[0] == "sweep":
                raise problem("can't be swept itself", where)
            if key in found:
                raise problem(f"must not be swept twice, got {dotted(found[key])} too", where)
            found[key] = where
        if not found:
            raise problem("must have at least 1 key with an array of values, got none")
        return table

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        lengths = {where: len(values) for where, values in self.axes.values()}
        first, *_ = lengths
        if self.mode == "zip":
            for where, length in lengths.items():
                if length != lengths[first]:
                    raise problem(
                        f"must be as long as {dotted(first)} in mode 'zip', which has "
                        f"{count(lengths[first], 'value')}, got {length}",
                        ("values", *where),
                    )
        number = lengths[first] if self.mode == "zip" else prod(lengths.values())
        if number > limits.MAX_VARIANTS:
            raise problem(
                f"must give at most {count(limits.MAX_VARIANTS, 'variant')}, got {number}",
                ("values",),
            )
        return self

    @model_validator(mode="after")
    def _name_can_be_filled(self) -> Self:
        if self.name is None:
            return self
        known = ["stem", "number", *map(dotted, self.axes)]
        for field in FIELD.finditer(self.name):
            key, form = field.groups()
            if key not in {"stem", "number"} and _key_or_none(key) not in self.axes:
                raise problem(
                    f"must hold only {', '.join(f'{{{name}}}' for name in known)}, "
                    f"got {quoted(field.group())}{did_you_mean(key, known)}",
                    ("name",),
                )
            if form is not None and not _FORMAT.fullmatch(form):
                raise problem(
                    f"must write numbers like {{number:03d}}, got {quoted(field.group())}",
                    ("name",),
                )
        return self

    @property
    def axes(self) -> Mapping[Path, tuple[Path, list[Any]]]:
        """For each swept key, where in `values` it stands, and its values."""
        return {_key(where): (where, values) for where, values in _leaves(self.values)}


def _leaves(table: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Walk through tables: ``timeline.fps = […]`` without quotes makes one in the other."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(cast("Mapping[str, Any]", value), (*path, key))
        else:
            yield (*path, key), value


def _key(where: Path) -> Path:
    try:
        return tuple(part for key in where for part in parse_key(str(key)))
    except InvalidInputError as error:
        raise problem(str(error), where) from None


def _key_or_none(text: str) -> Path | None:
    try:
        return parse_key(text)
    except InvalidInputError:
        return None
