"""From a film to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from epochreel.nn.errors import InvalidInputError
from epochreel.render.film import Film
from epochreel.render.fitting import Fit, fit_film
from epochreel.render.writers import open_writer

__all__ = ["write_film"]


def write_film(
    film: Film,
    path: Path,
    *,
    quality: str | None = None,
    max_bytes: int | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> Fit | None:
    """Write a film in the format that the file's suffix names.

    Parameters
    ----------
    film : Film
    path : Path
        The finished file; its folder must exist. It appears when it is whole, and not before.
    quality : str, optional
        For MP4 and WebM: ``draft``, ``good`` (as without it) or ``best``, visually lossless.
    max_bytes : int, optional
        For GIF and WebP: how long the file may be. Colours, frame rate and size are reduced until
        it fits.
    on_frame : callable, optional
        Called with the number of frames written since the last call (holds count as the frames they
        last). An exception it raises ends the writing and leaves no file.

    Returns
    -------
    Fit or None
        With `max_bytes`, what was chosen.

    Raises
    ------
    InvalidInputError
        For a suffix that no writer serves, or an option that the format hasn't.
    OutputError
        When the file can't be written.
    RenderError
        When nothing fits into `max_bytes`.
    """
    if max_bytes is not None:
        if quality is not None:
            raise InvalidInputError(f"quality: can't go with max_bytes, got {quality!r}")
        return fit_film(film, path, max_bytes, on_frame=on_frame)
    with open_writer(path, film, quality=quality) as writer:
        for frame in film:
            writer.write(frame.pixels, frame.repeats)
            if on_frame is not None:
                on_frame(frame.repeats)
    return None
