"""From a film to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from epochreel.nn.errors import InvalidInputError
from epochreel.render.film import Film
from epochreel.render.fitting import Fit, fit_film
from epochreel.render.writers import open_writer
from epochreel.render.writers.pieces import Piece, PieceWriter, store_pieces

__all__ = ["cuts", "join_parts", "write_film", "write_part"]


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


def cuts(film: Film, path: Path, parts: int) -> list[tuple[int, int]]:
    """Cut a film into parts of about one length, which can be written apart.

    Parameters
    ----------
    film : Film
    path : Path
        The finished file; some formats can't be cut.
    parts : int
        At most so many.

    Returns
    -------
    list of tuple of int
        First frame of each part, and the one past its last.
    """
    writer = open_writer(path, film)
    frames = film.frame_count
    if not isinstance(writer, PieceWriter) or not writer.cut:
        return [(0, frames)]
    places = range(writer.cut, frames, writer.cut)
    chosen = {min(places, key=lambda place: abs(place - share * frames / parts), default=0)
              for share in range(1, parts)}  # fmt: skip
    edges = [0, *sorted(chosen - {0}), frames]
    return list(zip(edges, edges[1:], strict=False))


def write_part(
    film: Film,
    path: Path,
    span: tuple[int, int],
    target: Path,
    *,
    quality: str | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> None:
    """Write a part of a film, as :func:`cuts` gave it, for :func:`join_parts`.

    Parameters
    ----------
    film : Film
    path : Path
        The finished file, which isn't touched.
    span : tuple of int
        First frame, and the one past the last.
    target : Path
        Where the part is kept.
    quality : str, optional
    on_frame : callable, optional
        As in :func:`write_film`.

    Raises
    ------
    OutputError
        When the part can't be written.
    """
    start, stop = span
    writer = _piece_writer(path, film, quality)

    def pieces() -> Iterator[Piece]:
        before = next((frame.pixels for frame in film.between(start - 1, start)), None)
        writer.skip(start, before)
        for frame in film.between(start, stop):
            yield from writer.pieces(frame.pixels, frame.repeats)
            if on_frame is not None:
                on_frame(frame.repeats)
        yield from writer.rest()

    store_pieces(target, pieces())


def join_parts(
    film: Film, path: Path, parts: Sequence[Path], *, quality: str | None = None
) -> None:
    """Make a file of all parts of a film: the same, byte for byte, as :func:`write_film` does.

    Parameters
    ----------
    film : Film
    path : Path
        The finished file.
    parts : sequence of Path
        What :func:`write_part` made of the film's parts, in order.
    quality : str, optional
        As for the parts.

    Raises
    ------
    OutputError
        When it can't be written.
    """
    with _piece_writer(path, film, quality) as writer:
        writer.join(parts, film.frame_count)


def _piece_writer(path: Path, film: Film, quality: str | None) -> PieceWriter:
    writer = open_writer(path, film, quality=quality)
    if not isinstance(writer, PieceWriter):
        raise InvalidInputError(f"{path.name}: can't be written in parts")
    return writer
