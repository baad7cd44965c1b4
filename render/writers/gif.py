"""Animated GIF: one palette for the whole film, only what changed in each frame, true durations.

Pillow compresses; the container is written here, since Pillow's own animation writer holds every
frame in memory, refits palettes and rounds each delay down (73 frames/s through it at 1600×1200
with one known palette, 193 when it is handed palette indices; imageio's plugin can't hand it
those).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import GifImagePlugin, Image

from epochreel.render.palette import PaletteMap
from epochreel.render.pixels import pack
from epochreel.render.writers import FilmSource
from epochreel.render.writers.pieces import Encoder, Piece, PieceWriter

__all__ = ["GifWriter"]

_UNCHANGED = 255
"""Palette index that means "as before"."""

_SHORTEST_CS = 2
"""Players show a delay of 1 cs or less as 10 cs."""

_LONGEST_CS = 65535

_ROWS = 100


class GifWriter(PieceWriter):
    """Writes GIF89a that loops forever.

    A GIF counts time in hundredths of a second. Delays are rounded so that each frame starts at
    the hundredth nearest to its true time, so the film's duration is right to 5 ms at any frame
    rate; a frame that would be shown for less than 2 cs gives its time to the next one.

    Parameters
    ----------
    path : Path
    film : FilmSource
    """

    def __init__(self, path: Path, film: FilmSource) -> None:
        super().__init__(path, film)
        if film.fps > 100 // _SHORTEST_CS:
            self.cut = 0  # what is shown then depends on the frames before
        self._file: BinaryIO | None = None
        self._waiting: Piece | None = None  # for its duration, which the next one tells

    def encoder(self, start: int, before: npt.NDArray[np.uint8] | None = None) -> Encoder:
        """Make an encoder of the frames from number `start` on."""
        return _GifEncoder(self.film, start, before)

    def add(self, piece: Piece) -> None:
        """Store a picture."""
        self._store_waiting(piece.time)
        self._waiting = piece

    def _open(self) -> None:
        palette = self.film.palette()
        table = np.zeros((256, 3), np.uint8)
        table[: len(palette)] = palette
        self._file = open(self.partial, "wb")  # noqa: SIM115 - closed in _close or _abandon
        width, height = self.film.size
        # Layout of the blocks: GIF89a specification, sections 17 to 26.
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0))
        self._file.write(table.tobytes())
        self._file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", 0) + b"\x00")

    def _close(self) -> None:
        if self._file is None:
            raise RuntimeError("closed before it was opened")
        self._add_rest()
        if self._waiting is not None:
            # even the last frame must not be so short that players slow it down
            end = _time_cs(self.count, self.film.fps)
            self._store_waiting(max(end, self._waiting.time + _SHORTEST_CS))
        self._file.write(b";")
        self._file.close()
        self._file = None

    def _abandon(self) -> None:
        if self._file is not None:
            # what is still in its buffer fails again on a full disk; the first error is the one
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _store_waiting(self, until_cs: int) -> None:
        if self._file is None:
            raise RuntimeError("add() outside of the with block")
        if self._waiting is not None:
            delay = min(until_cs - self._waiting.time, _LONGEST_CS)
            # graphic control extension: keep what is shown, one index is transparent
            self._file.write(struct.pack("<3sBHBB", b"!\xf9\x04", 4 + 1, delay, _UNCHANGED, 0))
            self._file.write(self._waiting.data)


class _GifEncoder:
    """Finds what changed from frame to frame, and compresses it."""

    def __init__(self, film: FilmSource, start: int, before: npt.NDArray[np.uint8] | None) -> None:
        width, height = film.size
        self._map = PaletteMap(film.palette())
        self._fps, self._count = film.fps, start
        # the frame that came last
        self._last = None if before is None else pack(before).copy()
        # indices of what changed and no piece has yet, and since when
        self._pending = np.full((height, width), _UNCHANGED, np.uint8)
        self._since_cs: int | None = None

    def encode(self, frame: npt.NDArray[np.uint8], repeats: int) -> Iterator[Piece]:
        pixels = pack(frame)
        if self._last is None:
            self._last = ~pixels
        start_cs = _time_cs(self._count, self._fps)
        self._count += repeats
        # until it is a piece, a frame too short to be shown is drawn over by the next one
        if self._since_cs is None or start_cs - self._since_cs >= _SHORTEST_CS:
            yield from self.finish()
        if self._take(pixels, self._last) and self._since_cs is None:
            self._since_cs = start_cs

    def finish(self) -> Iterator[Piece]:
        if self._since_cs is None:
            return
        # where the least index isn't the greatest there is, something changed
        rows = np.flatnonzero(self._pending.min(axis=1) != _UNCHANGED)
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        columns = np.flatnonzero(self._pending[top:bottom].min(axis=0) != _UNCHANGED)
        left = int(columns[0])
        window = self._pending[top:bottom, left : int(columns[-1]) + 1]
        blocks = GifImagePlugin.getdata(Image.fromarray(np.ascontiguousarray(window)), (left, top))
        window[:] = _UNCHANGED
        yield Piece(b"".join(blocks), self._since_cs)
        self._since_cs = None

    def _take(self, pixels: npt.NDArray[np.uint32], last: npt.NDArray[np.uint32]) -> bool:
        """Note the pixels that aren't the last frame's; tell whether there are any.

        Only those are mapped: 4 ms a frame of 1600×1200, against 10 for all of it. Some hundred
        rows at a time, whose lists stay in the processor's cache: a fifth less.
        """
        found = False
        for top in range(0, len(pixels), _ROWS):
            rows = np.s_[top : top + _ROWS]
            now, was = pixels[rows].ravel(), last[rows].ravel()
            place = np.flatnonzero(now != was)
            if len(place):
                colors = np.take(now, place)
                was[place] = colors
                self._pending[rows].ravel()[place] = self._map.of_packed(colors)
                found = True
        return found


def _time_cs(frames: int, fps: int) -> int:
    """When a frame starts, in hundredths of a second, after so many others."""
    return (200 * frames + fps) // (2 * fps)
