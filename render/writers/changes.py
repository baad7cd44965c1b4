"""Animations that hold, for each frame, only what changed since the last."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from epochreel.render.pixels import pack
from epochreel.render.writers import FilmSource
from epochreel.render.writers.atomic import AtomicWriter

__all__ = ["ChangesWriter"]


class ChangesWriter(AtomicWriter):
    """Base of lossless animations: subclasses write a header, pictures and an end.

    A picture is the smallest rectangle around all pixels that changed; those in it that didn't are
    transparent. Equal frames are one picture that is shown for longer.

    Parameters
    ----------
    path : Path
    film : FilmSource
    """

    def __init__(self, path: Path, film: FilmSource) -> None:
        super().__init__(path)
        self._film = film
        self._file: BinaryIO | None = None
        self._pending: npt.NDArray[np.uint8] | None = None  # waits for its duration
        self._pending_since = 0  # in frames of the film
        self._shown: npt.NDArray[np.uint8] | None = None  # what a player shows by now
        self._frames = 0

    def _begin(self, file: BinaryIO) -> None:
        raise NotImplementedError

    def _picture(
        self, file: BinaryIO, pixels: npt.NDArray[np.uint8], left: int, top: int, frames: range
    ) -> None:
        """Write one picture.

        Parameters
        ----------
        file : binary file
        pixels : ndarray of uint8, shape (height, width, 4)
            RGBA; alpha is 0 or 255.
        left, top : int
            Where it is laid; both are even.
        frames : range
            Those frames of the film that it is shown for.
        """
        raise NotImplementedError

    def _end(self, file: BinaryIO) -> None:
        raise NotImplementedError

    def _open(self) -> None:
        self._file = open(self.partial, "wb")  # noqa: SIM115 - closed in _close or _abandon
        self._begin(self._file)

    def _append(self, frame: npt.NDArray[np.uint8], repeats: int) -> None:
        if self._file is None:
            raise RuntimeError("write() outside of the with block")
        if self._pending is None:
            self._pending = frame.copy()
        elif not np.array_equal(self._pending, frame):
            self._flush(self._file)
            np.copyto(self._pending, frame)
        self._frames += repeats

    def _close(self) -> None:
        if self._file is None:
            raise RuntimeError("closed before it was opened")
        if self._pending is not None:
            self._flush(self._file)
        self._end(self._file)
        self._file.close()
        self._file = None

    def _abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _flush(self, file: BinaryIO) -> None:
        """Write the pending frame, which ends where the next one starts."""
        pending, shown = self._pending, self._shown
        if pending is None:
            raise RuntimeError("nothing to write")
        frames = range(self._pending_since, self._frames)
        self._pending_since = self._frames
        if shown is None:
            self._picture(file, pending, 0, 0, frames)
            self._shown = pending.copy()
            return
        differs = pack(pending) != pack(shown)
        rows = np.flatnonzero(differs.any(axis=1))
        columns = np.flatnonzero(differs.any(axis=0))
        # WebP counts places in pairs of pixels
        top, left = int(rows[0]) // 2 * 2, int(columns[0]) // 2 * 2
        window = np.s_[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
        changed = np.where(differs[window][..., None], pending[window], np.uint8(0))
        self._picture(file, changed, left, top, frames)
        np.copyto(shown, pending)
