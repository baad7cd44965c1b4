"""Animated PNG: lossless, only what changed in each frame, exact durations.

Pillow compresses; the container is written here, since Pillow's own animation writer holds every
frame in memory.
"""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from io import BytesIO
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from epochreel.render.writers.changes import ChangesWriter

__all__ = ["ApngWriter"]

_AFTER_HEADER = 8 + 25
"""Where the animation's own header stands: after PNG's signature and IHDR."""

_PLACE = 16
"""Bytes that tell a picture's size, and where it lies."""


class ApngWriter(ChangesWriter):
    """Writes APNG that loops forever; durations are exact fractions of a second."""

    longest = 65535

    def time(self, frames: int) -> int:
        """Count time in frames."""
        return frames

    def _begin(self, file: BinaryIO) -> None:
        width, height = self.film.size
        self._pictures = 0
        self._sequence = 0
        # Layout of the chunks: PNG specification, third edition, section 11.3.6.
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)))
        file.write(self._animation_header())

    def _compress(self, pixels: npt.NDArray[np.uint8], left: int, top: int) -> bytes:
        height, width = pixels.shape[:2]
        encoded = BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(encoded, "PNG", compress_level=3)
        place = struct.pack(">IIII", width, height, left, top)
        return place + _image_data(encoded.getvalue())

    def _store(self, file: BinaryIO, picture: bytes, duration: int) -> None:
        place, data = picture[:_PLACE], picture[_PLACE:]
        seconds = Fraction(duration, self.film.fps)
        leave, over = 0, 1
        control = struct.pack(
            ">HHBB", seconds.numerator, seconds.denominator, leave, over if self._pictures else 0
        )
        file.write(_chunk(b"fcTL", self._number() + place + control))
        if self._pictures:
            file.write(_chunk(b"fdAT", self._number() + data))
        else:
            file.write(_chunk(b"IDAT", data))
        self._pictures += 1

    def _end(self, file: BinaryIO) -> None:
        file.write(_chunk(b"IEND", b""))
        file.seek(_AFTER_HEADER)
        file.write(self._animation_header())

    def _animation_header(self) -> bytes:
        forever = 0
        return _chunk(b"acTL", struct.pack(">II", self._pictures, forever))

    def _number(self) -> bytes:
        self._sequence += 1
        return struct.pack(">I", self._sequence - 1)


def _image_data(png: bytes) -> bytes:
    """Cut the compressed pixels out of a still's file."""
    position, found = 8, list[bytes]()
    while position < len(png):
        (length,) = struct.unpack_from(">I", png, position)
        if png[position + 4 : position + 8] == b"IDAT":
            found.append(png[position + 8 : position + 8 + length])
        position += 12 + length
    return b"".join(found)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
