"""What GIF, WebP and APNG have in common: pictures laid over each other, each for its time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, ClassVar

from epochreel.render.writers import FilmSource
from epochreel.render.writers.pieces import Piece, PieceWriter

__all__ = ["AnimationWriter"]


class AnimationWriter(PieceWriter):
    """Base of animations: subclasses write a header, pictures and an end.

    A piece is a picture; it is stored when the next one tells how long it is shown.

    Parameters
    ----------
    path : Path
    film : FilmSource

    Attributes
    ----------
    shortest, longest : int
        How long a picture may be shown, in the format's unit of time. What is shown for longer is
        followed by pictures that change nothing.
    """

    shortest: ClassVar[int] = 1
    longest: ClassVar[int]

    def __init__(self, path: Path, film: FilmSource) -> None:
        super().__init__(path, film)
        self._file: BinaryIO | None = None
        self._waiting: Piece | None = None

    def time(self, frames: int) -> int:
        """Tell when a frame starts after so many others, in the format's unit of time."""
        raise NotImplementedError

    def add(self, piece: Piece) -> None:
        """Store the picture before this one."""
        self._store_waiting(piece.time)
        self._waiting = piece

    def _begin(self, file: BinaryIO) -> None:
        raise NotImplementedError

    def _store(self, file: BinaryIO, picture: bytes, duration: int) -> None:
        """Write one picture, the data of a piece."""
        raise NotImplementedError

    def _nothing(self) -> bytes:
        """Make a picture that changes nothing, the smallest there is."""
        raise NotImplementedError

    def _end(self, file: BinaryIO) -> None:
        raise NotImplementedError

    def _open(self) -> None:
        self._file = open(self.partial, "wb")  # noqa: SIM115 - closed in _close or _abandon
        self._begin(self._file)

    def _close(self) -> None:
        if self._file is None:
            raise RuntimeError("closed before it was opened")
        self._add_rest()
        if self._waiting is not None:
            self._store_waiting(max(self.time(self.count), self._waiting.time + self.shortest))
        self._end(self._file)
        self._file.close()
        self._file = None

    def _abandon(self) -> None:
        if self._file is not None:
            # what is still in its buffer fails again on a full disk; the first error is the one
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _store_waiting(self, until: int) -> None:
        if self._file is None:
            raise RuntimeError("add() outside of the with block")
        if self._waiting is None:
            return
        picture, duration = self._waiting.data, until - self._waiting.time
        # of one length, so that none is too short
        count = max(1, -(-duration // self.longest))
        for index in range(count):
            share = duration * (index + 1) // count - duration * index // count
            self._store(self._file, picture, share)
            picture = self._nothing()
