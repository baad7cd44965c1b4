"""Files made of pieces that are encoded apart: frames → pieces → one container.

An encoder turns the frames of a stretch into pieces, and a container takes pieces in their order.
So several processes can each encode a stretch of a film, and the file they make is, byte for byte,
the one that a single process makes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from epochreel.nn.errors import OutputError
from epochreel.render.memory import give_back
from epochreel.render.writers import FilmSource
from epochreel.render.writers.atomic import AtomicWriter

__all__ = ["Encoder", "Piece", "PieceWriter", "load_pieces", "store_pieces"]

_HEAD = struct.Struct("<qq?I")


class Piece(NamedTuple):
    """What a container stores as one: a packet of a video, a picture of a GIF.

    Attributes
    ----------
    data : bytes
    time, order : int
        When it is shown, and decoded, in the container's own unit of time.
    key : bool
        Whether decoding can begin there.
    """

    data: bytes
    time: int
    order: int = 0
    key: bool = True


class Encoder(Protocol):
    """Turns frames into pieces."""

    def encode(self, frame: npt.NDArray[np.uint8], repeats: int) -> Iterable[Piece]:
        """Take a frame as :meth:`Writer.write` does; give the pieces that are ready."""
        ...

    def finish(self) -> Iterable[Piece]:
        """Give the pieces that are left."""
        ...


class PieceWriter(AtomicWriter):
    """Base of writers of pieces: subclasses fill in ``encoder``, ``add``, and the file's own.

    Parameters
    ----------
    path : Path
        The finished file.
    film : FilmSource

    Attributes
    ----------
    cut : int
        Films may be cut at frames that are a multiple of this; 0 where they can't be.
    restarts : bool
        Whether there an encoder begins anew, also when one process encodes all of it.
    count : int
        Frames that have been written.
    """

    restarts = False

    def __init__(self, path: Path, film: FilmSource) -> None:
        super().__init__(path)
        self.film = film
        self.cut = cut_every(film)
        self.count = 0
        self._encoder: Encoder | None = None
        self._before: npt.NDArray[np.uint8] | None = None

    def encoder(self, start: int, before: npt.NDArray[np.uint8] | None = None) -> Encoder:
        """Make an encoder of the frames from number `start` on.

        Parameters
        ----------
        start : int
        before : ndarray of uint8, shape (height, width, 4), optional
            The frame before the first one; none at the film's beginning.
        """
        raise NotImplementedError

    def add(self, piece: Piece) -> None:
        """Store a piece behind the others."""
        raise NotImplementedError

    def pieces(self, frame: npt.NDArray[np.uint8], repeats: int) -> Iterator[Piece]:
        """Encode a frame, and give the pieces that are ready; the file isn't touched."""
        while repeats:
            room = self.cut - self.count % self.cut if self.restarts else repeats
            if self._encoder is None or (self.restarts and room == self.cut):
                yield from self.rest()
                # first, as two of x264 are 90 MB more at 1600×1200
                self._encoder = None
                give_back()
                self._encoder = self.encoder(self.count, self._before)
            shown = min(room, repeats)
            yield from self._encoder.encode(frame, shown)
            self.count += shown
            repeats -= shown

    def rest(self) -> Iterator[Piece]:
        """Give the pieces that are left, and let the encoder go.

        It knows its writer: while each holds the other, the film stays in memory until Python looks
        for such rings, which over a batch of 60 small GIFs was 200 MB later.
        """
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            yield from encoder.finish()

    def skip(self, frames: int, before: npt.NDArray[np.uint8] | None) -> None:
        """Begin behind so many frames, of which `before` is the last."""
        self.count, self._before = frames, before

    def join(self, parts: Sequence[Path], frames: int) -> None:
        """Store the pieces of all parts, in their order.

        Parameters
        ----------
        parts : sequence of Path
            Files of :func:`store_pieces`.
        frames : int
            How many frames they are of.
        """
        try:
            for part in parts:
                for piece in load_pieces(part):
                    self.add(piece)
        except OSError as error:
            raise self._failed(error) from error
        self.count += frames

    def _append(self, frame: npt.NDArray[np.uint8], repeats: int) -> None:
        for piece in self.pieces(frame, repeats):
            self.add(piece)

    def _add_rest(self) -> None:
        for piece in self.rest():
            self.add(piece)


def cut_every(film: FilmSource) -> int:
    """Count the frames between places where a film may be cut: a second of it."""
    return film.fps


def store_pieces(path: Path, pieces: Iterable[Piece]) -> None:
    """Write pieces into a file of their own.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    try:
        with open(path, "wb") as file:
            for piece in pieces:
                file.write(_HEAD.pack(piece.time, piece.order, piece.key, len(piece.data)))
                file.write(piece.data)
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror or error}") from error


def load_pieces(path: Path) -> Iterator[Piece]:
    """Read what :func:`store_pieces` wrote, one piece at a time."""
    with open(path, "rb") as file:
        while head := file.read(_HEAD.size):
            time, order, key, length = _HEAD.unpack(head)
            yield Piece(file.read(length), time, order, key)
