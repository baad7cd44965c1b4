"""Files that are written whole, and known again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from epochreel.nn.errors import OutputError
from epochreel.render.writers.atomic import sync
from epochreel.scenes.scratch import Scratch

__all__ = ["Fingerprint", "write_atomically"]


class Fingerprint(BaseModel):
    """By what a file is known again.

    Attributes
    ----------
    bytes : int
        Length of the file, or of a folder's files in all, linked ones counted once.
    mtime_ns : int
        When it was last written to, the latest of a folder and its files.
    sha256 : str
        Of the contents, in hexadecimal; of a folder's, of the names and digests of its files.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    bytes: int
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at a file, or a folder of frames, and read all of it.

        Raises
        ------
        OSError
            When it isn't there or can't be read.
        """
        length, mtime_ns = _length_and_time(path)
        return cls(bytes=length, mtime_ns=mtime_ns, sha256=_digest(path))

    def matches(self, path: Path) -> bool:
        """Tell whether a file is still the same; read it only when its time has changed."""
        try:
            length, mtime_ns = _length_and_time(path)
            if length != self.bytes:
                return False
            return mtime_ns == self.mtime_ns or _digest(path) == self.sha256
        except OSError:
            return False


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is there whole or, whatever happens, as it was.

    Raises
    ------
    OutputError
        When it can't be written.
    """
    try:
        # a hidden folder as films have, so that what a killed process leaves goes in the same way
        room = Scratch(path.parent)
        try:
            partial = room.path / path.name
            partial.write_bytes(content)
            sync(partial)
            os.replace(partial, path)
            with suppress(OSError):  # not all file systems can
                sync(path.parent)
        finally:
            room.remove()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"{path}: can't be written: {reason}") from error


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(path.iterdir())
    else:
        yield path


def _length_and_time(path: Path) -> tuple[int, int]:
    status = path.stat()
    if not path.is_dir():
        return status.st_size, status.st_mtime_ns
    latest, lengths = status.st_mtime_ns, dict[tuple[int, int], int]()
    for file in _files(path):
        status = file.stat()
        latest = max(latest, status.st_mtime_ns)
        lengths[status.st_dev, status.st_ino] = status.st_size
    return sum(lengths.values()), latest


def _digest(path: Path) -> str:
    if not path.is_dir():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    whole = hashlib.sha256()
    known: dict[tuple[int, int], str] = {}
    for file in _files(path):
        status = file.stat()
        place = (status.st_dev, status.st_ino)
        # frames that are held are links to one file
        if place not in known:
            known[place] = _digest(file)
        whole.update(f"{file.name}\0{known[place]}\n".encode())
    return whole.hexdigest()
