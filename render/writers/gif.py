"""Animated GIF: one palette for the whole film, only what changed in each frame, true durations.

Pillow compresses; the container is written here, since Pillow's own animation writer holds every
frame in memory, refits palettes and rounds each delay down (73 frames/s through it at 1600×1200
with one known palette, 193 when it is handed palette indices; imageio's plugin can't hand it
those).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import GifImagePlugin, Image

from epochreel.render.palette import PaletteMap
from epochreel.render.pixels import pack
from epochreel.render.writers import FilmSource
from epochreel.render.writers.animation import AnimationWriter
from epochreel.render.writers.pieces import Encoder, Piece

__all__ = ["GifWriter"]

_UNCHANGED = 255
"""Palette index that means "as before"."""

_ROWS = 100


class GifWriter(AnimationWriter):
    """Writes GIF89a that loops forever.

    A GIF counts time in hundredths of a second. Delays are rounded so that each frame starts at
    the hundredth nearest to its true time, so the film's duration is right to 5 ms at any frame
    rate; a frame that would be shown for less than 2 cs gives its time to the next one.

    Parameters
    ----------
    path : Path
    film : FilmSource
    """

    shortest = 2
    """Players show a delay of 1 cs or less as 10 cs."""
    longest = 65535

    def __init__(self, path: Path, film: FilmSource) -> None:
        super().__init__(path, film)
        if film.fps > 100 // self.shortest:
            self.cut = 0  # what is shown then depends on the frames before

    def time(self, frames: int) -> int:
        """Tell when a frame starts after so many others, in hundredths of a second."""
        return (200 * frames + self.film.fps) // (2 * self.film.fps)

    def encoder(self, start: int, before: npt.NDArray[np.uint8] | None = None) -> Encoder:
        """Make an encoder of the frames from number `start` on."""
        return _GifEncoder(self, start, before)

    def _begin(self, file: BinaryIO) -> None:
        palette = self.film.palette()
        table = np.zeros((256, 3), np.uint8)
        table[: len(palette)] = palette
        width, height = self.film.size
        # Layout of the blocks: GIF89a specification, sections 17 to 26.
        file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0))
        file.write(table.tobytes())
        file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", 0) + b"\x00")

    def _store(self, file: BinaryIO, picture: bytes, duration: int) -> None:
        # graphic control extension: keep what is shown, one index is transparent
        file.write(struct.pack("<3sBHBB", b"!\xf9\x04", 4 + 1, duration, _UNCHANGED, 0))
        file.write(picture)

    def _nothing(self) -> bytes:
        return _compressed(np.full((1, 1), _UNCHANGED, np.uint8), 0, 0)

    def _end(self, file: BinaryIO) -> None:
        file.write(b";")


class _GifEncoder:
    """Finds what changed from frame to frame, and compresses it."""

    def __init__(self, writer: GifWriter, start: int, before: npt.NDArray[np.uint8] | None) -> None:
        width, height = writer.film.size
        self._map = PaletteMap(writer.film.palette())
        self._time, self._shortest, self._count = writer.time, writer.shortest, start
        # the frame that came last
        self._last = None if before is None else pack(before).copy()
        # indices of what changed and no piece has yet, and since when
        self._pending = np.full((height, width), _UNCHANGED, np.uint8)
        self._since_cs: int | None = None

    def encode(self, frame: npt.NDArray[np.uint8], repeats: int) -> Iterator[Piece]:
        pixels = pack(frame)
        if self._last is None:
            self._last = ~pixels
        start_cs = self._time(self._count)
        self._count += repeats
        # until it is a piece, a frame too short to be shown is drawn over by the next one
        if self._since_cs is None or start_cs - self._since_cs >= self._shortest:
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
        yield Piece(_compressed(window, left, top), self._since_cs)
        window[:] = _UNCHANGED
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
            changed = now != was
            if changed.any():
                self._pending[rows].ravel()[changed] = self._map.of_packed(now[changed])
                was[:] = now
                found = True
        return found


def _compressed(indices: npt.NDArray[np.uint8], left: int, top: int) -> bytes:
    picture = Image.fromarray(np.ascontiguousarray(indices))
    return b"".join(GifImagePlugin.getdata(picture, (left, top)))
