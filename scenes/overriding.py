"""Keys of a scene that are set from outside of its file: by ``--set``, or by a sweep."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from epochreel.nn.errors import InvalidInputError, SceneError
from epochreel.scenes.messages import Path, count, describe, dotted, quoted

__all__ = ["Setting", "parse_key", "parse_setting", "set_value", "settings_of"]

_PART = re.compile(r"([A-Za-z0-9_-]+)((?:\[[0-9]{1,6}\])*)")
_LOOKS_LIKE_TOML = tuple("\"'[{")


@dataclass(frozen=True)
class Setting:
    """A key, and the value that it gets in place of its own."""

    path: Path
    value: Any


def parse_setting(text: str) -> Setting:
    """Read what follows ``--set``: ``timeline.fps=25``.

    Parameters
    ----------
    text : str
        A key and a value, as TOML has it; words may go without their quotes.

    Returns
    -------
    Setting

    Raises
    ------
    InvalidInputError
        When it isn't of that form.
    """
    key, sign, value = text.partition("=")
    if not sign:
        raise InvalidInputError(
            f"--set: must be KEY=VALUE such as timeline.fps=25, got {quoted(text)}"
        )
    try:
        return Setting(parse_key(key.strip()), _value(value.strip()))
    except InvalidInputError as error:
        raise InvalidInputError(f"--set {text}: {error}") from None


def parse_key(text: str) -> Path:
    """Read a key such as ``models[0].optimizer.learning_rate``, or ``models.0.seed``.

    Raises
    ------
    InvalidInputError
        When it isn't one.
    """
    path: list[str | int] = []
    for part in text.split("."):
        found = _PART.fullmatch(part)
        if found is None or (not path and found.group(1).isdigit()):
            raise InvalidInputError(
                f"must be a key such as 'models[0].optimizer.learning_rate', got {quoted(text)}"
            )
        name = found.group(1)
        path.append(int(name) if name.isdigit() and len(name) < 7 else name)
        path += [int(index) for index in re.findall(r"[0-9]+", found.group(2))]
    return tuple(path)


def set_value(document: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Give a document with one key set; what it has on the way there is copied.

    Parameters
    ----------
    document : mapping
        Parsed TOML. Tables that are missing are added, and so is an array's first table.
    path : tuple of str or int
    value : object

    Returns
    -------
    dict

    Raises
    ------
    InvalidInputError
        When the path leads through what is no table, or past an array's end.
    """
    return cast("dict[str, Any]", _set(document, path, 0, value))


def _set(here: object, path: Path, depth: int, value: Any) -> object:
    if depth == len(path):
        return value
    part = path[depth]
    if isinstance(part, int):
        entries: list[Any] = []
        if here is not None:
            if not isinstance(here, list):
                raise _not_a("an array", path[:depth], here)
            entries = list(cast("list[Any]", here))
        if part >= max(1, len(entries)):
            raise InvalidInputError(
                f"{dotted(path[:depth])} has only {count(len(entries), 'entry', 'entries')}; "
                "the first is 0"
            )
        before = entries[part] if part < len(entries) else None
        entries[part : part + 1] = [_set(before, path, depth + 1, value)]
        return entries
    if here is not None and not isinstance(here, Mapping):
        raise _not_a("a table", path[:depth], here)
    table = dict(cast("Mapping[str, Any]", here or {}))
    table[part] = _set(table.get(part), path, depth + 1, value)
    return table


def _not_a(what: str, path: Path, here: object) -> InvalidInputError:
    return InvalidInputError(f"{dotted(path)} isn't {what}, it is {describe(here)}")


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        if text.startswith(_LOOKS_LIKE_TOML):
            raise InvalidInputError(f"must be a TOML value, got {quoted(text)}") from None
        return text
    return parsed["value"] if len(parsed) == 1 else text


def settings_of(texts: Sequence[str]) -> tuple[Setting, ...]:
    """Read all that ``--set`` was given, in its order.

    Raises
    ------
    SceneError
        With a line for each that can't be read.
    """
    settings: list[Setting] = []
    problems: list[str] = []
    for text in texts:
        try:
            settings.append(parse_setting(text))
        except InvalidInputError as error:
            problems.append(str(error))
    if problems:
        raise SceneError(*dict.fromkeys(problems))
    return tuple(settings)
