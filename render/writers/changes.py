"""Lossless animations that hold, for each frame, only what changed since the last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from epochreel.render.pixels import pack
from epochreel.render.writers.animation import AnimationWriter
from epochreel.render.writers.pieces import Encoder, Piece

__all__ = ["ChangesWriter"]

_Compress = Callable[[npt.NDArray[np.uint8], int, int], bytes]


class ChangesWriter(AnimationWriter):
    """Base of lossless animations: subclasses compress pictures, too.

    A picture is the smallest rectangle around all pixels that changed; those in it that didn't are
    transparent. Equal frames are one picture that is shown for longer.
    """

    def encoder(self, start: int, before: npt.NDArray[np.uint8] | None = None) -> Encoder:
        """Make an encoder of the frames from number `start` on."""
        return _ChangesEncoder(self.time, self._compress, start, before)

    def _compress(self, pixels: npt.NDArray[np.uint8], left: int, top: int) -> bytes:
        """Compress one picture.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (height, width, 4)
            RGBA; alpha is 0 or 255.
        left, top : int
            Where it is laid; both are even.
        """
        raise NotImplementedError

    def _nothing(self) -> bytes:
        return self._compress(np.zeros((1, 1, 4), np.uint8), 0, 0)


class _ChangesEncoder:
    def __init__(
        self,
        time: Callable[[int], int],
        compress: _Compress,
        start: int,
        before: npt.NDArray[np.uint8] | None,
    ) -> None:
        self._time, self._compress, self._count = time, compress, start
        self._last = None if before is None else before.copy()

    def encode(self, frame: npt.NDArray[np.uint8], repeats: int) -> Iterator[Piece]:
        start, last = self._count, self._last
        self._count += repeats
        if last is None:
            self._last = frame.copy()
            yield Piece(self._compress(frame, 0, 0), self._time(start))
            return
        differs = pack(frame) != pack(last)
        rows = np.flatnonzero(differs.any(axis=1))
        if not len(rows):
            return
        columns = np.flatnonzero(differs.any(axis=0))
        # WebP counts places in pairs of pixels
        top, left = int(rows[0]) // 2 * 2, int(columns[0]) // 2 * 2
        window = np.s_[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
        changed = np.where(differs[window][..., None], frame[window], np.uint8(0))
        yield Piece(self._compress(changed, left, top), self._time(start))
        np.copyto(last, frame)

    def finish(self) -> Iterable[Piece]:
        return ()
