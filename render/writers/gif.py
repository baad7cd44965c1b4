"""Animated GIF: one palette for the whole film, only what changed in each frame, true durations.

Pillow compresses; the container is written here, since Pillow's own animation writer holds every
frame in memory, refits palettes and rounds each delay down (73 frames/s through it at 1600×1200
with one known palette, 193 when it is handed palette indices; imageio's plugin can't hand it
those).
"""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import GifImagePlugin, Image

from epochreel.render.palette import PaletteMap
from epochreel.render.pixels import pack
from epochreel.render.writers import FilmSource
from epochreel.render.writers.atomic import AtomicWriter

__all__ = ["GifWriter"]

_UNCHANGED = 255
"""Palette index that means "as before"."""

_SHORTEST_CS = 2
"""Players show a delay of 1 cs or less as 10 cs."""

_LONGEST_CS = 65535


class GifWriter(AtomicWriter):
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
        super().__init__(path)
        self._film = film
        self._file: BinaryIO | None = None
        self._map: PaletteMap | None = None
        self._last: npt.NDArray[np.uint32] | None = None  # the frame that came last
        self._mapped = np.empty(0, np.uint8)  # its indices, (pixels,)
        # what of it a player doesn't show yet, (height, width), and waits for its duration
        self._pending = np.empty((0, 0), np.uint8)
        self._pending_since_cs = 0
        self._frames = 0

    def _open(self) -> None:
        palette = self._film.palette()
        self._map = PaletteMap(palette)
        table = np.zeros((256, 3), np.uint8)
        table[: len(palette)] = palette
        self._file = open(self.partial, "wb")  # noqa: SIM115 - closed in _close or _abandon
        width, height = self._film.size
        # Layout of the blocks: GIF89a specification, sections 17 to 26.
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0))
        self._file.write(table.tobytes())
        self._file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", 0) + b"\x00")

    def _append(self, frame: npt.NDArray[np.uint8], repeats: int) -> None:
        place, index = self._changes(frame)
        if len(place):
            start_cs = self._time_cs()
            # until it is flushed, a frame too short to be shown is drawn over by the next one
            if start_cs - self._pending_since_cs >= _SHORTEST_CS:
                self._flush(start_cs)
                self._pending_since_cs = start_cs
            self._mapped[place] = index
            self._pending.ravel()[place] = index
        self._frames += repeats

    def _changes(
        self, frame: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint8]]:
        """List the pixels, as flat positions, whose palette index isn't the last frame's.

        Only those that changed are mapped: 2 ms a frame of 1600×1200, against 6 ms for all of it.
        """
        if self._map is None:
            raise RuntimeError("write() outside of the with block")
        pixels = pack(frame).ravel()
        if self._last is None:
            self._last = pixels.copy()
            self._mapped = np.full(pixels.size, _UNCHANGED, np.uint8)
            self._pending = np.full(frame.shape[:2], _UNCHANGED, np.uint8)
            return np.arange(pixels.size), self._map.of_packed(pixels)
        place = np.flatnonzero(pixels != self._last)
        colors = pixels[place]
        self._last[place] = colors
        index = self._map.of_packed(colors)
        differs = index != self._mapped[place]
        return place[differs], index[differs]

    def _close(self) -> None:
        if self._file is None:
            raise RuntimeError("closed before it was opened")
        if self._last is not None:
            # even the last frame must not be so short that players slow it down
            self._flush(max(self._time_cs(), self._pending_since_cs + _SHORTEST_CS))
        self._file.write(b";")
        self._file.close()
        self._file = None

    def _abandon(self) -> None:
        if self._file is not None:
            # what is still in its buffer fails again on a full disk; the first error is the one
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _time_cs(self) -> int:
        """When the next frame starts, in hundredths of a second."""
        return (200 * self._frames + self._film.fps) // (2 * self._film.fps)

    def _flush(self, until_cs: int) -> None:
        """Write the pending frame, shown until `until_cs`."""
        if self._file is None:
            raise RuntimeError("nothing to write")
        changed = self._pending != _UNCHANGED
        rows = np.flatnonzero(changed.any(axis=1))
        columns = np.flatnonzero(changed.any(axis=0))
        top, left = (int(rows[0]), int(columns[0])) if len(rows) else (0, 0)
        bottom, right = (int(rows[-1]) + 1, int(columns[-1]) + 1) if len(rows) else (1, 1)
        window = self._pending[top:bottom, left:right]
        delay = min(until_cs - self._pending_since_cs, _LONGEST_CS)
        blocks = GifImagePlugin.getdata(
            Image.fromarray(np.ascontiguousarray(window)),
            (left, top),
            duration=10 * delay,
            disposal=1,
            transparency=_UNCHANGED,
        )
        for block in blocks:
            self._file.write(block)
        window[:] = _UNCHANGED
