"""Words about what is wrong with a scene: what is allowed, what came, what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any, cast

__all__ = [
    "Path",
    "count",
    "describe",
    "did_you_mean",
    "dotted",
    "nearest",
    "one_of",
    "printable",
    "quoted",
]

Path = tuple[str | int, ...]
"""Where in a document something is: keys of tables and indices of arrays."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = 60


def printable(text: str) -> str:
    """Escape what would break a line or drive a terminal: controls, separators, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def quoted(text: str) -> str:
    """Put a text into quotes, on one line, shortened when it is long."""
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "'" + printable(shown) + "'"


def describe(value: object) -> str:
    """Say what came, as somebody who wrote a TOML file would name it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        # an int of thousands of digits is legal TOML; Python refuses to print one
        return str(value) if abs(value) < 10**30 else "a number of more than 30 digits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        length = len(cast("Sequence[Any]", value))
        return f"an array of {length}" if length else "an empty array"
    if isinstance(value, (date, datetime, time)):
        return "a date or time"
    return "nothing" if value is None else "something else"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun: ``1 frame``, ``10 000 frames``."""
    word = noun if number == 1 else (plural or noun + "s")
    digits = f"{number:,}".replace(",", " ") if number >= 10_000 else str(number)
    return f"{digits} {word}"


def dotted(path: Path) -> str:
    """Write a path as ``models[0].optimizer.learning_rate``; indices count from 0."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        else:
            key = part if _BARE_KEY.fullmatch(part) and len(part) <= _SHOWN else quoted(part)
            parts.append(f".{key}" if parts else key)
    return "".join(parts)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that was probably meant."""
    candidates = list(known)
    by_folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    found = get_close_matches(word[:200].casefold(), by_folded, n=1, cutoff=0.5)
    return by_folded[found[0]] if found else None


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Give ``; did you mean 'x'?``, or nothing."""
    near = nearest(word, known) if isinstance(word, str) else None
    return "" if near is None or near == word else f"; did you mean {quoted(near)}?"


def one_of(value: object, known: Iterable[str]) -> str:
    """Say which names are allowed, what came and what was probably meant."""
    names = list(known)
    allowed = ", ".join(quoted(name) for name in names)
    lead = f"must be one of {allowed}" if len(names) > 1 else f"must be {allowed}"
    return f"{lead}, got {describe(value)}{did_you_mean(value, names)}"
