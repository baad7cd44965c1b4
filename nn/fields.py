"""Entries of a JSON header, each taken as what it must be, since anybody may have written it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from epochreel.nn.errors import RecordingError

__all__ = ["Fields"]


class Fields:
    """An object of a header.

    Parameters
    ----------
    found : object
        What JSON gave.
    where : str
        Its place in the header, for messages: ``"dataset"``; empty at the top.

    Raises
    ------
    RecordingError
        Here if it isn't an object; by all methods if an entry is missing or of another type.
    """

    def __init__(self, found: object, where: str = "") -> None:
        self.where = where
        if not isinstance(found, dict):
            raise _wrong(where or "it", "an object", found)
        self._found = cast("Mapping[str, object]", found)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._found)

    def text(self, key: str) -> str:
        """Take text."""
        value = self._take(key)
        if not isinstance(value, str):
            raise _wrong(self.name(key), "text", value)
        return value

    def text_or_none(self, key: str) -> str | None:
        """Take text, or null."""
        return None if self._take(key) is None else self.text(key)

    def whole(self, key: str) -> int:
        """Take a whole number."""
        return _whole(self.name(key), self._take(key))

    def number(self, key: str) -> float:
        """Take a number."""
        value = self._take(key)
        # bool is a kind of int in Python, but true is no number in JSON
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError:
                pass
        raise _wrong(self.name(key), "a number", value)

    def number_or_none(self, key: str) -> float | None:
        """Take a number, or null."""
        return None if self._take(key) is None else self.number(key)

    def fields(self, key: str) -> Fields:
        """Take an object."""
        return Fields(self._take(key), self.name(key))

    def each(self, key: str) -> list[Fields]:
        """Take a list of objects."""
        return [Fields(value, self.name(key)) for value in self._list(key)]

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of text."""
        found: list[str] = []
        for value in self._list(key):
            if not isinstance(value, str):
                raise _wrong(self.name(key), "a list of text", value)
            found.append(value)
        return tuple(found)

    def wholes(self, key: str) -> tuple[int, ...]:
        """Take a list of whole numbers."""
        return tuple(_whole(self.name(key), value) for value in self._list(key))

    def text_or_whole(self, key: str) -> str | int:
        """Take text or a whole number."""
        value = self._take(key)
        return value if isinstance(value, str) else _whole(self.name(key), value)

    def name(self, key: str) -> str:
        """Say where an entry stands."""
        shown = key if key.isidentifier() else f"{key!r:.60}"
        return f"{self.where}.{shown}" if self.where else shown

    def _take(self, key: str) -> object:
        if key not in self._found:
            raise RecordingError(f"is damaged: {self.name(key)} is missing in its header")
        return self._found[key]

    def _list(self, key: str) -> list[object]:
        value = self._take(key)
        if not isinstance(value, list):
            raise _wrong(self.name(key), "a list", value)
        return cast("list[object]", value)


def _whole(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(name, "a whole number", value)
    return value


def _wrong(name: str, expected: str, value: object) -> RecordingError:
    # not shown whole: it might nest too deep
    came = "an object or a list" if isinstance(value, (dict, list)) else f"{value!r:.60}"
    return RecordingError(f"is damaged: {name} in its header must be {expected}, got {came}")
