"""Lengths of files as people write them: ``"5 MB"``."""

from __future__ import annotations

import re

from epochreel.scenes import limits

__all__ = ["parse_length", "refuse_length", "shown_length"]

_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_PATTERN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([kMG]B|[KMG]iB)")


def refuse_length(text: str, *, bounded: bool = True) -> str | None:
    """Say what a length must look like, without what came, or nothing.

    One that isn't `bounded` may be of more than a single file.
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        return f'must be a number and one of {", ".join(_UNITS)}, such as "5 MB"'
    if bounded and not limits.MIN_FILE_BYTES <= parse_length(text) <= limits.MAX_FILE_BYTES:
        return "must be from 1 kB to 4 GB"
    return None


def parse_length(text: str) -> int:
    """Turn a length that isn't refused into bytes."""
    number, unit = _PATTERN.sub(r"\1 \2", text).split()
    return int(float(number) * _UNITS[unit])


def shown_length(number: int) -> str:
    """Write a length for people: ``"1.5 GB"``."""
    for unit in ("GB", "MB"):
        if number >= _UNITS[unit]:
            return f"{number / _UNITS[unit]:.1f} {unit}"
    return f"{number / 1e3:.1f} kB"
