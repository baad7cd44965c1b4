"""One moment of a film as a picture: PNG as the film has it, SVG and PDF with vectors.

In SVG and PDF, text, axes, points and the 0.5 line are vectors; the field is an image of the
frame's resolution. What only paints (isn't a :class:`~epochreel.render.panels.VectorDrawing`) is an
image in its place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg

from epochreel.nn.errors import InvalidInputError, OutputError, unknown_name
from epochreel.render.film import Film
from epochreel.render.writers.atomic import partial_path

__all__ = ["STILLS", "moment_at", "parse_at", "write_figure", "write_still"]

STILLS: Mapping[str, str] = {
    ".png": "one moment, pixel for pixel as in the film",
    ".svg": "one moment, with vector text, axes, points and line",
    ".pdf": "one moment, with vector text, axes, points and line",
}
"""What each suffix of a still gives."""

_AT = re.compile(
    r"(?P<share>[\d.]+)|(?P<time>[\d.]+) *s|(?P<unit>update|epoch): *(?P<count>[\d.]+)"
)
# without dates, and with names counted from a fixed start, bytes repeat
_METADATA: Mapping[str, Mapping[str, None]] = {
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


def parse_at(at: str) -> tuple[str, float]:
    """Read which moment is meant.

    Parameters
    ----------
    at : str
        ``"first"``, ``"last"``, a share of the film such as ``"0.5"``, a time such as ``"12s"``,
        ``"update:500"`` or ``"epoch:20"``.

    Returns
    -------
    (str, float)
        ``"share"``, ``"time"`` (in seconds), ``"update"`` or ``"epoch"``, and how much of it.

    Raises
    ------
    InvalidInputError
        For anything else.
    """
    words = {"first": "0", "last": "1"}.get(at, at)
    found = _AT.fullmatch(words.strip())
    if found is not None:
        kind = found["unit"] or ("time" if found["time"] else "share")
        try:
            value = float(found["count"] or found["time"] or found["share"])
        except ValueError:
            value = -1.0
        if value >= 0 and not (kind == "share" and value > 1):
            return kind, value
    raise InvalidInputError(
        "at: must be 'first', 'last', a share of the film from 0 to 1, or like '12s', "
        f"'update:500' or 'epoch:20', got {at!r}"
    )


def moment_at(film: Film, at: str) -> int:
    """Find the number of the distinct frame that shows a moment.

    Parameters
    ----------
    film : Film
    at : str
        See :func:`parse_at`. An update or epoch is that of the film's first model; the first frame
        that is as far is taken.

    Raises
    ------
    InvalidInputError
        For a moment that means nothing, or is past the film's end.
    """
    kind, value = parse_at(at)
    ends = np.cumsum([moment.repeats for moment in film.timeline.moments])
    if kind == "share":
        return int(np.searchsorted(ends, round(value * (ends[-1] - 1)), side="right"))
    if kind == "time":
        frame = round(value * film.fps)
        if frame > ends[-1]:
            raise InvalidInputError(
                f"at: must be at most {film.duration_s:g}s, the film's length, got {at!r}"
            )
        return int(np.searchsorted(ends, min(frame, ends[-1] - 1), side="right"))
    recording = next(iter(film.recordings.values()))
    last = recording.updates[-1] if kind == "update" else recording.epochs[-1]
    if value > last:
        raise InvalidInputError(
            f"at: must be at most {kind}:{last:g}, the last of {recording.name!r}, got {at!r}"
        )
    position = float(
        np.interp(
            value,
            recording.updates if kind == "update" else recording.epochs,
            np.arange(len(recording.updates)),
        )
    )
    model = next(iter(film.recordings))
    for index, moment in enumerate(film.timeline.moments):
        if moment.snapshots[model] >= position - 1e-9:
            return index
    return len(film.timeline.moments) - 1


def write_still(film: Film, path: Path, *, at: str = "last") -> None:
    """Write one moment of a film as a picture.

    Parameters
    ----------
    film : Film
    path : Path
        Ends in ``.png``, ``.svg`` or ``.pdf``; its folder must exist. The same moment gives the
        same bytes.
    at : str
        Which moment; see :func:`parse_at`.

    Raises
    ------
    InvalidInputError
        For an unknown ending, or a moment that isn't in the film.
    OutputError
        When the file can't be written.
    """
    suffix = path.suffix.lower()
    if suffix not in STILLS:
        raise unknown_name(f"{path.name}: file name's ending", suffix, STILLS)
    index = moment_at(film, at)
    if suffix == ".png":
        with _appearing(path) as partial:
            _write_png(film.frame(index).pixels, partial)
        return
    with film.style.context():
        write_figure(film.artists(index), path)


def write_figure(figure: Any, path: Path) -> None:
    """Write a Matplotlib figure as it stands, without dates, so that its bytes repeat.

    Call inside ``style.context()``.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Of :data:`~epochreel.render.text.DPI` dots per inch.
    path : Path
        Ends in ``.png``, ``.svg`` or ``.pdf``.

    Raises
    ------
    InvalidInputError
        For an unknown ending.
    OutputError
        When the file can't be written.
    """
    suffix = path.suffix.lower()
    if suffix not in STILLS:
        raise unknown_name(f"{path.name}: file name's ending", suffix, STILLS)
    mpl: Any = matplotlib
    fixed = {"svg.hashsalt": "epochreel", "pdf.fonttype": 42, "image.composite_image": False}
    with _appearing(path) as partial, mpl.rc_context(fixed):
        if suffix == ".png":
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            _write_png(np.asarray(canvas.buffer_rgba()), partial)
            return
        options = cast("dict[str, Any]", {"format": suffix[1:], "metadata": _METADATA[suffix]})
        figure.savefig(partial, **options)


@contextmanager
def _appearing(path: Path) -> Generator[Path]:
    """Give a path to write to; what is there when all is written takes its place at once."""
    partial = partial_path(path)
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: can't be written: {reason}") from error
    finally:
        partial.unlink(missing_ok=True)


def _write_png(pixels: npt.NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    Image.fromarray(pixels[:, :, :3]).save(path, format="PNG")
