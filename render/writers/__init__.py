"""Writers take frames and leave one finished file, or none.

A writer is a context manager. It writes beside its target under a hidden name and renames when it
is finished; whatever goes wrong before that, nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path, PurePath
from types import TracebackType
from typing import Protocol, Self, cast

import numpy as np
import numpy.typing as npt

from epochreel.nn.errors import InvalidInputError, unknown_name

__all__ = [
    "FITTABLE",
    "FORMATS",
    "QUALITIES",
    "STILLS",
    "WRITERS",
    "FilmSource",
    "MemoryWriter",
    "Writer",
    "format_of",
    "open_writer",
]

WRITERS: Mapping[str, str] = {
    ".mp4": "epochreel.render.writers.mp4:Mp4Writer",
    ".webm": "epochreel.render.writers.webm:WebmWriter",
    ".gif": "epochreel.render.writers.gif:GifWriter",
    ".webp": "epochreel.render.writers.webp:WebpWriter",
    ".apng": "epochreel.render.writers.apng:ApngWriter",
    "/": "epochreel.render.writers.png_folder:PngFolderWriter",
}
"""Where the writer for each suffix lives; imported on use. See :func:`format_of`."""

FORMATS: Mapping[str, str] = {
    ".mp4": "H.264 video, plays in browsers and slides",
    ".webm": "VP9 video, for web pages",
    ".gif": "animated GIF with one palette, loops",
    ".webp": "animated WebP, lossless, loops",
    ".apng": "animated PNG, lossless, loops",
    "/": "a folder of PNGs, one for each frame",
}

STILLS: Mapping[str, str] = {
    ".png": "one moment, pixel for pixel as in the film",
    ".svg": "one moment, with vector text, axes, points and line",
    ".pdf": "one moment, with vector text, axes, points and line",
}
"""Formats of single pictures, which :mod:`epochreel.render.stills` makes."""

QUALITIES: Mapping[str, tuple[str, ...]] = {
    ".mp4": ("draft", "good", "best"),
    ".webm": ("draft", "good", "best"),
}
"""Formats that have a choice of quality; "good" is what they have without one."""

FITTABLE = (".gif", ".webp")
"""Formats that can be made to fit into so many bytes; see :mod:`epochreel.render.fitting`."""


class FilmSource(Protocol):
    """What a writer may ask of the film before its first frame."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        ...

    @property
    def fps(self) -> int:
        """Frames per second."""
        ...

    def palette(self) -> npt.NDArray[np.uint8]:
        """Colours for the whole film, shape (colors, 3), at most 255."""
        ...


class Writer(Protocol):
    """Takes frames, leaves a file."""

    def __enter__(self) -> Self:
        """Open a file beside the target."""
        ...

    def write(self, frame: npt.NDArray[np.uint8], repeats: int = 1) -> None:
        """Append a frame that is shown for `repeats` frames.

        Parameters
        ----------
        frame : ndarray of uint8, shape (height, width, 4)
            RGBA, opaque; it may be drawn over once this returns.
        repeats : int
        """
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish and rename the file, or delete it after an error."""
        ...


class MemoryWriter:
    """Keeps frames in a list: for tests."""

    def __init__(self) -> None:
        self.frames: list[npt.NDArray[np.uint8]] = []
        self.finished = False

    def __enter__(self) -> Self:
        """Start."""
        return self

    def write(self, frame: npt.NDArray[np.uint8], repeats: int = 1) -> None:
        """Keep a copy of the frame, `repeats` times."""
        self.frames.extend([frame.copy()] * repeats)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Forget everything after an error, as a file would be."""
        if kind is None:
            self.finished = True
        else:
            self.frames.clear()


def format_of(path: PurePath) -> str:
    """Tell a file's format: its suffix in small letters, or ``/`` without one, for a folder."""
    return path.suffix.lower() or "/"


def open_writer(path: Path, film: FilmSource, *, quality: str | None = None) -> Writer:
    """Make the writer that a file's suffix asks for.

    Parameters
    ----------
    path : Path
        The finished file's name; one without a suffix is a folder of PNGs. The folder that it is
        in must exist.
    film : FilmSource
    quality : str, optional
        One of those that :data:`QUALITIES` has for the suffix.

    Raises
    ------
    InvalidInputError
        For a suffix that no writer serves, or a quality that the format hasn't.
    """
    suffix = format_of(path)
    where = WRITERS.get(suffix)
    if where is None:
        raise unknown_name(f"{path.name}: file name's ending", suffix, WRITERS)
    options: dict[str, str] = {}
    if quality is not None:
        if suffix not in QUALITIES:
            raise InvalidInputError(
                f"quality: only {', '.join(QUALITIES)} have a choice, got {quality!r} "
                f"for {path.name}"
            )
        options["quality"] = quality
    module, _, name = where.partition(":")
    make = cast("Callable[..., Writer]", getattr(import_module(module), name))
    return make(path, film, **options)
