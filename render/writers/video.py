"""What video files have in common: one stream through PyAV, tagged, of even size, from one thread.

imageio's ``pyav`` plugin can't tag colours; without the BT.709 tags players show wrong ones (31.7
dB against 38.3 dB, measured on decoded frames), so these writers talk to PyAV themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace

from epochreel.nn.errors import look_up
from epochreel.render.writers import FilmSource
from epochreel.render.writers.atomic import AtomicWriter

__all__ = ["VideoQuality", "VideoWriter"]

_BT709 = 1
"""Code point of BT.709 for primaries, transfer and matrix. Source: ITU-T H.273, tables 2 to 4."""


@dataclass(frozen=True)
class VideoQuality:
    """What an encoder is told.

    Attributes
    ----------
    pixel_format : str
        ``yuv420p`` has a quarter of the colours' resolution, ``yuv444p`` all of it.
    options : mapping
        The encoder's own, by name.
    """

    pixel_format: str
    options: Mapping[str, str]


class VideoWriter(AtomicWriter):
    """Base of video writers: a subclass names its container, its encoder and its qualities.

    4:2:0 needs even sizes: an odd side is padded by one pixel that repeats its neighbour, at every
    quality.

    Parameters
    ----------
    path : Path
    film : FilmSource
    quality : str
        One of the subclass's ``qualities``.

    Raises
    ------
    InvalidInputError
        For another quality.
    """

    container_format: ClassVar[str]
    container_options: ClassVar[Mapping[str, str]] = {}
    encoder: ClassVar[str]
    qualities: ClassVar[Mapping[str, VideoQuality]]

    def __init__(self, path: Path, film: FilmSource, *, quality: str = "good") -> None:
        super().__init__(path)
        self._film = film
        self._quality = look_up("quality", quality, self.qualities)
        self._container: Any = None  # PyAV's stubs leave packets untyped
        self._stream: Any = None
        self._count = 0

    def _open(self) -> None:
        width, height = self._film.size
        self._container = av.open(
            str(self.partial),
            "w",
            format=self.container_format,
            options=dict(self.container_options),
        )
        stream = self._container.add_stream(self.encoder, rate=self._film.fps)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = self._quality.pixel_format
        stream.time_base = Fraction(1, self._film.fps)
        # A key frame every two seconds, so that a lecturer can scrub.
        stream.options = {"g": str(2 * self._film.fps), **self._quality.options}
        context = stream.codec_context
        # One thread, whatever the machine has: the same film is the same bytes everywhere.
        context.thread_count = 1
        context.color_primaries = _BT709
        context.color_trc = _BT709
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        self._stream = stream

    def _append(self, frame: npt.NDArray[np.uint8], repeats: int) -> None:
        if self._container is None or self._stream is None:
            raise RuntimeError("write() outside of the with block")
        height, width = frame.shape[:2]
        if height % 2 or width % 2:
            frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(frame, format="rgba").reformat(
            format=self._quality.pixel_format,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        picture.color_primaries = _BT709
        picture.color_trc = _BT709
        picture.time_base = Fraction(1, self._film.fps)
        for _ in range(repeats):
            picture.pts = self._count
            self._count += 1
            self._container.mux(self._stream.encode(picture))

    def _close(self) -> None:
        if self._container is None or self._stream is None:
            raise RuntimeError("closed before it was opened")
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._container = None

    def _abandon(self) -> None:
        if self._container is not None:
            # the file is deleted next; a full disk must not hide the first error
            with suppress(OSError, ValueError):
                self._container.close()
            self._container = None
