"""Find the line on which each key of a TOML text stands.

``tomllib`` says what a document holds, not where. This scanner walks the same text once more and
notes lines; it relies on the text being valid TOML, and gives up quietly (fewer lines, never a
wrong exception) where it is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

from epochreel.scenes.messages import Path

__all__ = ["line_of", "locate_keys"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(
    r"[^\s,\]}#]+(?:[ ][0-9][0-9:.+\-Zz]*)?"
)  # a date and a time may be parted by a space
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)


def locate_keys(text: str) -> dict[Path, int]:
    """Map every table, key and array entry to its line.

    Parameters
    ----------
    text : str
        A TOML document.

    Returns
    -------
    dict
        Line numbers from 1, by path of keys and indices, such as ``("models", 0, "layers", 2)``.
    """
    scanner = _Scanner(text)
    with suppress(_LostError, RecursionError):
        scanner.scan()
    return scanner.lines


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """Look up a path's line, or that of the nearest table or array around it.

    Parameters
    ----------
    lines : mapping
        What :func:`locate_keys` gave.
    path : tuple of str or int

    Returns
    -------
    int or None
        ``None`` when not even its outermost table is known.
    """
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


class _LostError(Exception):
    """The text is not what a valid document would have here."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self._counted_to = 0
        self._line = 1
        self._array_lengths: dict[Path, int] = {}

    def scan(self) -> None:
        table: Path = ()
        while True:
            self._skip(_BLANK_LINES)
            if self.at >= len(self.text):
                return
            if self._peek() == "[":
                table = self._header()
            else:
                self._key_value(table)

    def _header(self) -> Path:
        line = self._here()
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        keys = self._keys()
        self._expect("]]" if is_array else "]")
        path = self._resolve(keys[:-1]) + (keys[-1],)
        if is_array:
            index = self._array_lengths.get(path, 0)
            self._array_lengths[path] = index + 1
            path += (index,)
        else:
            path = self._resolve(keys)
        for length in range(1, len(path) + 1):
            self._note(path[:length], line)
        return path

    def _resolve(self, keys: list[str]) -> Path:
        """Follow keys from the root; an array of tables stands for its last entry."""
        path: Path = ()
        for key in keys:
            path += (key,)
            if path in self._array_lengths:
                path += (self._array_lengths[path] - 1,)
        return path

    def _key_value(self, table: Path) -> None:
        self._skip(_BLANK)
        line = self._here()
        path = table
        for key in self._keys():
            path += (key,)
            self._note(path, line)
        self._expect("=")
        self._value(path)

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self._peek() == ".":
            self.at += 1
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._skip(_BLANK)
        if self._peek() in {'"', "'"}:
            key = self._string()
        else:
            found = _BARE.match(self.text, self.at)
            if found is None:
                raise _LostError
            key = found.group()
            self.at = found.end()
        self._skip(_BLANK)
        return key

    def _value(self, path: Path) -> None:
        self._skip(_BLANK)
        opening = self._peek()
        if opening in {'"', "'"}:
            self._string()
        elif opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            found = _SCALAR.match(self.text, self.at)
            if found is None:
                raise _LostError
            self.at = found.end()

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_BLANK_LINES)
            if self._take("]"):
                return
            entry = (*path, index)
            self._note(entry, self._here())
            self._value(entry)
            index += 1
            self._skip(_BLANK_LINES)
            if not self._take(","):
                self._expect("]")
                return

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while True:
            # TOML 1.1 allows line breaks in here, 1.0 doesn't: taking them costs nothing
            self._skip(_BLANK_LINES)
            if self._take("}"):
                return
            self._key_value(path)
            self._skip(_BLANK_LINES)
            if not self._take(","):
                self._expect("}")
                return

    def _string(self) -> str:
        quote = self._peek()
        if self.text.startswith(quote * 3, self.at):
            return self._long_string(quote * 3)
        start = self.at + 1
        end = start
        while True:
            char = self.text[end : end + 1]
            if char in {"", "\n"}:
                raise _LostError
            if char == quote:
                break
            end += 2 if char == "\\" and quote == '"' else 1
        self.at = end + 1
        content = self.text[start:end]
        return _ESCAPE.sub(_unescape, content) if quote == '"' else content

    def _long_string(self, quotes: str) -> str:
        """Skip a multi-line string; keys can't be one, so its content does not matter."""
        end = self.at + 3
        while not self.text.startswith(quotes, end):
            if end >= len(self.text):
                raise _LostError
            end += 2 if self.text[end] == "\\" and quotes[0] == '"' else 1
        end += 3
        # up to two quotes may stand right before the closing three
        while end < len(self.text) and self.text[end] == quotes[0]:
            end += 1
        self.at = end
        return ""

    def _note(self, path: Path, line: int) -> None:
        # the first mention of a table is where a reader looks for it
        self.lines.setdefault(path, line)

    def _here(self) -> int:
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def _expect(self, token: str) -> None:
        self._skip(_BLANK)
        if not self._take(token):
            raise _LostError

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()


def _unescape(escape: re.Match[str]) -> str:
    code = escape.group(1) or escape.group(2)
    if code:
        return chr(int(code, 16))
    return _ESCAPES.get(escape.group(3), escape.group(3))
