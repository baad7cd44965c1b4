"""Animated GIF: one palette for the whole film, only what changed in each frame, true durations.

Pillow compresses; the container is written here, since Pillow's own animation writer holds every
frame in memory, refits palettes and rounds each delay down (73 frames/s through it at 1600×1200
with one known palette, 193 when it is handed palette indices; imageio's plugin can't hand it
those).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import GifImagePlugin, Image

from epochreel.render.palette import PaletteMap
from epochreel.render.pixels import pack, unpack
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
        self._last: npt.NDArray[np.uint32] | None = None  # the frame mapped last
        self._mapped: npt.NDArray[np.uint8] | None = None
        self._shown: npt.NDArray[np.uint8] | None = None  # what a player shows by now
        self._pending: npt.NDArray[np.uint8] | None = None  # waits for its duration
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
        indices = self._indices(frame)
        start_cs = self._time_cs()
        if self._pending is None:
            self._pending = indices.copy()
        elif not np.array_equal(indices, self._pending):
            if start_cs - self._pending_since_cs >= _SHORTEST_CS:
                self._flush(start_cs)
                self._pending_since_cs = start_cs
            np.copyto(self._pending, indices)
        self._frames += repeats

    def _indices(self, frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Map a frame to the palette: only those pixels that differ from the last one's.

        2 ms a frame of 1600×1200, against 6 ms for mapping all of it.
        """
        if self._map is None:
            raise RuntimeError("write() outside of the with block")
        pixels = pack(frame)
        if self._last is None or self._mapped is None:
            self._last = pixels.copy()
            self._mapped = self._map.indices(frame)
            return self._mapped
        changed = np.flatnonzero(pixels != self._last)
        colors = pixels.ravel()[changed]
        self._mapped.ravel()[changed] = self._map.indices(unpack(colors))
        self._last.ravel()[changed] = colors
        return self._mapped

    def _close(self) -> None:
        if self._file is None:
            raise RuntimeError("closed before it was opened")
        if self._pending is not None:
            # even the last frame must not be so short that players slow it down
            self._flush(max(self._time_cs(), self._pending_since_cs + _SHORTEST_CS))
        self._file.write(b";")
        self._file.close()
        self._file = None

    def _abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _time_cs(self) -> int:
        """When the next frame starts, in hundredths of a second."""
        return (200 * self._frames + self._film.fps) // (2 * self._film.fps)

    def _flush(self, until_cs: int) -> None:
        """Write the pending frame, shown until `until_cs`."""
        pending, shown = self._pending, self._shown
        if pending is None or self._file is None:
            raise RuntimeError("nothing to write")
        top, left, changed = 0, 0, pending
        if shown is not None:
            differs = pending != shown
            rows = np.flatnonzero(differs.any(axis=1))
            columns = np.flatnonzero(differs.any(axis=0))
            top, left = (int(rows[0]), int(columns[0])) if len(rows) else (0, 0)
            bottom, right = (int(rows[-1]) + 1, int(columns[-1]) + 1) if len(rows) else (1, 1)
            window = np.s_[top:bottom, left:right]
            changed = np.where(differs[window], pending[window], np.uint8(_UNCHANGED))
        delay = min(until_cs - self._pending_since_cs, _LONGEST_CS)
        blocks = GifImagePlugin.getdata(
            Image.fromarray(np.ascontiguousarray(changed)),
            (left, top),
            duration=10 * delay,
            disposal=1,
            transparency=_UNCHANGED,
        )
        for block in blocks:
            self._file.write(block)
        self._shown = pending.copy()
