"""What video files have in common: one stream through PyAV, tagged, of even size, from one thread.

imageio's ``pyav`` plugin can't tag colours; without the BT.709 tags players show wrong ones (31.7
dB against 38.3 dB, measured on decoded frames), so these writers talk to PyAV themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from epochreel.nn.errors import RenderError, look_up
from epochreel.render.writers import FilmSource
from epochreel.render.writers.pieces import Encoder, Piece, PieceWriter, cut_every

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


class VideoWriter(PieceWriter):
    """Base of video writers: a subclass names its container, its encoder and its qualities.

    4:2:0 needs even sizes: an odd side is padded by one pixel that repeats its neighbour, at every
    quality. Every second the encoder begins anew: a lecturer can scrub there, and films are cut
    there.

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

    restarts = True
    container_format: ClassVar[str]
    container_options: ClassVar[Mapping[str, str]] = {}
    codec: ClassVar[str]
    qualities: ClassVar[Mapping[str, VideoQuality]]

    def __init__(self, path: Path, film: FilmSource, *, quality: str = "good") -> None:
        super().__init__(path, film)
        self._quality = look_up("quality", quality, self.qualities)
        self._container: Any = None  # PyAV's stubs leave packets untyped
        self._stream: Any = None

    def encoder(self, start: int, before: npt.NDArray[np.uint8] | None = None) -> Encoder:
        """Make an encoder of the frames from number `start` on."""
        context: Any = av.CodecContext.create(self.codec, "w")
        self._set_up(context)
        return _VideoEncoder(context, self.film.fps, start)

    def add(self, piece: Piece) -> None:
        """Store a packet."""
        if self._container is None:
            raise RuntimeError("add() outside of the with block")
        packet = av.Packet(piece.data)
        packet.pts, packet.dts, packet.duration = piece.time, piece.order, 1
        packet.is_keyframe = piece.key
        packet.time_base = Fraction(1, self.film.fps)
        packet.stream = self._stream
        self._container.mux(packet)

    def _open(self) -> None:
        self._container = av.open(
            str(self.partial),
            "w",
            format=self.container_format,
            options=dict(self.container_options),
        )
        self._stream = self._container.add_stream(self.codec, rate=self.film.fps)
        # it never encodes; the file's header tells how its packets were
        self._set_up(self._stream.codec_context)

    def _close(self) -> None:
        if self._container is None:
            raise RuntimeError("closed before it was opened")
        self._add_rest()
        self._container.close()
        self._container = None

    def _abandon(self) -> None:
        if self._container is not None:
            # the file is deleted next; a full disk must not hide the first error
            with suppress(OSError, ValueError):
                self._container.close()
            self._container = None

    def _set_up(self, context: Any) -> None:
        width, height = self.film.size
        context.width, context.height = width + width % 2, height + height % 2
        context.pix_fmt = self._quality.pixel_format
        context.time_base = Fraction(1, self.film.fps)
        context.framerate = Fraction(self.film.fps)
        context.options = {"g": str(cut_every(self.film)), **self._quality.options}
        # One thread, whatever the machine has: the same film is the same bytes everywhere.
        context.thread_count = 1
        context.flags |= Flags.global_header
        context.color_primaries = _BT709
        context.color_trc = _BT709
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG


class _VideoEncoder:
    def __init__(self, context: Any, fps: int, start: int) -> None:
        self._context, self._count = context, start
        # one for all frames: it is set up but once
        self._reformatter = VideoReformatter()
        self._time_base = Fraction(1, fps)

    def encode(self, frame: npt.NDArray[np.uint8], repeats: int) -> Iterator[Piece]:
        height, width = frame.shape[:2]
        if height % 2 or width % 2:
            frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        # Handed over without a copy. Subsampled colours lie amid their four pixels; cubic weights
        # leave 41.1 dB to a player that interpolates them, bilinear ones 40.5.
        picture = self._reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(frame, format="rgba"),
            format=self._context.pix_fmt,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC,
            threads=1,
        )
        picture.color_primaries = _BT709
        picture.color_trc = _BT709
        picture.time_base = self._time_base
        for _ in range(repeats):
            picture.pts = self._count
            self._count += 1
            yield from self._pieces(picture)

    def finish(self) -> Iterator[Piece]:
        return self._pieces(None)

    def _pieces(self, picture: Any) -> Iterator[Piece]:
        try:
            packets = self._context.encode(picture)
        except FFmpegError as error:
            if isinstance(error, OSError):
                raise
            reason = (error.strerror or str(error)).lower()
            raise RenderError(f"{self._context.name}: the encoder failed: {reason}") from error
        for packet in packets:
            yield Piece(bytes(packet), packet.pts, packet.dts, packet.is_keyframe)
