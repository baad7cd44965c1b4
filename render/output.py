"""From a film to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from epochreel.render.film import Film
from epochreel.render.writers import open_writer

__all__ = ["write_film"]


def write_film(film: Film, path: Path, *, on_frame: Callable[[int], None] | None = None) -> None:
    """Write a film in the format that the file's suffix names.

    Parameters
    ----------
    film : Film
    path : Path
        The finished file; its folder must exist. It appears when it is whole, and not before.
    on_frame : callable, optional
        Called with the number of frames written since the last call (holds count as the frames they
        last). An exception it raises ends the writing and leaves no file.

    Raises
    ------
    InvalidInputError
        For a suffix that no writer serves.
    OutputError
        When the file can't be written.
    """
    with open_writer(path, film) as writer:
        for frame in film:
            writer.write(frame.pixels, frame.repeats)
            if on_frame is not None:
                on_frame(frame.repeats)
