"""Which names a scene may give its files: none that leaves the output folder, on any system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from pathlib import PurePath

from epochreel.render.writers import format_of
from epochreel.scenes import limits
from epochreel.scenes.messages import describe, did_you_mean, quoted

__all__ = ["collision_key", "refuse_file_name", "shown_path"]

_FORBIDDEN = set('<>:"|?*\\')
# Device names of Windows, with any suffix; superscript digits count as digits there.
# Source: learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE)

_OWN = (".json", ".html", ".poster.png")
"""Sidecars, the manifest and the gallery, and posters: a film must not take a name of theirs."""


def refuse_file_name(name: str, suffixes: Collection[str]) -> str | None:
    """Say why an output can't have this name, or nothing.

    Parameters
    ----------
    name : str
        A path under the output folder, parts joined by ``/``.
    suffixes : collection of str
        Known suffixes, with their dot; a ``/`` among them allows a folder, whose name ends in it.

    Returns
    -------
    str or None
        What is allowed and what came, without the key.
    """
    got = f", got {describe(name)}"
    if len(name.encode("utf-8", "replace")) > limits.MAX_FILE_NAME:
        return f"must be at most {limits.MAX_FILE_NAME} bytes long{got}"
    if not name.isprintable():
        return f"must not hold control characters{got}"
    if name.startswith("/"):
        return f"must stay in the output folder, so it can't start with '/'{got}"
    found = sorted(_FORBIDDEN & set(name))
    if found:
        return f"must not hold {' '.join(found)} (folders are parted by '/'){got}"
    folder = "/" in suffixes and name.endswith("/")
    parts = name.removesuffix("/" if folder else "").split("/")
    for part in parts:
        reason = _refuse_part(part)
        if reason:
            return reason + got
    if parts[-1].lower().endswith(_OWN):
        return f"must not end in {' or '.join(_OWN)}, as files about films do{got}"
    if folder:
        # so that it can't be taken for a file, and a file with a slash too many not for a folder
        return f"must not hold a dot before its last '/'{got}" if "." in name else None
    return _refuse_suffix(name, suffixes)


def collision_key(name: str) -> str:
    """Fold a name so that two that one file system takes for the same are equal."""
    name = name.removesuffix("/")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def shown_path(path: PurePath) -> str:
    """Write an output's path; that of a folder ends in a slash."""
    return f"{path}/" if format_of(path) == "/" else str(path)


def _refuse_part(part: str) -> str | None:
    if not part:
        return "must not be empty or hold an empty folder name"
    if part == "..":
        return "must stay in the output folder, so it can't hold '..'"
    if part.startswith("."):
        return "must not be hidden (start with a dot)"
    if part != part.strip() or part.endswith("."):
        return "must not start or end with a space, or end with a dot"
    if _RESERVED.fullmatch(part.split(".")[0].rstrip()):
        return f"must not use {quoted(part.split('.')[0])}, a device name on Windows"
    return None


def _refuse_suffix(name: str, suffixes: Collection[str]) -> str | None:
    base = name.rsplit("/", 1)[-1]
    stem, dot, suffix = base.rpartition(".")
    if dot and stem and dot + suffix.lower() in suffixes:
        return None
    hint = did_you_mean(dot + suffix.lower(), suffixes) if dot else ""
    return f"must end in {' or '.join(suffixes)}, got {describe(name)}{hint}"
