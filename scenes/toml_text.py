"""From a document to TOML, so that a variant of a sweep can be read, copied and made again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isinf, isnan
from typing import Any, cast

__all__ = ["to_toml"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def to_toml(document: Mapping[str, Any]) -> str:
    """Write a document of tables, arrays, texts, numbers and booleans.

    Tables of the document become ``[tables]``; what is deeper stands on one line.

    Parameters
    ----------
    document : mapping

    Returns
    -------
    str
        :func:`tomllib.loads` gives an equal document.

    Raises
    ------
    TypeError
        For a value of any other kind.
    """
    lines: list[str] = []
    for name, value in document.items():
        if not _tables(value):
            lines.append(f"{_key(name)} = {_value(value)}")
    for name, value in document.items():
        tables = _tables(value)
        head = f"[{_key(name)}]" if isinstance(value, Mapping) else f"[[{_key(name)}]]"
        for table in tables:
            lines += ["", head]
            lines += [f"{_key(key)} = {_value(entry)}" for key, entry in table.items()]
    return "\n".join(lines).lstrip("\n") + "\n"


def _tables(value: Any) -> Sequence[Mapping[str, Any]]:
    """Give the table, or the array of tables, that a value is; nothing for any other."""
    if isinstance(value, Mapping):
        return [cast("Mapping[str, Any]", value)]
    if isinstance(value, (list, tuple)):
        entries = cast("Sequence[Any]", value)
        if all(isinstance(entry, Mapping) for entry in entries):
            return entries
    return []


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if isnan(value):
            return "nan"
        return ("-inf" if value < 0 else "inf") if isinf(value) else repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, cast("Sequence[Any]", value))) + "]"
    if isinstance(value, Mapping):
        table = cast("Mapping[str, Any]", value)
        entries = (f"{_key(key)} = {_value(entry)}" for key, entry in table.items())
        inside = ", ".join(entries)
        return f"{{ {inside} }}" if inside else "{}"
    raise TypeError(f"TOML here has no {type(value).__name__}")


def _text(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(char) or _escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    # also signs that turn the reading direction, which would make the text look like another
    return char if char.isprintable() else f"\\U{ord(char):08x}"
