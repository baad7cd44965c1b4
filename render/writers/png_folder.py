"""A folder of PNGs, one for each frame of the film: for video editors and LaTeX.

``frames/00000.png`` is the first. A frame that lasts longer is a hard link to the one before it (a
copy where the file system has no links), so a long hold takes no room. The files say that Epochreel
made them: a folder that holds anything else is never replaced.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from epochreel.nn.errors import OutputError
from epochreel.render.writers.atomic import sync
from epochreel.render.writers.folders import FRAME_NAME, MARK, refuse_folder, replace_folder
from epochreel.render.writers.pieces import Encoder, Piece, PieceWriter

__all__ = ["PngFolderWriter"]

_COMPRESSION = 3
"""At 1600×1200, two thirds of the time of level 6 for a fifth more bytes."""


class PngFolderWriter(PieceWriter):
    """Writes a folder of PNGs in RGB, lossless."""

    def encoder(self, start: int, before: npt.NDArray[np.uint8] | None = None) -> Encoder:
        """Make an encoder of the frames from number `start` on."""
        return _PngEncoder(start)

    def add(self, piece: Piece) -> None:
        """Store a frame under its number."""
        path = self.partial / f"{piece.time:05d}.png"
        # equal frames are linked also where two parts of a film meet
        if piece.data and piece.data != self._data:
            path.write_bytes(piece.data)
            self._latest, self._data = path, piece.data
            self._written.append(path)
            return
        try:
            os.link(self._latest, path)
        except OSError:  # no links on this file system, or too many to one file
            shutil.copyfile(self._latest, path)
            self._latest = path
            self._written.append(path)

    def _create(self) -> None:
        reason = refuse_folder(self.path)
        if reason:
            raise OutputError(f"{self.path}: can't be written: {reason}")
        self._remove()  # what a killed run left
        self.partial.mkdir()

    def _open(self) -> None:
        self._latest, self._data = self.partial, b""
        self._written: list[Path] = []

    def _close(self) -> None:
        self._add_rest()

    def _abandon(self) -> None:
        """Leave nothing open."""

    def _publish(self) -> None:
        for frame in self._written:
            sync(frame)
        sync(self.partial)
        replace_folder(self.partial, self.path)

    def _remove(self) -> None:
        if self.partial.is_dir():
            for entry in self.partial.iterdir():
                if FRAME_NAME.fullmatch(entry.name):
                    entry.unlink()
            self.partial.rmdir()


class _PngEncoder:
    """A piece is a PNG; an empty one is the frame before it again."""

    def __init__(self, start: int) -> None:
        self._count = start
        self._mark = PngInfo()
        self._mark.add_text(*MARK)

    def encode(self, frame: npt.NDArray[np.uint8], repeats: int) -> Iterator[Piece]:
        encoded = BytesIO()
        picture = Image.fromarray(np.ascontiguousarray(frame[:, :, :3]))
        picture.save(encoded, "PNG", compress_level=_COMPRESSION, pnginfo=self._mark)
        data = encoded.getvalue()
        for _ in range(repeats):
            yield Piece(data, self._count)
            data = b""
            self._count += 1

    def finish(self) -> Iterator[Piece]:
        yield from ()
