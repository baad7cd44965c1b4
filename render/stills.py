"""One moment of a film as a picture: PNG as the film has it, SVG and PDF with vectors.

In SVG and PDF, text, axes, points and the 0.5 line are vectors; the field is an image of the
frame's resolution. What only paints (isn't a :class:`~epochreel.render.panels.VectorDrawing`) is an
image in its place.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg

from epochreel.nn.errors import OutputError, unknown_name
from epochreel.render.film import Film
from epochreel.render.moments import moment_at
from epochreel.render.writers import STILLS
from epochreel.render.writers.atomic import partial_path, sync

__all__ = ["appearing", "png_bytes", "write_figure", "write_still"]

# without dates, and with names counted from a fixed start, bytes repeat
_METADATA: Mapping[str, Mapping[str, None]] = {
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


def write_still(film: Film, path: Path, *, at: str = "last") -> None:
    """Write one moment of a film as a picture.

    Parameters
    ----------
    film : Film
    path : Path
        Ends in ``.png``, ``.svg`` or ``.pdf``; its folder must exist. The same moment gives the
        same bytes.
    at : str
        Which moment; see :func:`~epochreel.render.moments.parse_at`.

    Raises
    ------
    InvalidInputError
        For an unknown ending, or a moment that isn't in the film.
    OutputError
        When the file can't be written.
    """
    suffix = still_suffix(path)
    index = moment_at(film, at)
    if suffix == ".png":
        with appearing(path) as partial:
            _write_png(film.frame(index).pixels, partial)
        return
    with film.style.context():
        write_figure(film.artists(index), path)


def png_bytes(film: Film, at: str = "last") -> bytes:
    """Draw one moment of a film, as :func:`write_still` does, and give the PNG's bytes."""
    stream = BytesIO()
    _write_png(film.frame(moment_at(film, at)).pixels, stream)
    return stream.getvalue()


def still_suffix(path: Path) -> str:
    """Give the ending of a still's file name, with its dot, in small letters.

    Raises
    ------
    InvalidInputError
        For an unknown one.
    """
    suffix = path.suffix.lower()
    if suffix not in STILLS:
        raise unknown_name(f"{path.name}: file name's ending", suffix, STILLS)
    return suffix


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
    suffix = still_suffix(path)
    mpl: Any = matplotlib
    fixed = {"svg.hashsalt": "epochreel", "pdf.fonttype": 42, "image.composite_image": False}
    with appearing(path) as partial, mpl.rc_context(fixed):
        if suffix == ".png":
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            _write_png(np.asarray(canvas.buffer_rgba()), partial)
            return
        options = cast("dict[str, Any]", {"format": suffix[1:], "metadata": _METADATA[suffix]})
        figure.savefig(partial, **options)


@contextmanager
def appearing(path: Path) -> Generator[Path]:
    """Give a path to write to; what is there when all is written takes its place at once."""
    partial = partial_path(path)
    try:
        yield partial
        sync(partial)
        os.replace(partial, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: can't be written: {reason}") from error
    finally:
        partial.unlink(missing_ok=True)


def _write_png(pixels: npt.NDArray[np.uint8], target: Path | BytesIO) -> None:
    from PIL import Image

    Image.fromarray(pixels[:, :, :3]).save(target, format="PNG")
