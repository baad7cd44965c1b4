"""The one exception tree. Whatever a user can put right is an :class:`EpochreelError`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from math import inf, isfinite
from operator import index
from typing import SupportsFloat, SupportsIndex, TypeVar, cast

__all__ = [
    "Cancelled",
    "EpochreelError",
    "InvalidInputError",
    "MissingPackageError",
    "OutputError",
    "RecordingError",
    "RenderError",
    "SceneError",
    "look_up",
    "real_number",
    "unknown_name",
    "whole_number",
]

T = TypeVar("T")


class EpochreelError(Exception):
    """Root of all errors of this project; its text is one line, ready for a user."""


class InvalidInputError(EpochreelError, ValueError):
    """An argument or some data that can't be used: ``data.noise: must be ≥ 0, got -1``."""


class RecordingError(EpochreelError):
    """A recording that can't be read or used."""


class MissingPackageError(EpochreelError, ImportError):
    """An optional package that isn't installed; the text is the line that installs it."""


class RenderError(EpochreelError):
    """A film that can't be drawn."""


class OutputError(EpochreelError):
    """A file that can't be written."""


class SceneError(EpochreelError):
    """Everything that is wrong with some scene files.

    Parameters
    ----------
    *problems : str
        One line each.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems: tuple[str, ...] = problems

    def __str__(self) -> str:
        """All problems, one a line."""
        return "\n".join(self.problems)


class Cancelled(EpochreelError):  # noqa: N818 -- nothing went wrong
    """The user stopped the work."""


def unknown_name(argument: str, name: object, known: Iterable[str]) -> InvalidInputError:
    """Build the error for a name that isn't in a table.

    Parameters
    ----------
    argument : str
        What the name was given for.
    name : object
        What came.
    known : iterable of str
        What is allowed.

    Returns
    -------
    InvalidInputError
        Names all that is allowed, and the nearest of it where one is near.
    """
    allowed = list(known)
    near = get_close_matches(name, allowed, n=1) if isinstance(name, str) else []
    hint = f"; did you mean {near[0]!r}?" if near else ""
    listing = ", ".join(map(repr, allowed))
    return InvalidInputError(f"{argument}: must be one of {listing}, got {name!r}{hint}")


def look_up(argument: str, name: object, table: Mapping[str, T]) -> T:
    """Find what a name stands for in a table.

    Parameters
    ----------
    argument : str
        What the name was given for.
    name : object
        What came.
    table : mapping

    Returns
    -------
    object
        The table's entry.

    Raises
    ------
    InvalidInputError
        As :func:`unknown_name` builds it.
    """
    if not isinstance(name, str) or name not in table:
        raise unknown_name(argument, name, table)
    return table[name]


def whole_number(argument: str, value: object, minimum: int = 1) -> int:
    """Check a count.

    Parameters
    ----------
    argument : str
        What the number was given for.
    value : object
        What came: a Python or NumPy integer, but no bool.
    minimum : int

    Returns
    -------
    int

    Raises
    ------
    InvalidInputError
    """
    try:
        number = index(cast("SupportsIndex", value))
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < minimum:
        raise InvalidInputError(f"{argument}: must be a whole number ≥ {minimum}, got {value!r}")
    return number


def real_number(
    argument: str,
    value: object,
    *,
    at_least: float = 0,
    above: float | None = None,
    at_most: float = inf,
    below: float = inf,
) -> float:
    """Check a number that needn't be whole; it must be finite.

    Parameters
    ----------
    argument : str
        What the number was given for.
    value : object
        What came: a Python or NumPy number, but no bool.
    at_least, above, at_most, below : float
        What it must be; ``above`` replaces ``at_least``.

    Returns
    -------
    float

    Raises
    ------
    InvalidInputError
    """
    try:
        number = float(cast("SupportsFloat", value))
    except (TypeError, ValueError, OverflowError):
        number = inf
    if isinstance(value, (bool, str)):
        number = inf
    rules: list[str] = []
    right = isfinite(number) and number <= at_most and number < below
    if above is not None:
        rules.append(f"> {above:g}")
        right = right and number > above
    else:
        rules.append(f"≥ {at_least:g}")
        right = right and number >= at_least
    if at_most < inf:
        rules.append(f"≤ {at_most:g}")
    if below < inf:
        rules.append(f"< {below:g}")
    if not right:
        allowed = " and ".join(rules if at_most < inf or below < inf else ["finite", *rules])
        came = f"{value:g}" if isinstance(value, float) else repr(value)
        raise InvalidInputError(f"{argument}: must be {allowed}, got {came}")
    return number
