"""Folders of frames: which are Epochreel's own, and how a finished one takes an old one's place."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path, PurePath

from epochreel.render.writers import format_of

__all__ = ["FRAME_NAME", "MARK", "is_folder", "refuse_folder", "replace_folder"]

FRAME_NAME = re.compile(r"[0-9]{5,}\.png")

MARK = ("Software", "Epochreel")
"""Keyword and text that each frame's file has; by it, it is known as Epochreel's."""

_MARK_BYTES = b"tEXt" + "\0".join(MARK).encode("latin-1")
_HEAD_BYTES = 96
"""The mark stands right behind PNG's signature and IHDR."""


def is_folder(path: PurePath) -> bool:
    """Tell whether an output of this name is a folder of frames."""
    return format_of(path) == "/"


def refuse_folder(path: Path) -> str | None:
    """Say why a folder of frames can't be put at a place, or nothing.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str or None
        What is there that mustn't be replaced.

    Raises
    ------
    OSError
        When what is there can't be read.
    """
    if path.is_symlink():
        return "there is a link of this name"
    if not path.exists():
        return None
    if not path.is_dir():
        return "there is a file of this name"
    with os.scandir(path) as entries:
        for entry in entries:
            if not _is_ours(entry):
                return f"this folder holds {entry.name!r}, which Epochreel didn't make"
    return None


def replace_folder(new: Path, target: Path) -> None:
    """Put a finished folder of frames into its place; an older one goes only then.

    Parameters
    ----------
    new : Path
        On the same file system as `target`; it is moved.
    target : Path

    Raises
    ------
    OSError
        When `target` is there and mustn't be replaced, or can't be; it stays as it was.
    """
    if not target.exists():
        os.rename(new, target)
        return
    # no system replaces a folder that isn't empty in one step, so the old one steps aside
    room = Path(tempfile.mkdtemp(prefix=".epochreel-", dir=new.parent))
    aside = room / target.name
    try:
        os.rename(target, aside)
        try:
            # looked at again, since somebody may have put a file there while the film was made
            reason = refuse_folder(aside)
            if reason:
                raise OSError(0, reason)
            os.rename(new, target)
        except BaseException:
            os.rename(aside, target)
            raise
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    if not (FRAME_NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)):
        return False
    with open(entry.path, "rb") as file:
        return _MARK_BYTES in file.read(_HEAD_BYTES)
