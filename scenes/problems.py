"""From pydantic's errors to the project's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from epochreel.scenes.data_spec import DATA_KINDS
from epochreel.scenes.messages import Path, describe, did_you_mean, one_of
from epochreel.scenes.panel_specs import PANEL_SPECS
from epochreel.scenes.schema import Scene

__all__ = ["Problem", "problems_of"]

Problem = tuple[Path, str]
"""Where in the document, and what is wrong there."""

_TAGGED: Mapping[int | str, tuple[int, Mapping[str, type[BaseModel]]]] = {
    "data": (1, DATA_KINDS),
    "panels": (2, PANEL_SPECS),
}
"""Tables of several kinds: where in a location the kind stands, and the schema of each."""

_ARRAYS_OF_TABLES = ("models", "panels", "captions", "outputs")


def problems_of(error: ValidationError) -> list[Problem]:
    """Translate all errors of one scene, in the order of the document's schema.

    Parameters
    ----------
    error : ValidationError
        From validating a :class:`~epochreel.scenes.schema.Scene`.

    Returns
    -------
    list of (path, text)
        One for each path.
    """
    found: dict[Path, str] = {}
    for details in error.errors(include_url=False):
        path, text = _translate(details)
        found.setdefault(path, text)
    return list(found.items())


def _translate(details: ErrorDetails) -> Problem:
    location = details["loc"]
    path = tuple(part for index, part in enumerate(location) if not _is_tag(location, index))
    kind = details["type"]
    context: Mapping[str, Any] = details.get("ctx", {})
    value: object = details["input"]
    if kind == "scene":
        return (*path, *context["path"]), str(context["message"])
    if kind == "extra_forbidden":
        return path, _unknown_key(location)
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        if isinstance(value, dict):
            chosen = cast("dict[str, object]", value).get("kind")
            kinds = PANEL_SPECS if path[:1] == ("panels",) else DATA_KINDS
            return (*path, "kind"), one_of(chosen, kinds)
        return path, f"must be a table, got {describe(value)}"
    if kind == "tuple_type" and path[-1:] and path[-1] in _ARRAYS_OF_TABLES:
        name = path[-1]
        return path, f"must be an array of tables, [[{name}]], got {_one_table(value, str(name))}"
    words = _WORDS.get(kind)
    if words is None:
        # a kind of error that nobody thought of must still read like the others
        return path, f"is not allowed here, got {describe(value)}"
    return path, words(context, value)


def _one_table(value: object, name: str) -> str:
    return f"one table, [{name}]" if isinstance(value, dict) else describe(value)


def _unknown_key(location: tuple[int | str, ...]) -> str:
    key = location[-1]
    known = list(_spec_at(location[:-1]).model_fields)
    return f"unknown key{did_you_mean(key, known)} (allowed: {', '.join(known)})"


def _spec_at(location: tuple[int | str, ...]) -> type[BaseModel]:
    """Follow a location through the schema to the table it names."""
    spec: type[BaseModel] = Scene
    for index, part in enumerate(location):
        if _is_tag(location, index):
            spec = _TAGGED[location[0]][1][str(part)[1:-1]]
        elif isinstance(part, str) and part in spec.model_fields:
            spec = _table_in(spec.model_fields[part].annotation) or spec
    return spec


def _table_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _table_in(argument)
        if found:
            return found
    return None


def _is_tag(location: tuple[int | str, ...], index: int) -> bool:
    """Tell a kind of data or panel, which pydantic puts after where it stands, from a key."""
    place, kinds = _TAGGED.get(location[0], (0, {}))
    part = location[index]
    return index == place > 0 and isinstance(part, str) and part[0] == "<" and part[1:-1] in kinds


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)


def _wanted(what: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda context, value: f"must be {what}, got {describe(value)}"


def _compared(sign: str, key: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda context, value: f"must be {sign} {_number(context[key])}, got {describe(value)}"


def _entries(bound: str, key: str) -> Callable[[Mapping[str, Any], object], str]:
    def words(context: Mapping[str, Any], value: object) -> str:
        limit = context[key]
        noun = "entry" if limit == 1 else "entries"
        return f"must have at {bound} {limit} {noun}, got {describe(value)}"

    return words


def _characters(bound: str, key: str) -> Callable[[Mapping[str, Any], object], str]:
    def words(context: Mapping[str, Any], value: object) -> str:
        limit = context[key]
        noun = "character" if limit == 1 else "characters"
        came = f"{len(value)}" if isinstance(value, str) and value else describe(value)
        return f"must have at {bound} {limit} {noun}, got {came}"

    return words


_WORDS: Mapping[str, Callable[[Mapping[str, Any], object], str]] = {
    "missing": lambda context, value: "must be given",
    "string_type": _wanted("text in quotes"),
    "int_type": _wanted("a whole number"),
    "float_type": _wanted("a number"),
    "bool_type": _wanted("true or false"),
    "finite_number": _wanted("a finite number"),
    "model_type": _wanted("a table"),
    "dict_type": _wanted("a table"),
    "tuple_type": _wanted("an array"),
    "greater_than_equal": _compared("≥", "ge"),
    "greater_than": _compared(">", "gt"),
    "less_than_equal": _compared("≤", "le"),
    "less_than": _compared("<", "lt"),
    "too_short": _entries("least", "min_length"),
    "too_long": _entries("most", "max_length"),
    "string_too_short": _characters("least", "min_length"),
    "string_too_long": _characters("most", "max_length"),
}
